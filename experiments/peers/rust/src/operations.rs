// The eighteen operations. `NAME` awaits; `NAME_try` calls the half that never waits, where there is one.
use crate::{keep, refuse, report};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::{broadcast, mpsc, oneshot, watch, Barrier, Mutex, Notify, OnceCell, RwLock, Semaphore};
use tokio::task::yield_now;

// The expression so many times, after a tenth of it to warm up; the answers are added up.
macro_rules! direct {
    ($count:expr, $once:expr) => {{
        let count: u64 = $count;
        for _ in 0..count / 10 {
            keep(&$once);
        }
        let mut sum: u64 = 0;
        let start = Instant::now();
        for _ in 0..count {
            sum += $once;
        }
        report(start.elapsed(), count, sum);
    }};
}

// So many sends into an empty channel, then so many receives; the part that was asked for is timed.
macro_rules! sends {
    ($count:expr, $receive:expr, $make:expr) => {{
        let count: u64 = $count;
        #[allow(unused_mut)]
        let (to, mut from) = $make;
        let mut sum: u64 = 0;
        let mut start = Instant::now();
        for _ in 0..count {
            sum += u64::from(to.try_send(1u64).is_ok());
        }
        if $receive {
            sum = 0;
            start = Instant::now();
            for _ in 0..count {
                sum += from.try_recv().unwrap();
            }
        }
        report(start.elapsed(), count, sum);
    }};
}

macro_rules! round_trips {
    ($count:expr, $make:expr) => {{
        #[allow(unused_mut)]
        let (to, mut from) = $make;
        direct!($count, {
            to.try_send(1u64).unwrap();
            from.try_recv().unwrap()
        });
    }};
}

macro_rules! mpmc {
    ($count:expr, $make:expr, $send:ident, $receive:ident) => {{
        let count: u64 = $count;
        let mut sum = 0;
        let mut start = Instant::now();
        for _ in 0..2 {
            sum = 0;
            start = Instant::now();
            let (to, from) = $make;
            let mut receivers = Vec::new();
            for _ in 0..4 {
                let (to, from) = (to.clone(), from.clone());
                tokio::spawn(async move {
                    for _ in 0..count / 4 {
                        to.$send(1u64).await.unwrap();
                    }
                });
                receivers.push(tokio::spawn(async move {
                    let mut own = 0;
                    while let Ok(value) = from.$receive().await {
                        own += value;
                    }
                    own
                }));
            }
            drop(to); // The channel closes with its last sender.
            for one in receivers {
                sum += one.await.unwrap();
            }
        }
        report(start.elapsed(), count, sum);
    }};
}

struct Shared {
    mutex: Mutex<()>,
    either: RwLock<()>,
    permits: Semaphore,
    counted: AtomicU64,
}

impl Shared {
    async fn count(&self, suspends: bool) {
        self.counted.fetch_add(1, Ordering::Relaxed);
        if suspends {
            yield_now().await;
        }
    }
}

#[derive(Clone, Copy)]
enum Wanted {
    Mutex,
    Either,
    Permit,
}

// Tasks that each take, count and give back so many times, started and joined in the timed part.
async fn together(wanted: Wanted, tasks: usize, each: u64, suspends: bool) {
    let shared = Arc::new(Shared {
        mutex: Mutex::new(()),
        either: RwLock::new(()),
        permits: Semaphore::new(2),
        counted: AtomicU64::new(0),
    });
    let mut start = Instant::now();
    for _ in 0..2 {
        shared.counted.store(0, Ordering::Relaxed);
        start = Instant::now();
        let mut all = Vec::with_capacity(tasks);
        for me in 0..tasks {
            let shared = shared.clone();
            all.push(tokio::spawn(async move {
                for _ in 0..each {
                    match wanted {
                        Wanted::Mutex => {
                            let _held = shared.mutex.lock().await;
                            shared.count(suspends).await;
                        }
                        Wanted::Either if me < 4 => {
                            let _held = shared.either.read().await;
                            shared.count(suspends).await;
                        }
                        Wanted::Either => {
                            let _held = shared.either.write().await;
                            shared.count(suspends).await;
                        }
                        Wanted::Permit => {
                            let _held = shared.permits.acquire().await.unwrap();
                            shared.count(suspends).await;
                        }
                    }
                }
            }));
        }
        for one in all {
            one.await.unwrap();
        }
    }
    let counted = shared.counted.load(Ordering::Relaxed);
    report(start.elapsed(), counted, counted);
}

