//! Where state and world meet: the run loop with its clock, tasks, terminal and files.

pub(crate) mod alert_actions;
mod browser;
pub mod clock;
pub(crate) mod config_files;
pub(crate) mod files;
pub(crate) mod headless;
mod input;
pub(crate) mod live;
pub(crate) mod notify;
pub(crate) mod paths;
pub(crate) mod record;
pub mod recording;
pub mod replay;
pub(crate) mod run;
pub(crate) mod signals;
mod sources;
pub(crate) mod tasks;
pub(crate) mod terminal;
pub(crate) mod terminal_theme;
pub(crate) mod watch;
pub(crate) mod world;
