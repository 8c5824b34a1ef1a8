//! The screen, live or of a recorded day.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::config_file::ConfigFile;
use super::{Done, Failure, Surroundings};
use crate::config::View;
use crate::shell::live::{Show, show};
use crate::shell::paths::{Paths, open_log};
use crate::shell::recording::Recording;
use crate::shell::replay::Plan;
use crate::shell::terminal;

/// `newstape` without a command; with a folder to record the day into.
pub(super) fn live(around: &Surroundings, record: Option<PathBuf>) -> Done {
    start(around, Show::Live { record })
}

/// A recorded day: nothing is asked of the network, nothing is kept.
pub(super) fn replayed(around: &Surroundings, day: Recording, plan: Plan) -> Done {
    start(around, Show::Replay { day, plan })
}

fn start(around: &Surroundings, what: Show) -> Done {
    let config = Arc::new(around.config()?);
    if !terminal::is_there()? {
        return Err(Failure::usage("the screen needs a terminal; `newstape --help` lists the commands that need none"));
    }
    if std::env::var_os("TERM").is_some_and(|kind| kind == "dumb") {
        return Err(Failure::usage(
            "the screen needs a terminal that can place text, and TERM=dumb says that this one cannot; \
             `newstape --help` lists the commands that need none",
        ));
    }
    start_log(&around.places);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|error| Failure::not_had(format!("the system gives no event loop: {error}")))?;
    let ended = runtime.block_on(show(config, &around.places, around.clock.clone(), what, save_view));
    runtime.shutdown_background();
    ended.map_err(Failure::from)
}

fn save_view(file: &Path, view: &View) -> Result<(), String> {
    let save = || -> Done {
        let mut file = ConfigFile::open(file)?;
        file.put_view(view)?;
        file.save()
    };
    // One line of the screen has no room for a drawing.
    save().map_err(|failure| failure.sentence.lines().next().unwrap_or_default().to_owned())
}

/// Log lines go to a file, never to the terminal. Without a place for it there is no log, and the screen goes on.
fn start_log(places: &Paths) {
    let Ok(file) = open_log(&places.log) else { return };
    let filter = tracing_subscriber::EnvFilter::try_from_env("NEWSTAPE_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn,newstape=info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(Mutex::new(file));
    let _ = log.try_init();
}
