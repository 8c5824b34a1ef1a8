//! What the system asks: to end, to stop, to go on.

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::event::Event;

/// SIGTERM, SIGHUP and SIGINT end the program as `q` does; SIGTSTP suspends it; SIGCONT draws again.
///
/// # Errors
/// When the system allows no handler.
#[cfg(unix)]
pub async fn listen(stop: CancellationToken, events: mpsc::Sender<Event>) -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut suspend = signal(SignalKind::from_raw(signal_hook::consts::SIGTSTP))?;
    let mut resume = signal(SignalKind::from_raw(signal_hook::consts::SIGCONT))?;
    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            _ = hang_up.recv() => break,
            _ = interrupt.recv() => break,
            _ = suspend.recv() => events.send(Event::SuspendAsked).await?,
            _ = resume.recv() => events.send(Event::Resumed).await?,
        }
    }
    stop.cancel();
    Ok(())
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
