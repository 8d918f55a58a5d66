//! Tokio's pool for calls that block, with its defaults: how far it grows, what waits in it for what is not begun, and
//! what the way there and back takes.
use crate::{print, refuse, report};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

/// As many threads as Tokio's pool has at most, where nobody says otherwise.
pub const USUAL_THREADS: u64 = 512;

fn one_worker(blocking_threads: u64) -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .max_blocking_threads(blocking_threads as usize)
        .enable_all()
        .build()
        .unwrap_or_else(|error| refuse(&error.to_string()))
}

fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").unwrap_or_else(|error| refuse(&error.to_string())).count()
}

/// So many calls at once that sleep 100 ms. Then waits so many seconds at most for the pool's threads to end.
pub fn blocking(count: u64, reclaim_seconds: u64) {
    let runtime = one_worker(USUAL_THREADS);
    // The worker has run before the first reading; the pool has no thread yet.
    runtime.block_on(runtime.spawn(async {})).unwrap();
    let before = threads();
    let ended = Arc::new(AtomicU64::new(0));
    let calls: Vec<_> = (0..count)
        .map(|_| {
            let ended = ended.clone();
            runtime.spawn_blocking(move || {
                std::thread::sleep(Duration::from_millis(100));
                ended.fetch_add(1, Ordering::Relaxed); // Relaxed: joined before the answer is read.
            })
        })
        .collect();
    let mut most = 0;
    while ended.load(Ordering::Relaxed) < count {
        most = most.max(threads() - before);
        std::thread::sleep(Duration::from_millis(1));
    }
    let last = Instant::now();
    for one in calls {
        runtime.block_on(one).unwrap();
    }
    let mut also = Vec::new();
    if reclaim_seconds > 0 {
        while threads() > before && last.elapsed() < Duration::from_secs(reclaim_seconds) {
            std::thread::sleep(Duration::from_millis(10));
        }
        let left = threads().saturating_sub(before);
        also.push(("threads_left", left as f64));
        if left == 0 {
            also.push(("reclaimed_s", last.elapsed().as_secs_f64()));
        }
    }
    print(most as f64, ended.load(Ordering::Relaxed), &also);
}

const PATIENCE: Duration = Duration::from_secs(5);

// Who waits for the end of the conversation learns of it here.
#[derive(Default)]
struct Received {
    count: Mutex<u64>,
    changed: Condvar,
}

/// Producers that block on a channel of 1, and after them their one consumer, all in the pool: messages received within
/// five seconds. Then the channel is closed, and all of them end.
pub fn crowded(producers: u64) {
    let runtime = one_worker(USUAL_THREADS);
    let (to, from) = mpsc::channel::<u64>(1);
    let calls: Vec<_> = (0..producers)
        .map(|_| {
            let to = to.clone();
            runtime.spawn_blocking(move || {
                let _ = to.blocking_send(1); // Refused once the channel is closed.
            })
        })
        .collect();
    drop(to);
    // Who comes first takes the receiver: the consumer, if ever it begins, or the end of our patience.
    let held = Arc::new(Mutex::new(Some(from)));
    let received = Arc::new(Received::default());
    let consumer = {
        let (held, received) = (held.clone(), received.clone());
        runtime.spawn_blocking(move || {
            let taken = held.lock().unwrap().take();
            if let Some(mut from) = taken {
                while let Some(value) = from.blocking_recv() {
                    let mut count = received.count.lock().unwrap();
                    *count += value;
                    if *count == producers {
                        received.changed.notify_all();
                    }
                }
            }
        })
    };
    let count = received.count.lock().unwrap();
    let (count, _) = received.changed.wait_timeout_while(count, PATIENCE, |count| *count < producers).unwrap();
    let arrived = *count;
    drop(count);
    drop(held.lock().unwrap().take());
    let mut ended = 0;
    for one in calls {
        ended += u64::from(runtime.block_on(one).is_ok());
    }
    ended += u64::from(runtime.block_on(consumer).is_ok());
    print(arrived as f64, u64::from(ended == producers + 1), &[]);
}

// Calls of a function that does nothing, so many at a time; how many have ended.
async fn call(count: u64, at_once: u64) -> u64 {
    let mut sum = 0;
    for _ in 0..count / at_once {
        let under_way: Vec<_> = (0..at_once).map(|_| spawn_blocking(|| 1)).collect();
        for one in under_way {
            sum += one.await.unwrap();
        }
    }
    sum
}

/// The same from a task, with so many threads in the pool, after a tenth of it to warm up.
pub fn calls(count: u64, at_once: u64, threads: u64) {
    let runtime = one_worker(threads);
    let timed = async move {
        call(count / 10, at_once).await;
        let start = Instant::now();
        let sum = call(count, at_once).await;
        report(start.elapsed(), count, sum);
    };
    runtime.block_on(runtime.spawn(timed)).unwrap();
}
