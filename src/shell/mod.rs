//! Where state and world meet: the run loop with its clock, tasks, terminal and files.

pub mod alert_actions;
mod browser;
pub mod clock;
pub mod config_files;
pub mod files;
pub mod headless;
mod input;
pub mod live;
pub mod notify;
pub mod paths;
pub mod record;
pub mod recording;
pub mod replay;
pub mod run;
pub mod signals;
mod sources;
pub mod tasks;
pub mod terminal;
pub mod terminal_theme;
pub mod watch;
pub mod world;
