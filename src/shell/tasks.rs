//! The one door for tasks: what runs beside the loop is started here, and its error and its panic become an event.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::event::Event;

/// Starts tasks, and ends them all. Clones share the same tasks.
#[derive(Clone, Debug)]
pub struct Tasks {
    events: mpsc::Sender<Event>,
    stop: CancellationToken,
    running: TaskTracker,
}

impl Tasks {
    /// Failures are sent to `events`.
    pub fn new(events: mpsc::Sender<Event>) -> Tasks {
        Tasks { events, stop: CancellationToken::new(), running: TaskTracker::new() }
    }

    /// Starts a task; it ends by itself, or with [`Tasks::shutdown`] at its next point of waiting.
    #[expect(clippy::disallowed_methods, reason = "this is the one door for tasks")]
    pub fn spawn(&self, name: &str, work: impl Future<Output = anyhow::Result<()>> + Send + 'static) {
        let (name, events, stop) = (name.to_owned(), self.events.clone(), self.stop.clone());
        let task = async move {
            let ended = tokio::select! {
                () = stop.cancelled() => return,
                ended = AssertUnwindSafe(work).catch_unwind() => ended,
            };
            let why = match ended {
                Ok(Ok(())) => return,
                Ok(Err(error)) => error.to_string(),
                Err(_) => "a fault in newstape; the log has the details".to_owned(),
            };
            tracing::error!(task = name, why, "a task failed");
            // Nobody listens any more when the program is ending.
            let _ = events.send(Event::TaskFailed { task: name, why }).await;
        };
        tokio::spawn(self.running.track_future(task));
    }

    /// Cancels every task and waits for them, at most so long.
    pub async fn shutdown(&self, limit: Duration) {
        self.stop.cancel();
        self.running.close();
        let _ = tokio::time::timeout(limit, self.running.wait()).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn errors_and_panics_become_events_and_the_rest_goes_on() {
        let (events, mut inbox) = mpsc::channel(4);
        let tasks = Tasks::new(events);
        tasks.spawn("failing", async { anyhow::bail!("the disk is full") });
        let first = inbox.recv().await;
        assert!(
            matches!(first, Some(Event::TaskFailed { task, why }) if task == "failing" && why == "the disk is full")
        );
        tasks.spawn("broken", async { panic!("out of luck") });
        let second = inbox.recv().await;
        assert!(matches!(second, Some(Event::TaskFailed { task, .. }) if task == "broken"));
    }

    #[tokio::test(start_paused = true)]
    async fn shutdown_ends_what_would_never_end() {
        let (events, _inbox) = mpsc::channel(4);
        let tasks = Tasks::new(events);
        tasks.spawn("endless", std::future::pending());
        tasks.shutdown(Duration::from_secs(2)).await;
        assert_eq!(tasks.running.len(), 0);
    }
}
