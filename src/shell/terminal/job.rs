//! Stopping as Ctrl-Z does.

use std::io;
#[cfg(unix)]
use std::time::Duration;

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
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    let continued = Arc::new(AtomicBool::new(false));
    let handler = signal_hook::flag::register(signal_hook::consts::SIGCONT, Arc::clone(&continued))?;
    rustix::process::kill_current_process_group(rustix::process::Signal::STOP)?;
    // Another thread may be the one that gets the signal: this one must not take the terminal before all of them stand.
    for _ in 0..STOPS_WITHIN.as_millis() {
        if continued.load(Ordering::SeqCst) {
            break;
        }
        std::thread::park_timeout(Duration::from_millis(1));
    }
    signal_hook::low_level::unregister(handler);
    Ok(())
}

/// How long to wait for the process to stop after SIGTSTP. If it is still running then, nothing stopped it.
#[cfg(unix)]
const STOPS_WITHIN: Duration = Duration::from_secs(1);

#[cfg(not(unix))]
pub(super) fn may_stop() -> bool {
    false
}

#[cfg(not(unix))]
pub(super) fn stop() -> io::Result<()> {
    Ok(())
}
