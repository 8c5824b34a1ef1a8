//! The one door for work beside the run loop: nothing is detached, nothing dies in silence.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::mpsc::Sender;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::event::Event;

/// Starts tasks and ends them. Cheap to clone; all clones are one.
#[derive(Clone, Debug)]
pub(crate) struct Tasks {
    events: Sender<Event>,
    stop: CancellationToken,
    running: TaskTracker,
}

impl Tasks {
    /// Failures are sent on `events`.
    pub(crate) fn new(events: Sender<Event>) -> Tasks {
        Tasks { events, stop: CancellationToken::new(), running: TaskTracker::new() }
    }

    /// Starts a task. Its error or its panic becomes an [`Event::TaskFailed`] under this name, the error with the
    /// outermost of its causes (the log has them all); its end without either is not reported. Started after
    /// [`Tasks::shutdown`], it ends before it begins.
    pub(crate) fn spawn(
        &self,
        name: impl Into<String>,
        work: impl Future<Output = anyhow::Result<()>> + Send + 'static,
    ) {
        let (name, events, stop) = (name.into(), self.events.clone(), self.stop.clone());
        let whole = async move {
            let Some(Some(why)) = stop.run_until_cancelled(outcome(&name, work)).await else { return };
            stop.run_until_cancelled(events.send(Event::TaskFailed { task: name, why })).await;
        };
        // Not only when polled next: a task that never yields is not begun at all.
        if !self.stop.is_cancelled() {
            self.running.spawn(whole);
        }
    }

    /// Ends all tasks where they next wait. False when some had not ended within the limit; they die with the runtime.
    pub(crate) async fn shutdown(&self, limit: Duration) -> bool {
        self.stop.cancel();
        self.running.close();
        tokio::time::timeout(limit, self.running.wait()).await.is_ok()
    }
}

/// True while a task started by [`Tasks`] runs on this thread: its panics are caught.
pub(crate) fn is_inside_task() -> bool {
    INSIDE.get()
}

thread_local! {
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Runs to its end; one sentence when that was an error or a panic.
async fn outcome(name: &str, work: impl Future<Output = anyhow::Result<()>> + Send) -> Option<String> {
    match (Guarded { work: Box::pin(work) }).await {
        Ok(Ok(())) => None,
        Ok(Err(error)) => {
            tracing::error!(task = name, error = format!("{error:#}"), "a task failed");
            Some(error.to_string())
        }
        Err(panic) => {
            tracing::error!(task = name, panic = panic_text(panic.as_ref()), "a task panicked");
            Some("a mistake in newstape; the log says where".into())
        }
    }
}

/// What a panic said.
fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("(no text)")
}

/// A future whose panic is its output.
struct Guarded<F> {
    work: Pin<Box<F>>,
}

impl<F: Future> Future for Guarded<F> {
    type Output = Result<F::Output, Box<dyn Any + Send>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        INSIDE.set(true);
        // It is never polled again after a panic.
        let polled = catch_unwind(AssertUnwindSafe(|| self.work.as_mut().poll(context)));
        INSIDE.set(false);
        match polled {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
            Err(panic) => Poll::Ready(Err(panic)),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::future::pending;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use anyhow::{Context as _, anyhow};
    use tokio::sync::mpsc::{self, Receiver};

    use super::*;

    const LIMIT: Duration = Duration::from_secs(2);

    fn tasks() -> (Tasks, Receiver<Event>) {
        let (sender, events) = mpsc::channel(8);
        (Tasks::new(sender), events)
    }

    async fn failure(events: &mut Receiver<Event>) -> (String, String) {
        match events.recv().await {
            Some(Event::TaskFailed { task, why }) => (task, why),
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn errors_and_panics_become_events() {
        let (tasks, mut events) = tasks();
        tasks.spawn("watch", async { Err(anyhow!("os error 28")).context("the folder can't be watched") });
        assert_eq!(failure(&mut events).await, ("watch".into(), "the folder can't be watched".into()));
        tasks.spawn("feed Desk", async {
            tokio::task::yield_now().await;
            assert!(is_inside_task());
            panic!("out of ink");
        });
        let (task, why) = failure(&mut events).await;
        assert_eq!((task.as_str(), why.contains("mistake in newstape")), ("feed Desk", true));
        assert!(!is_inside_task());
        tasks.spawn("well", async { Ok(()) });
        assert!(tasks.shutdown(LIMIT).await);
        assert!(events.try_recv().is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn shutdown_waits_no_longer_than_its_limit() {
        let (tasks, _events) = tasks();
        let stopped = tasks.stop.clone();
        tasks.running.spawn(async move {
            stopped.cancelled().await;
            pending::<()>().await;
        });
        let before = tokio::time::Instant::now();
        assert!(!tasks.shutdown(LIMIT).await);
        assert_eq!(before.elapsed(), LIMIT);
    }

    #[tokio::test]
    async fn a_full_channel_does_not_hold_up_the_end() {
        let (tasks, _events) = tasks();
        for number in 0..20 {
            tasks.spawn(format!("task {number}"), async { Err(anyhow!("no")) });
        }
        tokio::task::yield_now().await;
        assert!(tasks.shutdown(LIMIT).await);
    }

    #[tokio::test]
    async fn nothing_starts_after_the_end() {
        let (tasks, _events) = tasks();
        tasks.shutdown(LIMIT).await;
        let ran = Arc::new(AtomicBool::new(false));
        let mark = Arc::clone(&ran);
        tasks.spawn("late", async move {
            mark.store(true, Ordering::SeqCst);
            Ok(())
        });
        tokio::task::yield_now().await;
        assert!(!ran.load(Ordering::SeqCst));
    }
}
