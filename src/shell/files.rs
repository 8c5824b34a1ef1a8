//! Files of others, read within bounds: nothing that is asked to be a file makes newstape wait for ever, or holds more
//! memory than it may.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::path::Path;

/// More than any config, key or theme file has, in bytes.
pub(crate) const CONFIG_MAX: u64 = 4 << 20;

/// All of a regular file, or of a device as `/dev/null` is one. May wait for a disk or a network home, and so must not be
/// called where keys are handled.
///
/// # Errors
/// `InvalidInput` for a pipe or a socket, which could keep its reader waiting for ever; `FileTooLarge` for more than
/// `max` bytes.
pub(crate) fn read_regular(path: &Path, max: u64) -> io::Result<Vec<u8>> {
    let mut options = OpenOptions::new();
    options.read(true);
    // A pipe that nobody writes to would be waited for before it could be seen to be one.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, rustix::fs::OFlags::NONBLOCK.bits() as i32);
    let file = options.open(path)?;
    if is_pipe(&file)? {
        return Err(ErrorKind::InvalidInput.into());
    }
    read_capped(file, max)
}

#[cfg(unix)]
fn is_pipe(file: &File) -> io::Result<bool> {
    use std::os::unix::fs::FileTypeExt;

    let kind = file.metadata()?.file_type();
    Ok(kind.is_fifo() || kind.is_socket() || kind.is_block_device())
}

#[cfg(not(unix))]
fn is_pipe(_: &File) -> io::Result<bool> {
    Ok(false)
}

/// All that comes, up to a bound.
///
/// # Errors
/// `FileTooLarge` for more than `max` bytes.
pub(crate) fn read_capped(from: impl Read, max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // One byte more than may be tells that there is more.
    from.take(max + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > max { Err(ErrorKind::FileTooLarge.into()) } else { Ok(bytes) }
}

/// Why a file can't be read, as a clause.
pub(crate) fn why(kind: ErrorKind) -> String {
    match kind {
        ErrorKind::InvalidInput => "it is no regular file".to_owned(),
        ErrorKind::FileTooLarge => "it is too large".to_owned(),
        kind => kind.to_string(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_read_than_may_be() {
        assert_eq!(read_capped([7; 10].as_slice(), 10).unwrap(), [7; 10]);
        assert_eq!(read_capped([7; 11].as_slice(), 10).unwrap_err().kind(), ErrorKind::FileTooLarge);
        assert_eq!(read_capped(io::repeat(7), 10).unwrap_err().kind(), ErrorKind::FileTooLarge);
    }

    #[cfg(unix)]
    #[test]
    fn neither_a_pipe_nor_an_endless_device_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let kind = |path: &Path| read_regular(path, 100).map_err(|error| error.kind());
        assert_eq!(kind(&pipe), Err(ErrorKind::InvalidInput));
        assert_eq!(kind(Path::new("/dev/zero")), Err(ErrorKind::FileTooLarge));
        assert_eq!(kind(Path::new("/dev/null")), Ok(Vec::new()));
        assert_eq!(kind(folder.path()), Err(ErrorKind::IsADirectory));
        assert_eq!(kind(&folder.path().join("none")), Err(ErrorKind::NotFound));
    }
}
