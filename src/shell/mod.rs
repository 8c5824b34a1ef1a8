//! Where state and world meet: the terminal, the tasks.

pub mod tasks;
pub mod terminal;
