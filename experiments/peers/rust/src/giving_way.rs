//! Ways of a task to let others run. Tokio's own yield_now wakes its task only at the next look at the driver, which is
//! that task's price too; a task that wakes itself goes straight back into the queue.
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::task::yield_now;

/// Gives way once, by waking itself.
#[derive(Default)]
pub struct GiveWay {
    given: bool,
}

impl Future for GiveWay {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.given {
            return Poll::Ready(());
        }
        self.given = true;
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

/// Whether and how a task suspends while it holds what others want.
#[derive(Clone, Copy)]
pub enum Suspension {
    Never,
    ByYieldNow,
    ByWaker,
}

impl Suspension {
    /// That of an operation's name and the rest of the name: "mutex_contended_suspended_waker" is ByWaker.
    pub fn of(name: &str) -> (&str, Suspension) {
        if let Some(rest) = name.strip_suffix("_suspended_waker") {
            (rest, Suspension::ByWaker)
        } else if let Some(rest) = name.strip_suffix("_suspended") {
            (rest, Suspension::ByYieldNow)
        } else {
            (name, Suspension::Never)
        }
    }

    pub async fn suspend(self) {
        match self {
            Suspension::Never => {}
            Suspension::ByYieldNow => yield_now().await,
            Suspension::ByWaker => GiveWay::default().await,
        }
    }
}
