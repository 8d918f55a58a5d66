// The eighteen operations. `NAME` awaits; `NAME_try` calls the half that never waits, where there is one.
// Each runs once for its time and then once more for its allocations, see counting.rs.
use crate::channels::mpmc;
use crate::counting::{Pass, Stretch};
use crate::giving_way::Suspension;
use crate::{keep, refuse};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use tokio::sync::{broadcast, mpsc, oneshot, watch, Barrier, Mutex, Notify, OnceCell, RwLock, Semaphore};

// The expression so many times, after a tenth of it to warm up; the answers are added up.
macro_rules! direct {
    ($count:expr, $once:expr) => {{
        let count: u64 = $count;
        for _ in 0..count / 10 {
            keep(&$once);
        }
        let mut stretch = Stretch::new();
        for pass in Pass::BOTH {
            let mut sum: u64 = 0;
            let start = pass.begin();
            for _ in 0..count {
                sum += $once;
            }
            stretch.end(pass, start, count, sum);
        }
    }};
}

// So many sends into an empty channel, then so many receives; the part that was asked for is timed.
macro_rules! sends {
    ($count:expr, $receive:expr, $make:expr, |$to:ident| $send:expr, |$from:ident| $take:expr) => {{
        let count: u64 = $count;
        let mut stretch = Stretch::new();
        for pass in Pass::BOTH {
            #[allow(unused_mut)]
            let ($to, mut $from) = $make;
            let mut sum: u64 = 0;
            let mut start = pass.begin();
            for _ in 0..count {
                sum += u64::from($send.is_ok());
            }
            if $receive {
                sum = 0;
                start = pass.begin();
                for _ in 0..count {
                    sum += $take.unwrap();
                }
            }
            stretch.end(pass, start, count, sum);
        }
    }};
}

macro_rules! round_trips {
    ($count:expr, $make:expr, |$to:ident| $send:expr, |$from:ident| $take:expr) => {{
        #[allow(unused_mut)]
        let ($to, mut $from) = $make;
        direct!($count, {
            $send.unwrap();
            $take.unwrap()
        });
    }};
}

struct Shared {
    mutex: Mutex<()>,
    either: RwLock<()>,
    permits: Semaphore,
    counted: AtomicU64,
}

impl Shared {
    async fn count(&self, suspension: Suspension) {
        self.counted.fetch_add(1, Ordering::Relaxed);
        suspension.suspend().await;
    }
}

#[derive(Clone, Copy)]
enum Wanted {
    Mutex,
    Either,
    Permit,
}

// Tasks that each take, count and give back so many times, started and joined in the timed part.
async fn together(wanted: Wanted, tasks: usize, each: u64, suspension: Suspension) {
    let shared = Arc::new(Shared {
        mutex: Mutex::new(()),
        either: RwLock::new(()),
        permits: Semaphore::new(2),
        counted: AtomicU64::new(0),
    });
    let mut stretch = Stretch::new();
    for pass in Pass::WARM {
        shared.counted.store(0, Ordering::Relaxed);
        let mut all = Vec::with_capacity(tasks);
        let start = pass.begin();
        for me in 0..tasks {
            let shared = shared.clone();
            all.push(tokio::spawn(async move {
                for _ in 0..each {
                    match wanted {
                        Wanted::Mutex => {
                            let _held = shared.mutex.lock().await;
                            shared.count(suspension).await;
                        }
                        Wanted::Either if me < 4 => {
                            let _held = shared.either.read().await;
                            shared.count(suspension).await;
                        }
                        Wanted::Either => {
                            let _held = shared.either.write().await;
                            shared.count(suspension).await;
                        }
                        Wanted::Permit => {
                            let _held = shared.permits.acquire().await.unwrap();
                            shared.count(suspension).await;
                        }
                    }
                }
            }));
        }
        for one in all {
            one.await.unwrap();
        }
        let counted = shared.counted.load(Ordering::Relaxed);
        stretch.end(pass, start, counted, counted);
    }
}

async fn broadcasts(count: u64, awaited: bool) {
    let mut stretch = Stretch::new();
    for pass in Pass::BOTH {
        let (to, first) = broadcast::channel::<u64>(count as usize);
        let mut subscribers = vec![first, to.subscribe(), to.subscribe(), to.subscribe()];
        let mut sum = 0;
        let start = pass.begin();
        for _ in 0..count {
            to.send(1).unwrap();
        }
        for from in subscribers.iter_mut() {
            for _ in 0..count {
                sum += if awaited { from.recv().await.unwrap() } else { from.try_recv().unwrap() };
            }
        }
        stretch.end(pass, start, count, sum / 4);
    }
}

