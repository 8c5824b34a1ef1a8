//! Where state and world meet: the run loop with its clock, tasks, terminal and files.

pub mod day;
