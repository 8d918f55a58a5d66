// Messages from producers to consumers through the channels of three libraries, and senders parked on one channel.
use crate::{print, refuse, report};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::mpsc;
use tokio::task::yield_now;

#[derive(Clone, Copy)]
pub struct Shape {
    capacity: u64, // u32::MAX: unbounded.
    producers: u64,
    pairs: u64,
    messages: u64,
}

impl Shape {
    pub fn new(capacity: u64, producers: u64, pairs: u64, messages: u64) -> Shape {
        Shape { capacity, producers, pairs, messages }
    }
    fn unbounded(&self) -> bool {
        self.capacity == u64::from(u32::MAX)
    }
}

// Pairs of producers and one consumer. A send that never waits lets others run now and then, as ours does.
macro_rules! converse {
    ($shape:expr, $make:expr, |$to:ident| $send:expr, |$from:ident| $receive:expr) => {{
        let shape: Shape = $shape;
        let mut sum: u64 = 0;
        let mut start = Instant::now();
        for _ in 0..2 {
            sum = 0;
            start = Instant::now();
            let mut consumers = Vec::new();
            for _ in 0..shape.pairs {
                let (sender, receiver) = $make;
                consumers.push(tokio::spawn(async move {
                    #[allow(unused_mut)]
                    let mut $from = receiver;
                    let mut own: u64 = 0;
                    while let Some(value) = $receive {
                        own += value;
                    }
                    own
                }));
                for _ in 0..shape.producers {
                    let $to = sender.clone();
                    tokio::spawn(async move {
                        for n in 0..shape.messages / shape.pairs / shape.producers {
                            $send;
                            if shape.unbounded() && n % 128 == 127 {
                                yield_now().await;
                            }
                        }
                    });
                }
            }
            for one in consumers {
                sum += one.await.unwrap();
            }
        }
        report(start.elapsed(), shape.messages, sum);
    }};
}

pub async fn conversation(library: String, shape: Shape) {
    let capacity = shape.capacity as usize;
    match (library.as_str(), shape.unbounded()) {
        ("tokio", false) => converse!(
            shape,
            mpsc::channel::<u64>(capacity),
            |to| to.send(1).await.unwrap(),
            |from| from.recv().await
        ),
        ("tokio", true) => converse!(
            shape,
            mpsc::unbounded_channel::<u64>(),
            |to| to.send(1).unwrap(),
            |from| from.recv().await
        ),
        ("flume", false) => converse!(
            shape,
            flume::bounded::<u64>(capacity),
            |to| to.send_async(1).await.unwrap(),
            |from| from.recv_async().await.ok()
        ),
        ("flume", true) => converse!(
            shape,
            flume::unbounded::<u64>(),
            |to| to.send(1).unwrap(),
            |from| from.recv_async().await.ok()
        ),
        ("async-channel", false) => converse!(
            shape,
            async_channel::bounded::<u64>(capacity),
            |to| to.send(1).await.unwrap(),
            |from| from.recv().await.ok()
        ),
        ("async-channel", true) => converse!(
            shape,
            async_channel::unbounded::<u64>(),
            |to| to.try_send(1).unwrap(),
            |from| from.recv().await.ok()
        ),
        _ => refuse(&format!("unknown library {library}")),
    }
}

fn resident_bytes() -> f64 {
    let text = std::fs::read_to_string("/proc/self/smaps_rollup").unwrap_or_else(|error| refuse(&error.to_string()));
    let line = text.lines().find(|line| line.starts_with("Rss:")).unwrap_or_else(|| refuse("no Rss"));
    let kilobytes: f64 = line.split_whitespace().nth(1).and_then(|word| word.parse().ok()).unwrap_or(0.0);
    kilobytes * 1024.0
}

// Senders that all wait on one full channel; then one task receives as many messages as there are senders.
macro_rules! parked {
    ($senders:expr, $capacity:expr, $make:expr, |$to:ident| $send:expr, |$from:ident| $receive:expr) => {{
        let (senders, capacity): (u64, u64) = ($senders, $capacity);
        #[allow(unused_mut)]
        let (sender, mut $from) = $make;
        for _ in 0..capacity {
            let $to = &sender;
            $send;
        }
        let arrived = Arc::new(AtomicU64::new(0));
        let mut all: Vec<_> = (0..senders).map(|_| None).collect(); // Touched before the first reading.
        let before = resident_bytes();
        for one in all.iter_mut() {
            let ($to, arrived) = (sender.clone(), arrived.clone());
            *one = Some(tokio::spawn(async move {
                arrived.fetch_add(1, Ordering::Relaxed);
                $send;
            }));
        }
        while arrived.load(Ordering::Relaxed) < senders {
            yield_now().await;
        }
        let bytes = (resident_bytes() - before) / senders as f64;
        let messages = senders + capacity;
        let mut sum: u64 = 0;
        let start = Instant::now();
        for _ in 0..messages {
            sum += $receive;
        }
        let drained = start.elapsed().as_nanos() as f64 / messages as f64;
        for one in all.into_iter().flatten() {
            one.await.unwrap();
        }
        let ended = start.elapsed().as_nanos() as f64 / messages as f64;
        print(drained, sum, &[("resident_bytes_per_sender", bytes), ("until_all_ended_ns", ended)]);
    }};
}

pub async fn parked(library: String, capacity: u64, senders: u64) {
    let room = capacity as usize;
    match library.as_str() {
        "tokio" => parked!(
            senders,
            capacity,
            mpsc::channel::<u64>(room),
            |to| to.send(1).await.unwrap(),
            |from| from.recv().await.unwrap()
        ),
        "flume" => parked!(
            senders,
            capacity,
            flume::bounded::<u64>(room),
            |to| to.send_async(1).await.unwrap(),
            |from| from.recv_async().await.unwrap()
        ),
        "async-channel" => parked!(
            senders,
            capacity,
            async_channel::bounded::<u64>(room),
            |to| to.send(1).await.unwrap(),
            |from| from.recv().await.unwrap()
        ),
        _ => refuse(&format!("unknown library {library}")),
    }
}
