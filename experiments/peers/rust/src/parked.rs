// Senders that are parked on one channel, drained or beside one that gives up; and what many channels take.
use crate::memory::resident_bytes;
use crate::{print, refuse, report};
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;
use tokio::sync::mpsc;
use tokio::task::yield_now;

// Tasks that each wait to send one value to a channel that is full.
macro_rules! park {
    ($senders:expr, $sender:expr, $all:expr, |$to:ident| $send:expr) => {{
        let arrived = Arc::new(AtomicU64::new(0));
        for one in $all.iter_mut() {
            let ($to, arrived) = ($sender.clone(), arrived.clone());
            *one = Some(tokio::spawn(async move {
                arrived.fetch_add(1, Ordering::Relaxed);
                $send.await.unwrap();
            }));
        }
        while arrived.load(Ordering::Relaxed) < $senders {
            yield_now().await;
        }
    }};
}

// Once all wait, one task receives what they and the channel hold.
macro_rules! parked {
    ($senders:expr, $capacity:expr, $make:expr, |$to:ident| $send:expr, |$from:ident| $receive:expr) => {{
        let (senders, capacity): (u64, u64) = ($senders, $capacity);
        #[allow(unused_mut)]
        let (sender, mut $from) = $make;
        for _ in 0..capacity {
            let $to = &sender;
            $send.await.unwrap();
        }
        let mut all: Vec<_> = (0..senders).map(|_| None).collect(); // Touched before the first reading.
        let before = resident_bytes();
        park!(senders, sender, all, |$to| $send);
        let bytes = (resident_bytes() - before) / senders as f64;
        let messages = senders + capacity;
        let mut sum: u64 = 0;
        let start = Instant::now();
        for _ in 0..messages {
            sum += $receive.await.unwrap();
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
        "tokio" => parked!(senders, capacity, mpsc::channel::<u64>(room), |to| to.send(1), |from| from.recv()),
        "flume" => parked!(
            senders,
            capacity,
            flume::bounded::<u64>(room),
            |to| to.send_async(1),
            |from| from.recv_async()
        ),
        "async-channel" => parked!(
            senders,
            capacity,
            async_channel::bounded::<u64>(room),
            |to| to.send(1),
            |from| from.recv()
        ),
        _ => refuse(&format!("unknown library {library}")),
    }
}

// A send that is given up after one turn of the others. True when it was sent after all.
struct Race<'a, F> {
    send: Pin<&'a mut F>,
    yielded: bool,
}

impl<F: Future> Future for Race<'_, F> {
    type Output = bool;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<bool> {
        if self.send.as_mut().poll(context).is_ready() {
            return Poll::Ready(true);
        }
        if self.yielded {
            return Poll::Ready(false);
        }
        self.yielded = true;
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

// One more that waits to send beside all those, and gives up, so many times.
macro_rules! given_up {
    ($senders:expr, $races:expr, $make:expr, |$to:ident| $send:expr, |$from:ident| $receive:expr) => {{
        let (senders, races): (u64, u64) = ($senders, $races);
        #[allow(unused_mut)]
        let (sender, mut $from) = $make;
        let mut all: Vec<_> = (0..senders).map(|_| None).collect();
        let $to = &sender;
        $send.await.unwrap();
        park!(senders, sender, all, |$to| $send);
        let mut sent = 0;
        let mut start = Instant::now();
        for count in [races / 10, races] {
            start = Instant::now();
            for _ in 0..count {
                let send = $send;
                tokio::pin!(send);
                sent += u64::from(Race { send, yielded: false }.await);
            }
        }
        let elapsed = start.elapsed();
        let mut sum: u64 = 0;
        for _ in 0..=senders {
            sum += $receive.await.unwrap();
        }
        for one in all.into_iter().flatten() {
            one.await.unwrap();
        }
        report(elapsed, races, if sent == 0 { sum } else { 0 });
    }};
}

pub async fn given_up(library: String, senders: u64, races: u64) {
    match library.as_str() {
        "tokio" => given_up!(senders, races, mpsc::channel::<u64>(1), |to| to.send(1), |from| from.recv()),
        "flume" => given_up!(
            senders,
            races,
            flume::bounded::<u64>(1),
            |to| to.send_async(1),
            |from| from.recv_async()
        ),
        "async-channel" => given_up!(
            senders,
            races,
            async_channel::bounded::<u64>(1),
            |to| to.send(1),
            |from| from.recv()
        ),
        _ => refuse(&format!("unknown library {library}")),
    }
}

static POINTED_AT: u64 = 1;

// Channels of capacity 1, each with a reference in it: what the resident memory grows by.
macro_rules! held {
    ($count:expr, $make:expr) => {{
        let count: u64 = $count;
        let mut all: Vec<_> = (0..count).map(|_| None).collect(); // Touched before the first reading.
        let before = resident_bytes();
        for one in all.iter_mut() {
            let (to, from) = $make;
            to.try_send(&POINTED_AT).unwrap();
            *one = Some((to, from));
        }
        let bytes = (resident_bytes() - before) / count as f64;
        let mut sum: u64 = 0;
        for one in all.into_iter().flatten() {
            #[allow(unused_mut)]
            let (_to, mut from) = one;
            sum += *from.try_recv().unwrap();
        }
        print(bytes, sum, &[]);
    }};
}

pub fn held(library: &str, count: u64) {
    match library {
        "tokio" => held!(count, mpsc::channel::<&'static u64>(1)),
        "flume" => held!(count, flume::bounded::<&'static u64>(1)),
        "async-channel" => held!(count, async_channel::bounded::<&'static u64>(1)),
        _ => refuse(&format!("unknown library {library}")),
    }
}
