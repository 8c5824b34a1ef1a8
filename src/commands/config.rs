//! `newstape config`: a commented default, what is in force, and where.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::Path;

use clap::{Args, Subcommand};

use super::{Done, Failure, Surroundings, complain, in_words, out};
use crate::config;
use crate::shell::paths::create_private_folder;

#[derive(Debug, Args)]
pub(super) struct ConfigCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Write the commented default to the config file, if there is none yet
    Init,
    /// Print what is in force: the shipped settings with the config file laid over (keys of services masked)
    Print,
    /// Print where the config file is looked for
    Path,
}

impl ConfigCommand {
    pub(super) fn run(self, around: &Surroundings) -> Done {
        let path = &around.places.config;
        let mut out = out();
        match self.what {
            What::Path => writeln!(out, "{}", path.display())?,
            What::Print => {
                let config = around.config()?;
                for warning in &config.warnings {
                    complain(warning);
                }
                write!(out, "{}", config.print())?;
            }
            What::Init => {
                init(path)?;
                writeln!(out, "wrote {}", path.display())?;
            }
        }
        Ok(())
    }
}

/// Never over a file that is there.
fn init(path: &Path) -> Done {
    let failed = |error: std::io::Error| match error.kind() {
        ErrorKind::AlreadyExists => Failure::not_had(format!(
            "{} is there already and was left as it is; newstape config print shows what is in force",
            path.display()
        )),
        _ => Failure::not_had(format!("{} could not be written: {}", path.display(), in_words(&error))),
    };
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        create_private_folder(folder).map_err(failed)?;
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(failed)?;
    file.write_all(config::init_text().as_bytes()).map_err(failed)
}
