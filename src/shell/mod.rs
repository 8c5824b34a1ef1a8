//! Where state and world meet: the run loop with its clock, tasks, terminal and files.

pub mod alarm;
mod browser;
pub mod clock;
pub mod config_files;
pub mod day;
pub mod files;
pub mod headless;
mod input;
pub mod live;
pub mod looks;
pub mod notify;
pub mod places;
pub mod record;
pub mod replay;
pub mod run;
pub mod signals;
mod sources;
pub mod tasks;
pub mod terminal;
pub mod watch;
