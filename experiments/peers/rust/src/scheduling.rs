//! Tasks that are let go, that share one worker, and that meet; receivers that are closed under.
use crate::giving_way::GiveWay;
use crate::{print, refuse, report};
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::{mpsc, Barrier, Notify, Semaphore};
use tokio::task::yield_now;

/// Tasks that nobody joins; the last that ends says so.
pub async fn let_go(count: u64) {
    let mut start = Instant::now();
    let mut ended = 0;
    for _ in 0..2 {
        let left = Arc::new((AtomicU64::new(count), Notify::new()));
        start = Instant::now();
        for _ in 0..count {
            let left = left.clone();
            drop(tokio::spawn(async move {
                if left.0.fetch_sub(1, Ordering::Relaxed) == 1 {
                    left.1.notify_one();
                }
            }));
        }
        left.1.notified().await;
        ended = count - left.0.load(Ordering::Relaxed);
    }
    report(start.elapsed(), count, ended);
}

// Messages that a receiver takes for each turn of a task beside it, the median; and how many it took in all.
async fn taken_beside<Turn: Future<Output = ()>>(turn: impl Fn() -> Turn, count: u64) -> (u64, u64) {
    let (to, mut from) = mpsc::unbounded_channel::<u64>();
    for _ in 0..count {
        to.send(1).unwrap();
    }
    drop(to);
    let taken = Arc::new(AtomicU64::new(0)); // One worker: nobody else looks meanwhile.
    let ended = Arc::new(AtomicBool::new(false));
    let receiver = {
        let (taken, ended) = (taken.clone(), ended.clone());
        tokio::spawn(async move {
            while let Some(value) = from.recv().await {
                taken.fetch_add(value, Ordering::Relaxed);
            }
            ended.store(true, Ordering::Relaxed);
        })
    };
    let mut turns = Vec::new();
    let mut before = 0;
    while !ended.load(Ordering::Relaxed) {
        turn().await;
        let now = taken.load(Ordering::Relaxed);
        turns.push(now - before);
        before = now;
    }
    receiver.await.unwrap();
    turns.sort_unstable();
    (turns[turns.len() / 2], taken.load(Ordering::Relaxed))
}

/// A receiver whose channel is never empty beside a task that gives way: messages for each turn of the other. The same
/// beside one that calls Tokio's yield_now stands under `also`.
pub async fn budget(count: u64) {
    let (beside_yield_now, _) = taken_beside(yield_now, count).await;
    let (median, taken) = taken_beside(GiveWay::default, count).await;
    print(median as f64, taken, &[("beside_yield_now", beside_yield_now as f64)]);
}

/// Eight tasks that meet so many times. Once round to warm up.
pub async fn barrier_of_eight(meetings: u64) {
    let mut start = Instant::now();
    let mut leaders = 0;
    for _ in 0..2 {
        let barrier = Arc::new(Barrier::new(8));
        leaders = 0;
        start = Instant::now();
        let mut all = Vec::with_capacity(8);
        for _ in 0..8 {
            let barrier = barrier.clone();
            all.push(tokio::spawn(async move {
                let mut led = 0;
                for _ in 0..meetings {
                    led += u64::from(barrier.wait().await.is_leader());
                }
                led
            }));
        }
        for one in all {
            leaders += one.await.unwrap();
        }
    }
    report(start.elapsed(), meetings, leaders);
}

/// Receivers of a channel of flume's that each wait beside a semaphore, which is closed in the channel's place: a channel
/// whose senders live on cannot be. From the close until the last has seen it.
pub async fn close(library: String, count: u64) {
    if library != "flume" {
        refuse(&format!("a channel of {library} has a close of its own; the semaphore is for flume's"));
    }
    let mut start = Instant::now();
    let mut seen = 0;
    // Few to warm up: flume looks for each receiver that gives up among all of them.
    for receivers in [count.min(1000), count] {
        let (_to, from) = flume::bounded::<u64>(1);
        let gate = Arc::new(Semaphore::new(0));
        let arrived = Arc::new(AtomicU64::new(0));
        let mut all = Vec::with_capacity(receivers as usize);
        for _ in 0..receivers {
            let (from, gate, arrived) = (from.clone(), gate.clone(), arrived.clone());
            all.push(tokio::spawn(async move {
                arrived.fetch_add(1, Ordering::Relaxed);
                tokio::select! {
                    _ = from.recv_async() => 0,
                    permit = gate.acquire() => u64::from(permit.is_err()),
                }
            }));
        }
        while arrived.load(Ordering::Relaxed) < receivers {
            yield_now().await;
        }
        seen = 0;
        start = Instant::now();
        gate.close();
        for one in all {
            seen += one.await.unwrap();
        }
    }
    report(start.elapsed(), count, seen);
}
