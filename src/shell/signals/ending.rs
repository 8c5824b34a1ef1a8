//! The end that the system asks for, and its limit.

use std::io;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::shell::terminal;

/// How long an end may take that the system asked for.
const LIMIT: Duration = Duration::from_millis(1_800);
/// How long giving the terminal back may take then: it may be the one that stands still.
const LEAVE_LIMIT: Duration = Duration::from_millis(100);
/// A signal that comes again so soon is the same one: `timeout` sends it to the program and then to its group.
const SAME: Duration = Duration::from_millis(100);

pub(super) fn watch(stop: CancellationToken) -> io::Result<()> {
    let mut wanted = vec![SIGTERM, SIGINT];
    if !is_ignored(SIGHUP) {
        wanted.push(SIGHUP);
    }
    let mut signals = Signals::new(wanted)?;
    let work = move || {
        // When one came first that asks to end, rather than tells that the terminal is gone.
        let mut asked: Option<Instant> = None;
        let mut is_limited = false;
        for signal in signals.forever() {
            if signal != SIGHUP {
                if asked.is_some_and(|asked| asked.elapsed() > SAME) {
                    die(signal);
                }
                asked.get_or_insert_with(Instant::now);
            }
            if !std::mem::replace(&mut is_limited, true) {
                limit(signal);
            }
            stop.cancel();
        }
    };
    thread::Builder::new().name("signals".into()).spawn(work)?;
    Ok(())
}

/// From now on the program has so long.
fn limit(signal: i32) {
    let work = move || {
        let (_nobody, end) = mpsc::channel::<()>();
        let _ = end.recv_timeout(LIMIT);
        die(signal);
    };
    // Without a thread there is no limit, and a second signal still ends it.
    let _ = thread::Builder::new().name("limit".into()).spawn(work);
}

/// Gives the terminal back and dies of the signal.
fn die(signal: i32) {
    let (done, left) = mpsc::channel();
    let leave = move || {
        terminal::leave();
        let _ = done.send(());
    };
    if thread::Builder::new().name("leave".into()).spawn(leave).is_ok() {
        let _ = left.recv_timeout(LEAVE_LIMIT);
    }
    let _ = emulate_default_handler(signal);
}

/// Whether whoever started the program wants a signal ignored. Only Linux says it without unsafe code.
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    ignored(&status).is_some_and(|mask| mask & (1 << (signal - 1)) != 0)
}

fn ignored(status: &str) -> Option<u64> {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
    u64::from_str_radix(mask.trim(), 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ignored_stands_in_a_mask() {
        let status = "Name:\tnewstape\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000001001\n";
        assert_eq!(ignored(status), Some(0x1001));
        assert_eq!(ignored(status).map(|mask| mask & (1 << (SIGHUP - 1))), Some(1), "SIGHUP");
        assert_eq!(ignored("Name:\tnewstape\n"), None);
    }
}
