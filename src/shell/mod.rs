//! Where state and world meet: the run loop with its clock, tasks, terminal and files.

pub mod clock;
pub mod day;
pub mod live;
pub mod looks;
pub mod places;
pub mod replay;
pub mod run;
pub mod signals;
pub mod tasks;
pub mod terminal;
pub mod watch;
