//! Stopping as Ctrl-Z does.

use std::io;

/// Whether a shell waits that can continue what stops. It does where it made a process group for this job; a program
/// that leads the session (`foot -e newstape`, `ssh -t host newstape`) or was started in the group of its leader
/// (`sh -c newstape`) would only leave a dead window.
#[cfg(unix)]
pub(super) fn may_stop() -> bool {
    use rustix::process::{getpgrp, getppid, getsid};

    let has_parent = getppid().is_some_and(|parent| parent != rustix::process::Pid::INIT);
    has_parent && getsid(None).is_ok_and(|session| session != getpgrp())
}

/// Stops the whole group, as a terminal does: a script that started newstape would otherwise wait on, and the shell
/// with it. Returns when it is continued.
///
/// # Errors
/// When the system does not allow it.
#[cfg(unix)]
pub(super) fn stop() -> io::Result<()> {
    Ok(rustix::process::kill_current_process_group(rustix::process::Signal::STOP)?)
}

#[cfg(not(unix))]
pub(super) fn may_stop() -> bool {
    false
}

#[cfg(not(unix))]
pub(super) fn stop() -> io::Result<()> {
    Ok(())
}
