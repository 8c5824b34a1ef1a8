//! Where the data stands: the folder, the lock that says who owns it, and what becomes of a broken file.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags};

use super::{StoreError, schema};

const DATABASE: &str = "newstape.db";
const LOCK: &str = "newstape.lock";
/// What SQLite keeps beside a database.
const COMPANIONS: [&str; 3] = ["", "-wal", "-shm"];

/// What may be done with the data.
#[derive(Debug)]
pub(super) enum Access {
    /// Ours; the lock is held as long as this lives.
    Owner { _lock: File, file: Option<Identity> },
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
    /// The damaged database that was moved aside on the way.
    pub broken: Option<PathBuf>,
}

/// What tells a file from another one that has its name: device and inode.
pub(super) type Identity = (u64, u64);

impl Opened {
    /// The database that is written to does not stand in its folder any more.
    pub(super) fn is_gone(&self, dir: &Path) -> bool {
        matches!(&self.access, Access::Owner { file: Some(file), .. } if identity(dir) != Some(*file))
    }
}

#[cfg(unix)]
fn identity(dir: &Path) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt;
    let file = fs::metadata(dir.join(DATABASE)).ok()?;
    Some((file.dev(), file.ino()))
}

/// No inodes: and files that are open can't be removed.
#[cfg(not(unix))]
fn identity(_: &Path) -> Option<Identity> {
    None
}

/// The file of the database in a folder.
pub(super) fn database(dir: &Path) -> PathBuf {
    dir.join(DATABASE)
}

/// Opens the data in a folder, or a scratch in memory. Only fails when there is no memory either.
pub(super) fn open(dir: Option<&Path>, now: Timestamp) -> Result<Opened, StoreError> {
    let Some(dir) = dir else { return scratch(None) };
    let lock = match own(dir) {
        Ok(Some(lock)) => lock,
        Ok(None) => return open_beside(dir),
        Err(error) => return open_unwritable(dir, &error),
    };
    open_locked(dir, lock, now)
}

/// The data of another newstape, once that one has ended.
pub(super) fn take_over(dir: &Path, now: Timestamp) -> Option<Result<Opened, StoreError>> {
    let lock = own(dir).ok().flatten()?;
    Some(open_locked(dir, lock, now))
}

fn open_locked(dir: &Path, lock: File, now: Timestamp) -> Result<Opened, StoreError> {
    let (connection, broken) = match open_owned(dir) {
        Err(error) if error.is_damage() => match set_aside(dir, now) {
            Some(broken) => (open_owned(dir), Some(broken)),
            None => (Err(StoreError::Unwritable), None),
        },
        other => (other, None),
    };
    match connection {
        Ok(connection) => {
            let access = Access::Owner { _lock: lock, file: identity(dir) };
            let trouble = broken.as_deref().map(damaged);
            Ok(Opened { connection, access, trouble, broken })
        }
        Err(error) => scratch(Some(unusable(&error))),
    }
}

/// What is said of a database that was moved aside.
pub(super) fn damaged(broken: &Path) -> String {
    let name = broken.file_name().unwrap_or_default().display();
    format!("The stored data was damaged: it is kept as {name}, and a new store was begun.")
}

/// Writes what an open connection still reads into the folder, whose database was removed. Nothing is written over.
pub(super) fn write_anew(connection: &Connection, dir: &Path) -> Result<(), StoreError> {
    let path = dir.join(DATABASE);
    make_folder(dir).map_err(|_| StoreError::Unwritable)?;
    if path.exists() {
        return Ok(());
    }
    // Of the removed one: they would be read with the new one.
    for companion in &COMPANIONS[1..] {
        fs::remove_file(dir.join(format!("{DATABASE}{companion}"))).ok();
    }
    owner_only(&path).map_err(|_| StoreError::Unwritable)?;
    let written = connection.execute("VACUUM INTO ?1", [path.to_string_lossy()]);
    if written.is_err() {
        fs::remove_file(&path).ok();
    }
    Ok(written.map(drop)?)
}

/// A connection for reading, beside a running newstape or without one. None when nothing was ever stored.
pub(super) fn open_reading(dir: &Path) -> Result<Option<Connection>, StoreError> {
    let path = dir.join(DATABASE);
    if !path.exists() {
        return Ok(None);
    }
    let connection = match read_only(&path) {
        Err(StoreError::Older) => bring_up_to_date(dir)?,
        other => other?,
    };
    Ok(Some(connection))
}

/// Looks through the whole database.
pub(super) fn is_damaged(dir: &Path) -> Result<bool, StoreError> {
    let sound = read_only(&dir.join(DATABASE)).and_then(|connection| {
        // Every page is read once.
        connection.execute_batch("PRAGMA cache_size = -128")?;
        Ok(schema::is_sound(&connection)?)
    });
    match sound {
        Ok(sound) => Ok(!sound),
        Err(trouble) if trouble.is_damage() => Ok(true),
        Err(trouble) => Err(trouble),
    }
}

/// Moves a broken database out of the way: where it is kept. None when it can't be moved.
pub(super) fn set_aside(dir: &Path, now: Timestamp) -> Option<PathBuf> {
    let name = format!("{DATABASE}.broken-{}", now.as_second());
    for companion in COMPANIONS {
        let from = dir.join(format!("{DATABASE}{companion}"));
        if let Err(error) = fs::rename(&from, dir.join(format!("{name}{companion}")))
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::error!(%error, file = %from.display(), "a broken database could not be moved aside");
            return None;
        }
    }
    tracing::error!(kept_as = %name, "the stored data was damaged");
    Some(dir.join(name))
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

fn open_owned(dir: &Path) -> Result<Connection, StoreError> {
    let path = dir.join(DATABASE);
    // Made before SQLite sees it, which gives the files beside it the same rights.
    owner_only(&path).map_err(|_| StoreError::Unwritable)?;
    let mut connection = Connection::open(&path)?;
    schema::prepare(&mut connection)?;
    Ok(connection)
}

fn open_beside(dir: &Path) -> Result<Opened, StoreError> {
    match read_only(&dir.join(DATABASE)) {
        Ok(connection) => Ok(Opened { connection, access: Access::ReadOnly, trouble: None, broken: None }),
        Err(error) => {
            tracing::warn!(%error, "nothing can be read beside the other newstape");
            Ok(Opened { access: Access::ReadOnly, ..scratch(None)? })
        }
    }
}

fn open_unwritable(dir: &Path, error: &io::Error) -> Result<Opened, StoreError> {
    tracing::error!(%error, dir = %dir.display(), "the data folder can't be written");
    let trouble = Some(unusable(&StoreError::Unwritable));
    match read_only(&dir.join(DATABASE)) {
        Ok(connection) => Ok(Opened { connection, access: Access::Scratch, trouble, broken: None }),
        Err(_) => scratch(trouble),
    }
}

pub(super) fn scratch(trouble: Option<String>) -> Result<Opened, StoreError> {
    let mut connection = Connection::open_in_memory()?;
    schema::prepare(&mut connection)?;
    Ok(Opened { connection, access: Access::Scratch, trouble, broken: None })
}

pub(super) fn read_only(path: &Path) -> Result<Connection, StoreError> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    schema::prepare_reading(&connection)?;
    Ok(connection)
}

/// Tables of an older newstape, read by a command before the screen was ever started.
fn bring_up_to_date(dir: &Path) -> Result<Connection, StoreError> {
    match own(dir) {
        Ok(Some(_lock)) => open_owned(dir),
        _ => Err(StoreError::Older),
    }
}

pub(super) fn unusable(trouble: &StoreError) -> String {
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
