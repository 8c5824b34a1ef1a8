//! Keys, mouse, paste, focus and size, as the terminal tells them. When the terminal is gone the stream ends.

use std::io;

use crossterm::event::Event as TerminalEvent;
use futures_util::Stream;
use tokio::sync::mpsc;

use crate::event::Event;

#[cfg(unix)]
mod parser;
#[cfg(unix)]
mod sequence;

/// What comes from the terminal, which standard input must be. What it says of its background is reported beside it.
///
/// # Errors
/// When the system gives no thread or no signal.
#[cfg(unix)]
pub(super) fn listen(
    events: mpsc::Sender<Event>,
) -> io::Result<impl Stream<Item = io::Result<TerminalEvent>> + Send + use<>> {
    use futures_util::stream;
    use parser::Input;
    use tokio::signal::unix::{SignalKind, signal};

    let (sender, inputs) = mpsc::channel(INPUTS_WAITING);
    std::thread::Builder::new().name("input".into()).spawn(move || read(&sender))?;
    let sizes = signal(SignalKind::window_change())?;
    Ok(stream::unfold((inputs, sizes, events), async |(mut inputs, mut sizes, events)| {
        loop {
            let next = tokio::select! {
                biased;
                input = inputs.recv() => match input? {
                    Input::Event(event) => Some(event),
                    Input::Background { light } => {
                        // A full queue has more to do than to change colours; the next answer will find it idle.
                        let _ = events.try_send(Event::Background { light });
                        None
                    }
                },
                Some(()) = sizes.recv() => {
                    super::terminal::size().ok().map(|size| TerminalEvent::Resize(size.width, size.height))
                }
            };
            if let Some(event) = next {
                return Some((Ok(event), (inputs, sizes, events)));
            }
        }
    }))
}

#[cfg(not(unix))]
pub fn listen(_: mpsc::Sender<Event>) -> io::Result<impl Stream<Item = io::Result<TerminalEvent>>> {
    Ok(crossterm::event::EventStream::new())
}

/// Keys that wait for the loop; the terminal keeps those behind them.
#[cfg(unix)]
const INPUTS_WAITING: usize = 256;

/// Reads the terminal until it is gone or nobody listens any more. A thread of its own, because a terminal is the one
/// thing that not every system can be asked to tell of beside other things (kqueue), and so that a loop that is busy
/// does not keep it from being noticed that the terminal is gone.
#[cfg(unix)]
fn read(inputs: &mpsc::Sender<parser::Input>) {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::io::Errno;

    let terminal = io::stdin();
    let mut parser = parser::Parser::default();
    let mut bytes = [0; 4096];
    loop {
        let patience = parser.patience().and_then(|wait| Timespec::try_from(wait).ok());
        let mut asked = [PollFd::new(&terminal, PollFlags::IN)];
        let found = match poll(&mut asked, patience.as_ref()) {
            Ok(0) => parser.pause(),
            // A hang-up, too, shows in reading.
            Ok(_) => match rustix::io::read(&terminal, &mut bytes) {
                Ok(0) => return,
                Ok(count) => parser.take(&bytes[..count]),
                Err(Errno::INTR | Errno::AGAIN) => continue,
                Err(_) => return,
            },
            Err(Errno::INTR) => continue,
            Err(_) => return,
        };
        if found.into_iter().any(|input| inputs.blocking_send(input).is_err()) {
            return;
        }
    }
}