fn broadcasts(count: u64) {
    let (to, first) = broadcast::channel::<u64>(count as usize);
    let mut subscribers = vec![first, to.subscribe(), to.subscribe(), to.subscribe()];
    let mut sum = 0;
    let start = Instant::now();
    for _ in 0..count {
        to.send(1).unwrap();
    }
    for from in subscribers.iter_mut() {
        for _ in 0..count {
            sum += from.try_recv().unwrap();
        }
    }
    report(start.elapsed(), count, sum / 4);
}

async fn lock_operation(name: &str, count: u64) -> bool {
    let mutex = Mutex::new(());
    let either = RwLock::new(());
    let permits = Semaphore::new(10);
    let notice = Notify::new();
    match name {
        "mutex" => direct!(count, { let _held = mutex.lock().await; 1 }),
        "mutex_try" => direct!(count, u64::from(mutex.try_lock().is_ok())),
        "rwlock_read" => direct!(count, { let _held = either.read().await; 1 }),
        "rwlock_read_try" => direct!(count, u64::from(either.try_read().is_ok())),
        "rwlock_write" => direct!(count, { let _held = either.write().await; 1 }),
        "rwlock_write_try" => direct!(count, u64::from(either.try_write().is_ok())),
        "semaphore" => direct!(count, { let _held = permits.acquire().await.unwrap(); 1 }),
        "semaphore_try" => direct!(count, u64::from(permits.try_acquire().is_ok())),
        "once_get" => {
            let cell = OnceCell::new_with(Some(1u64));
            direct!(count, { keep(&cell); *cell.get().unwrap() });
        }
        "once_set" => direct!(count, {
            let cell = OnceCell::new();
            let set = cell.set(7u64).is_ok();
            keep(&cell);
            u64::from(set)
        }),
        "notify" => direct!(count, { notice.notify_one(); notice.notified().await; 1 }),
        "notify_made" => direct!(count, {
            let made = Notify::new();
            keep(&made);
            made.notify_one();
            made.notified().await;
            1
        }),
        "barrier" => direct!(count, {
            let made = Barrier::new(1);
            keep(&made);
            u64::from(made.wait().await.is_leader())
        }),
        "mutex_contended" | "mutex_contended_suspended" => {
            together(Wanted::Mutex, 4, count / 4, name.ends_with("_suspended")).await;
        }
        "rwlock_contended" | "rwlock_contended_suspended" => {
            together(Wanted::Either, 6, 1666, name.ends_with("_suspended")).await;
        }
        "semaphore_contended" | "semaphore_contended_suspended" => {
            together(Wanted::Permit, 8, count / 8, name.ends_with("_suspended")).await;
        }
        _ => return false,
    }
    true
}

pub async fn operation(library: String, name: String, count: u64) {
    let capacity = count as usize;
    match (library.as_str(), name.as_str()) {
        ("tokio", "send" | "recv") => sends!(count, name == "recv", mpsc::channel(capacity)),
        ("flume", "send" | "recv") => sends!(count, name == "recv", flume::bounded(capacity)),
        ("async-channel", "send" | "recv") => sends!(count, name == "recv", async_channel::bounded(capacity)),
        ("tokio", "roundtrip") => round_trips!(count, mpsc::channel(1)),
        ("flume", "roundtrip") => round_trips!(count, flume::bounded(1)),
        ("async-channel", "roundtrip") => round_trips!(count, async_channel::bounded(1)),
        ("flume", "mpmc") => mpmc!(count, flume::bounded(1000), send_async, recv_async),
        ("async-channel", "mpmc") => mpmc!(count, async_channel::bounded(1000), send, recv),
        ("tokio", "oneshot") => direct!(count, {
            let (to, mut from) = oneshot::channel();
            to.send(1u64).unwrap();
            from.try_recv().unwrap()
        }),
        ("tokio", "broadcast") => broadcasts(count),
        ("tokio", "watch") => {
            let (to, from) = watch::channel(0u64);
            direct!(count, { to.send(1).unwrap(); *from.borrow() });
        }
        ("tokio", lock) => {
            if !lock_operation(lock, count).await {
                refuse(&format!("unknown operation {lock}"));
            }
        }
        _ => refuse(&format!("{library} has no operation {name}")),
    }
}
