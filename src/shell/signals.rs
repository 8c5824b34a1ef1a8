//! What the system asks: to end, to stop, to go on.

use std::io;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::event::Event;

#[cfg(unix)]
mod ending;

/// SIGTERM, SIGHUP and SIGINT end the program as `q` does. Whatever holds that up, it is over within two seconds, and at
/// once when SIGTERM or SIGINT comes again: then the program dies of the signal, after giving the terminal back.
/// A SIGHUP that whoever started the program wants ignored (`nohup`) is left alone.
///
/// Watched for on a thread of its own, since what holds the end up may be the very thread that ends it: a terminal that
/// takes no output, a disk that stands still.
///
/// # Errors
/// When the system allows no handler.
pub(crate) fn end_on_demand(stop: CancellationToken) -> io::Result<()> {
    #[cfg(unix)]
    ending::watch(stop)?;
    #[cfg(not(unix))]
    drop(stop);
    Ok(())
}

/// SIGTSTP suspends the program; SIGCONT draws again.
///
/// # Errors
/// When the system allows no handler.
#[cfg(unix)]
pub(crate) async fn listen(_stop: CancellationToken, events: mpsc::Sender<Event>) -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut suspend = signal(SignalKind::from_raw(signal_hook::consts::SIGTSTP))?;
    let mut resume = signal(SignalKind::from_raw(signal_hook::consts::SIGCONT))?;
    loop {
        tokio::select! {
            _ = suspend.recv() => events.send(Event::SuspendAsked).await?,
            _ = resume.recv() => events.send(Event::Resumed).await?,
        }
    }
}

/// Ctrl-C ends the program.
///
/// # Errors
/// When the system allows no handler.
#[cfg(not(unix))]
pub async fn listen(stop: CancellationToken, _events: mpsc::Sender<Event>) -> anyhow::Result<()> {
    tokio::signal::ctrl_c().await?;
    stop.cancel();
    Ok(())
}
