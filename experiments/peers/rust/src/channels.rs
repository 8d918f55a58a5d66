// Messages through the channels of three libraries: from producers to consumers, and there and back.
use crate::counting::{Pass, Stretch};
use crate::giving_way::Suspension;
use crate::{refuse, report};
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

// Four senders and four receivers on one channel; a receiver may let others run after each message.
macro_rules! mpmc {
    ($count:expr, $suspension:expr, $make:expr, $send:ident, $receive:ident) => {{
        let (count, suspension): (u64, Suspension) = ($count, $suspension);
        let mut stretch = Stretch::new();
        for pass in Pass::WARM {
            let mut sum = 0;
            let mut receivers = Vec::with_capacity(4);
            let start = pass.begin();
            let (to, from) = $make;
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
                        suspension.suspend().await;
                    }
                    own
                }));
            }
            drop(to); // The channel closes with its last sender.
            for one in receivers {
                sum += one.await.unwrap();
            }
            stretch.end(pass, start, count, sum);
        }
    }};
}

pub async fn mpmc(library: &str, capacity: u64, messages: u64, suspension: Suspension) {
    let capacity = capacity as usize;
    match library {
        "flume" => mpmc!(messages, suspension, flume::bounded(capacity), send_async, recv_async),
        "async-channel" => mpmc!(messages, suspension, async_channel::bounded(capacity), send, recv),
        _ => refuse(&format!("a channel of {library} has one consumer")),
    }
}

// One task asks, another answers, each through a channel of one.
macro_rules! ask_and_answer {
    ($trips:expr, $make:expr, |$to:ident, $value:ident| $send:expr, |$from:ident| $receive:expr) => {{
        let trips: u64 = $trips;
        let (requests, asked) = $make;
        let (answers, replies) = $make;
        tokio::spawn(async move {
            let $to = answers;
            #[allow(unused_mut)]
            let mut $from = asked;
            while let Some(got) = $receive {
                let $value = got + 1;
                $send;
            }
        });
        let $to = requests;
        #[allow(unused_mut)]
        let mut $from = replies;
        let mut sum: u64 = 0;
        let mut start = Instant::now();
        for count in [1000, trips] {
            sum = 0;
            start = Instant::now();
            for trip in 0..count {
                let $value = trip;
                $send;
                sum += $receive.unwrap() - trip;
            }
        }
        report(start.elapsed(), trips, sum);
    }};
}

pub async fn round_trips(library: String, trips: u64) {
    match library.as_str() {
        "tokio" => ask_and_answer!(
            trips,
            mpsc::channel::<u64>(1),
            |to, value| to.send(value).await.unwrap(),
            |from| from.recv().await
        ),
        "flume" => ask_and_answer!(
            trips,
            flume::bounded::<u64>(1),
            |to, value| to.send_async(value).await.unwrap(),
            |from| from.recv_async().await.ok()
        ),
        "async-channel" => ask_and_answer!(
            trips,
            async_channel::bounded::<u64>(1),
            |to, value| to.send(value).await.unwrap(),
            |from| from.recv().await.ok()
        ),
        _ => refuse(&format!("unknown library {library}")),
    }
}
