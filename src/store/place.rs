//! Where the data stands: the folder, the lock that says who owns it, and what becomes of a broken file.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags};

use super::{Trouble, schema};

const DATABASE: &str = "newstape.db";
const LOCK: &str = "newstape.lock";
/// What SQLite keeps beside a database.
const COMPANIONS: [&str; 3] = ["", "-wal", "-shm"];

/// What may be done with the data.
#[derive(Debug)]
pub(super) enum Access {
    /// Ours; the lock is held as long as this lives.
    Owner { _lock: File },
    /// Another newstape's.
    ReadOnly,
    /// In memory only.
    Scratch,
}

/// A database ready for use, whatever it took.
#[derive(Debug)]
pub(super) struct Opened {
    pub connection: Connection,
    pub access: Access,
    /// One sentence on what went wrong on the way.
    pub trouble: Option<String>,
}

/// The file of the database in a folder.
pub(super) fn database(dir: &Path) -> PathBuf {
    dir.join(DATABASE)
}

/// Opens the data in a folder, or a scratch in memory. Only fails when there is no memory either.
pub(super) fn open(dir: Option<&Path>, now: Timestamp) -> Result<Opened, Trouble> {
    let Some(dir) = dir else { return scratch(None) };
    let lock = match own(dir) {
        Ok(Some(lock)) => lock,
        Ok(None) => return open_beside(dir),
        Err(error) => return open_unwritable(dir, &error),
    };
    let (connection, trouble) = match open_owned(dir) {
        Ok(connection) => (connection, None),
        Err(error) if error.is_damage() => {
            let sentence = set_aside(dir, now);
            match open_owned(dir) {
                Ok(connection) => (connection, Some(sentence)),
                Err(error) => return scratch(Some(unusable(&error))),
            }
        }
        Err(error) => return scratch(Some(unusable(&error))),
    };
    Ok(Opened { connection, access: Access::Owner { _lock: lock }, trouble })
}

/// A connection for reading, beside a running newstape or without one. None when nothing was ever stored.
pub(super) fn open_reading(dir: &Path) -> Result<Option<Connection>, Trouble> {
    let path = dir.join(DATABASE);
    if !path.exists() {
        return Ok(None);
    }
    let connection = match read_only(&path) {
        Err(Trouble::Older) => bring_up_to_date(dir)?,
        other => other?,
    };
    Ok(Some(connection))
}

/// Looks through the whole database.
pub(super) fn is_damaged(dir: &Path) -> Result<bool, Trouble> {
    let sound = read_only(&dir.join(DATABASE)).and_then(|connection| Ok(schema::is_sound(&connection)?));
    match sound {
        Ok(sound) => Ok(!sound),
        Err(trouble) if trouble.is_damage() => Ok(true),
        Err(trouble) => Err(trouble),
    }
}

/// Moves a broken database out of the way; the sentence says where it is kept.
pub(super) fn set_aside(dir: &Path, now: Timestamp) -> String {
    let name = format!("{DATABASE}.broken-{}", now.as_second());
    for companion in COMPANIONS {
        let from = dir.join(format!("{DATABASE}{companion}"));
        if let Err(error) = fs::rename(&from, dir.join(format!("{name}{companion}")))
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::error!(%error, file = %from.display(), "a broken database could not be moved aside");
        }
    }
    format!("The stored data was damaged: it is kept as {name}, and a new store was begun.")
}

/// The folder's lock; None when another newstape holds it.
fn own(dir: &Path) -> io::Result<Option<File>> {
    make_folder(dir)?;
    let lock = owner_only(&dir.join(LOCK))?;
    match lock.try_lock() {
        Ok(()) => Ok(Some(lock)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => {
            tracing::warn!(%error, "this file system has no locks; a second newstape would not be noticed");
            Ok(Some(lock))
        }
    }
}

fn open_owned(dir: &Path) -> Result<Connection, Trouble> {
    let path = dir.join(DATABASE);
    // Made before SQLite sees it, which gives the files beside it the same rights.
    owner_only(&path).map_err(|_| Trouble::Unwritable)?;
    let mut connection = Connection::open(&path)?;
    schema::prepare(&mut connection)?;
    Ok(connection)
}

fn open_beside(dir: &Path) -> Result<Opened, Trouble> {
    match read_only(&dir.join(DATABASE)) {
        Ok(connection) => Ok(Opened { connection, access: Access::ReadOnly, trouble: None }),
        Err(error) => {
            tracing::warn!(%error, "nothing can be read beside the other newstape");
            Ok(Opened { access: Access::ReadOnly, ..scratch(None)? })
        }
    }
}

fn open_unwritable(dir: &Path, error: &io::Error) -> Result<Opened, Trouble> {
    tracing::error!(%error, dir = %dir.display(), "the data folder can't be written");
    let trouble = Some(unusable(&Trouble::Unwritable));
    match read_only(&dir.join(DATABASE)) {
        Ok(connection) => Ok(Opened { connection, access: Access::Scratch, trouble }),
        Err(_) => scratch(trouble),
    }
}

pub(super) fn scratch(trouble: Option<String>) -> Result<Opened, Trouble> {
    let mut connection = Connection::open_in_memory()?;
    schema::prepare(&mut connection)?;
    Ok(Opened { connection, access: Access::Scratch, trouble })
}

fn read_only(path: &Path) -> Result<Connection, Trouble> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    schema::prepare_reading(&connection)?;
    Ok(connection)
}

/// Tables of an older newstape, read by a command before the screen was ever started.
fn bring_up_to_date(dir: &Path) -> Result<Connection, Trouble> {
    match own(dir) {
        Ok(Some(_lock)) => open_owned(dir),
        _ => Err(Trouble::Older),
    }
}

fn unusable(trouble: &Trouble) -> String {
    format!("The store can't be used: {trouble}. Nothing is saved until newstape is started again.")
}

/// A folder that is already there keeps the rights it has: it may be the user's own.
fn make_folder(dir: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

fn owner_only(path: &PathBuf) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        if file.metadata()?.permissions().mode() & 0o077 != 0 {
            file.set_permissions(fs::Permissions::from_mode(0o600))?;
        }
    }
    Ok(file)
}
