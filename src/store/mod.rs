//! What is kept across restarts: SQLite, owned by one thread.
//!
//! Everything put in is saved within 250 ms unless the disk stands still, and survives a killed process. The rest of
//! the program never waits for the disk: [`Store::carry_out`] puts in memory and returns, and what the store has to
//! say comes as events. An error becomes one sentence and never ends the program.

mod in_parts;
mod inbox;
mod place;
mod read;
mod reader;
mod salvage;
mod schema;
mod search;
mod store_thread;
mod write;

use std::io;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::ErrorCode;
use tokio::sync::mpsc::Sender;
use tokio::sync::watch;

use crate::domain::analysis::Stamp;
use crate::event::{Clock, Event, StoreEffect};
use inbox::Inbox;
use store_thread::StoreThread;

pub use reader::{Candidates, Reader, Stories};
pub use salvage::readable_stories;

/// How long a store that is dropped without being closed may take to save what waits.
const CLOSE_LIMIT: Duration = Duration::from_secs(2);

/// Saves and loads on a thread of its own, called `store`.
#[derive(Debug)]
pub struct Store {
    inbox: Arc<Inbox>,
}

impl Store {
    /// Opens the data in `dir`, which is made when it is missing (owner-only); None is a scratch in memory, for what
    /// must leave nothing behind. Returns at once; the file is opened on the thread.
    ///
    /// Unstarred stories first seen longer than `keep` ago are removed, once at the start and once a day. What is now is
    /// the clock's time, but not later than the feeds' latest stories.
    ///
    /// Sends on `events`, and never waits there:
    /// - [`Event::Loaded`] after [`Store::load`]; and for stories that are saved as new but were stored before (older
    ///   than the window that was loaded, or pruned), with the time they were first seen and their marks;
    /// - [`Event::Counted`] after [`StoreEffect::Recount`], page by page;
    /// - [`Event::Found`] after [`StoreEffect::Search`] and [`StoreEffect::SearchMore`], a page for each;
    /// - [`Event::Saved`] after each commit, with the clock's time before which everything is saved. Not from a scratch;
    /// - [`Event::StoreTrouble`] when something can't be read or saved, once for each kind;
    /// - [`Event::StoreReplaced`] when the data was damaged or removed and a new store was begun.
    ///
    /// When another newstape owns `dir`, this one reads, says so in [`crate::event::Loaded::read_only`], and saves
    /// nothing; marks are kept in memory. Once the other one has ended this one takes over: it sends what is stored as
    /// [`Event::Loaded`] again, then [`Event::StoreTaken`], and saves from then on.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn open(dir: Option<&Path>, keep: Duration, events: Sender<Event>, clock: Clock) -> io::Result<Store> {
        let inbox = Arc::new(Inbox::default());
        let (dir, of_thread) = (dir.map(Path::to_owned), Arc::clone(&inbox));
        let work = move || {
            let outcome = keep_store(dir, keep, &events, clock, &of_thread);
            of_thread.deafen();
            if let Err(sentence) = &outcome {
                events.try_send(Event::StoreTrouble(sentence.clone())).ok();
            }
            of_thread.end(outcome);
        };
        std::thread::Builder::new().name("store".into()).spawn(work)?;
        Ok(Store { inbox })
    }

    /// Whether anything was ever stored in a folder.
    pub fn is_there(dir: &Path) -> bool {
        place::database(dir).exists()
    }

    /// Takes in what is to be saved or looked for, without ever waiting.
    pub fn carry_out(&self, effect: StoreEffect) {
        self.inbox.put(effect);
    }

    /// True while so many stories wait to be saved that no more should be sent.
    pub fn full(&self) -> watch::Receiver<bool> {
        self.inbox.full()
    }

    /// Asks for the newest `window` stories and all the rest, as [`Event::Loaded`] in parts; the last says `done`.
    /// With them come their analyses of this stamp.
    pub fn load(&self, window: u32, stamp: Stamp) {
        self.carry_out(StoreEffect::Load { window, stamp });
    }

    /// Saves what waits and ends the thread. Blocks for at most `limit`.
    ///
    /// # Errors
    /// One sentence, when not everything could be saved.
    pub fn close(&self, limit: Duration) -> Result<(), String> {
        self.inbox.close();
        let late = || Err("The disk is too slow: the last changes may not be saved.".into());
        self.inbox.wait_for_end(limit).unwrap_or_else(late)
    }
}

/// The whole life of the thread; a panic becomes a sentence.
fn keep_store(
    dir: Option<PathBuf>,
    keep: Duration,
    events: &Sender<Event>,
    clock: Clock,
    inbox: &Arc<Inbox>,
) -> Result<(), String> {
    let work = || {
        let keeper = StoreThread::new(dir, keep, events.clone(), clock, Arc::clone(inbox));
        keeper.map_err(|trouble| format!("The store can't be used: {trouble}. Nothing is saved."))?.run()
    };
    std::panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        Err("The store stopped by a mistake of its own. Nothing is saved until newstape is started again.".into())
    })
}

impl Drop for Store {
    fn drop(&mut self) {
        if let Err(sentence) = self.close(CLOSE_LIMIT) {
            tracing::error!("{sentence}");
        }
    }
}

/// Why the stored data can't be used. `Display` is one plain clause.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Its schema is of a later version than this program knows.
    #[error("it was written by a newer newstape")]
    Newer,
    /// It needs an upgrade, which is not possible now.
    #[error("it was written by an older newstape, which still runs or whose folder can't be written")]
    Older,
    /// The folder or a file in it is read-only.
    #[error("its folder can't be written")]
    Unwritable,
    /// A test write read back differently.
    #[error("what is written to this disk comes back damaged")]
    Unsteady,
    /// SQLite failed.
    #[error("{}", explain(.0))]
    Sqlite(#[from] rusqlite::Error),
}

impl StoreError {
    /// The file itself is broken.
    fn is_damage(&self) -> bool {
        let StoreError::Sqlite(error) = self else { return false };
        matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
    }
}

fn explain(error: &rusqlite::Error) -> &'static str {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => "the disk is full",
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => "another program holds it locked",
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => "its file can't be written",
        Some(ErrorCode::SystemIoFailure) => "the disk reports an error",
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => "its file is damaged",
        _ => "of an unexpected error, which is in the log",
    }
}

#[cfg(test)]
mod tests;
