//! The whole program in a pseudo-terminal, with a home of its own, and servers for it to ask.
//!
//! Nothing here sleeps: whoever waits, waits for a condition, and is told what the screen showed when it never came.
#![allow(dead_code, reason = "every test binary uses its part")]
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests: real threads around a real program")]

pub(crate) mod server;
mod terminal;

use std::path::{Path, PathBuf};
use std::time::Duration;

#[allow(unused_imports, reason = "every test binary uses its part")]
pub(crate) use terminal::{Terminal, View, look_until};

/// How long anything may take. Generous: a slow machine is no failure, and what works does not wait.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

/// A home folder that vanishes with the test.
pub(crate) struct Home(tempfile::TempDir);

impl Home {
    pub(crate) fn new() -> Home {
        Home(tempfile::tempdir().unwrap())
    }

    /// One with a config file.
    pub(crate) fn with_config(text: &str) -> Home {
        let home = Home::new();
        home.write_config(text);
        home
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.path().join("config/newstape/config.toml")
    }

    /// As editors do it: a new file beside the old one, then put in its place.
    pub(crate) fn write_config(&self, text: &str) {
        let file = self.config();
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        let new = file.with_extension("toml.new");
        std::fs::write(&new, text).unwrap();
        std::fs::rename(new, file).unwrap();
    }

    /// What the program finds in its environment, all of it.
    pub(crate) fn environment(&self) -> Vec<(&'static str, PathBuf)> {
        let mut variables = vec![
            ("HOME", self.path().to_path_buf()),
            ("XDG_CONFIG_HOME", self.path().join("config")),
            ("XDG_DATA_HOME", self.path().join("data")),
            ("XDG_STATE_HOME", self.path().join("state")),
            ("XDG_CACHE_HOME", self.path().join("cache")),
            ("TERM", "xterm-256color".into()),
            ("TZ", "UTC".into()),
        ];
        variables.extend(std::env::var_os("PATH").map(|path| ("PATH", path.into())));
        variables
    }
}
