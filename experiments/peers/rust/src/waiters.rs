//! What beginning to wait takes of the heap: tasks that exist wait for a mutex, a semaphore, a channel and a notify.
use crate::counting::{self, Allocated};
use crate::print;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use tokio::sync::{mpsc, Mutex, Notify, Semaphore};
use tokio::task::yield_now;

#[derive(Default)]
struct Phase {
    gate: Notify,
    ready: AtomicU64,
    begun: AtomicU64,
}

// Tasks that stand at a gate, are let through and each begin one wait; then they are released. Counted is from the gate
// until all wait: with one worker, who has begun has run on into its wait.
async fn phase<Wait, Waits, Release>(count: u64, wait: Wait, release: Release) -> (u64, Allocated)
where
    Wait: Fn() -> Waits,
    Waits: Future<Output = ()> + Send + 'static,
    Release: Future<Output = ()>,
{
    let at = Arc::new(Phase::default());
    let tasks: Vec<_> = (0..count)
        .map(|_| {
            let (at, wait) = (at.clone(), wait());
            tokio::spawn(async move {
                at.ready.fetch_add(1, Ordering::Relaxed);
                at.gate.notified().await;
                at.begun.fetch_add(1, Ordering::Relaxed);
                wait.await;
                1
            })
        })
        .collect();
    while at.ready.load(Ordering::Relaxed) < count {
        yield_now().await;
    }
    counting::begin();
    at.gate.notify_waiters();
    while at.begun.load(Ordering::Relaxed) < count {
        yield_now().await;
    }
    let allocated = counting::end();
    release.await;
    let mut ended = 0;
    for one in tasks {
        ended += one.await.unwrap();
    }
    (ended, allocated)
}

async fn mutex(count: u64) -> (u64, Allocated) {
    let mutex = Arc::new(Mutex::new(()));
    let held = mutex.clone().lock_owned().await;
    let wait = move || {
        let mutex = mutex.clone();
        async move { drop(mutex.lock().await) }
    };
    phase(count, wait, async move { drop(held) }).await
}

async fn semaphore(count: u64) -> (u64, Allocated) {
    let permits = Arc::new(Semaphore::new(0));
    let own = permits.clone();
    let wait = move || {
        let permits = permits.clone();
        async move { drop(permits.acquire().await.unwrap()) }
    };
    phase(count, wait, async move { own.add_permits(1) }).await
}

// A channel of Tokio has one receiver: its senders wait, because it is full.
async fn channel(count: u64) -> (u64, Allocated) {
    let (to, mut from) = mpsc::channel::<u64>(1);
    to.send(1).await.unwrap();
    let wait = move || {
        let to = to.clone();
        async move { to.send(1).await.unwrap() }
    };
    let release = async move {
        for _ in 0..=count {
            from.recv().await.unwrap();
        }
    };
    phase(count, wait, release).await
}

async fn notify(count: u64) -> (u64, Allocated) {
    let notice = Arc::new(Notify::new());
    let own = notice.clone();
    let wait = move || {
        let notice = notice.clone();
        async move { notice.notified().await }
    };
    phase(count, wait, async move { own.notify_waiters() }).await
}

pub async fn waiters(count: u64) {
    let all = [mutex(count).await, semaphore(count).await, channel(count).await, notify(count).await];
    let ended = all.iter().map(|one| one.0).sum();
    let each = |figure: u64| figure as f64 / (4 * count) as f64;
    let calls: u64 = all.iter().map(|one| one.1.calls).sum();
    let bytes: u64 = all.iter().map(|one| one.1.bytes).sum();
    print(each(calls), ended, &[("bytes_per_wait", each(bytes))]);
}
