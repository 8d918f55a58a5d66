// Sleeps: what they cost the processor, what making and cancelling costs, and how late they are.
use crate::giving_way::GiveWay;
use crate::{print, refuse, report};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::task::yield_now;
use tokio::time::{sleep, timeout, Sleep};

fn cpu_ns() -> f64 {
    let mut at = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut at) };
    at.tv_sec as f64 * 1e9 + at.tv_nsec as f64
}

// The same sequence in every contender: numbers in 0 … 2^31 - 1.
pub struct Numbers(pub u64);

impl Numbers {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        self.0 >> 33
    }
}

async fn all_of(count: u64, sleeps: bool) -> (f64, u64) {
    let mut numbers = Numbers(1);
    let start = cpu_ns();
    let mut all = Vec::with_capacity(count as usize);
    for _ in 0..count {
        let duration = Duration::from_nanos((numbers.next() * 1_000_000_000) >> 31);
        all.push(tokio::spawn(async move {
            if sleeps {
                sleep(duration).await;
            }
            1
        }));
    }
    let mut sum = 0;
    for one in all {
        sum += one.await.unwrap();
    }
    ((cpu_ns() - start) / count as f64, sum)
}

pub async fn sleeps(count: u64) {
    all_of(count, false).await;
    let (bare, _) = all_of(count, false).await;
    let (each, sum) = all_of(count, true).await;
    print(each, sum, &[("cpu_ns_without_the_sleep", bare)]);
}

pub async fn timeouts(kind: String, count: u64) {
    let limit = Duration::from_secs(1);
    let mut sum = 0;
    let mut start = Instant::now();
    for times in [count / 10, count] {
        sum = 0;
        start = Instant::now();
        for _ in 0..times {
            sum += match kind.as_str() {
                "ready" => timeout(limit, std::future::ready(1)).await.unwrap(),
                "yield" => timeout(limit, async { yield_now().await; 1 }).await.unwrap(),
                "waker" => timeout(limit, async { GiveWay::default().await; 1 }).await.unwrap(),
                _ => refuse("timeout ready, timeout yield or timeout waker"),
            };
        }
    }
    report(start.elapsed(), count, sum);
}

// Polls a sleep once. 1 when it waits.
struct PolledOnce<'a>(Pin<&'a mut Sleep>);

impl Future for PolledOnce<'_> {
    type Output = u64;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<u64> {
        Poll::Ready(u64::from(self.0.as_mut().poll(context).is_pending()))
    }
}

// A sleep that is polled once and then dropped.
pub async fn cancels(count: u64) {
    let mut sum = 0;
    let mut start = Instant::now();
    for times in [count / 10, count] {
        sum = 0;
        start = Instant::now();
        for _ in 0..times {
            let long = sleep(Duration::from_secs(3600));
            tokio::pin!(long);
            sum += PolledOnce(long).await;
        }
    }
    report(start.elapsed(), count, sum);
}

pub async fn lateness(count: u64) {
    let mut numbers = Numbers(1);
    let mut late_us = Vec::with_capacity(count as usize);
    for _ in 0..count {
        let duration = Duration::from_nanos(500_000 + numbers.next() % 1_000_000);
        let start = Instant::now();
        sleep(duration).await;
        late_us.push((start.elapsed().as_nanos() as f64 - duration.as_nanos() as f64) / 1000.0);
    }
    late_us.sort_by(f64::total_cmp);
    let early = late_us.iter().filter(|late| **late < 0.0).count() as f64;
    let at = |share: f64| late_us[((count - 1) as f64 * share) as usize];
    print(at(0.5), count, &[("p99_us", at(0.99)), ("most_us", at(1.0)), ("early", early)]);
}