async fn contended_operation(name: &str, count: u64) -> bool {
    match Suspension::of(name) {
        ("mutex_contended", suspension) => together(Wanted::Mutex, 4, count / 4, suspension).await,
        ("rwlock_contended", suspension) => together(Wanted::Either, 6, 1666, suspension).await,
        ("semaphore_contended", suspension) => together(Wanted::Permit, 8, count / 8, suspension).await,
        _ => return false,
    }
    true
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
        "once_get_awaited" => {
            let cell = OnceCell::new_with(Some(1u64));
            direct!(count, *cell.get_or_init(|| async { 1u64 }).await);
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
        "barrier_made" => direct!(count, {
            let made = Barrier::new(1);
            keep(&made);
            1
        }),
        "barrier_pass" => {
            let made = Barrier::new(1);
            direct!(count, u64::from(made.wait().await.is_leader()));
        }
        _ => return contended_operation(name, count).await,
    }
    true
}

// Channels from one task: "send", "recv" and "roundtrip", tried, or awaited where the name says so.
async fn channel_operation(library: &str, name: &str, count: u64) -> bool {
    let capacity = count as usize;
    let receive = name.starts_with("recv");
    match (library, name) {
        ("tokio", "send" | "recv") => {
            sends!(count, receive, mpsc::channel(capacity), |to| to.try_send(1u64), |from| from.try_recv())
        }
        ("flume", "send" | "recv") => {
            sends!(count, receive, flume::bounded(capacity), |to| to.try_send(1u64), |from| from.try_recv())
        }
        ("async-channel", "send" | "recv") => {
            sends!(count, receive, async_channel::bounded(capacity), |to| to.try_send(1u64), |from| from.try_recv())
        }
        ("tokio", "send_awaited" | "recv_awaited") => {
            sends!(count, receive, mpsc::channel(capacity), |to| to.send(1u64).await, |from| from.recv().await)
        }
        ("flume", "send_awaited" | "recv_awaited") => sends!(
            count,
            receive,
            flume::bounded(capacity),
            |to| to.send_async(1u64).await,
            |from| from.recv_async().await
        ),
        ("async-channel", "send_awaited" | "recv_awaited") => sends!(
            count,
            receive,
            async_channel::bounded(capacity),
            |to| to.send(1u64).await,
            |from| from.recv().await
        ),
        ("tokio", "roundtrip") => {
            round_trips!(count, mpsc::channel(1), |to| to.try_send(1u64), |from| from.try_recv())
        }
        ("flume", "roundtrip") => {
            round_trips!(count, flume::bounded(1), |to| to.try_send(1u64), |from| from.try_recv())
        }
        ("async-channel", "roundtrip") => {
            round_trips!(count, async_channel::bounded(1), |to| to.try_send(1u64), |from| from.try_recv())
        }
        ("tokio", "roundtrip_awaited") => {
            round_trips!(count, mpsc::channel(1), |to| to.send(1u64).await, |from| from.recv().await)
        }
        ("flume", "roundtrip_awaited") => {
            round_trips!(count, flume::bounded(1), |to| to.send_async(1u64).await, |from| from.recv_async().await)
        }
        ("async-channel", "roundtrip_awaited") => {
            round_trips!(count, async_channel::bounded(1), |to| to.send(1u64).await, |from| from.recv().await)
        }
        _ => return false,
    }
    true
}

// What of channels Tokio alone has.
async fn tokio_operation(name: &str, count: u64) -> bool {
    match name {
        "oneshot" => direct!(count, {
            let (to, mut from) = oneshot::channel();
            to.send(1u64).unwrap();
            from.try_recv().unwrap()
        }),
        "oneshot_awaited" => direct!(count, {
            let (to, from) = oneshot::channel();
            to.send(1u64).unwrap();
            from.await.unwrap()
        }),
        "broadcast" | "broadcast_awaited" => broadcasts(count, name == "broadcast_awaited").await,
        "watch" => {
            let (to, from) = watch::channel(0u64);
            direct!(count, { to.send(1).unwrap(); *from.borrow() });
        }
        "watch_awaited" => {
            let (to, mut from) = watch::channel(0u64);
            direct!(count, {
                to.send(1).unwrap();
                from.changed().await.unwrap();
                let newest = *from.borrow_and_update();
                newest
            });
        }
        _ => return false,
    }
    true
}

pub async fn operation(library: String, name: String, count: u64) {
    if channel_operation(&library, &name, count).await {
        return;
    }
    if let ("mpmc", suspension) = Suspension::of(&name) {
        return mpmc(&library, 1000, count, suspension).await;
    }
    match (library.as_str(), name.as_str()) {
        ("tokio", own) => {
            if !tokio_operation(own, count).await && !lock_operation(own, count).await {
                refuse(&format!("unknown operation {own}"));
            }
        }
        _ => refuse(&format!("{library} has no operation {name}")),
    }
}
