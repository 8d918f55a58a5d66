// Tasks that are made, and that give way.
use crate::giving_way::GiveWay;
use crate::{print, report};
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;
use tokio::task::yield_now;

// The scheduler's order is its own affair: what counts is everybody's turns, between two of them.
async fn turns_between<Turn>(give_way: impl Fn() -> Turn + Copy + Send + Sync + 'static, tasks: u64, rounds: u64)
where
    Turn: Future<Output = ()> + Send,
{
    const WARM: u64 = 2;
    let first = WARM * tasks;
    let last = first + rounds * tasks;
    let begun = Arc::new(AtomicBool::new(false));
    let turns = Arc::new(AtomicU64::new(0));
    let moments = Arc::new(Mutex::new(Vec::new()));
    let mut all = Vec::new();
    for _ in 0..tasks {
        let (begun, turns, moments) = (begun.clone(), turns.clone(), moments.clone());
        all.push(tokio::spawn(async move {
            while !begun.load(Ordering::Relaxed) {
                give_way().await;
            }
            for _ in 0..WARM + rounds {
                // One worker: nobody else adds.
                let turn = turns.load(Ordering::Relaxed) + 1;
                turns.store(turn, Ordering::Relaxed);
                if turn == first || turn == last {
                    moments.lock().unwrap().push(Instant::now());
                }
                give_way().await;
            }
        }));
    }
    begun.store(true, Ordering::Relaxed);
    for one in all {
        one.await.unwrap();
    }
    let moments = moments.lock().unwrap();
    report(moments[1] - moments[0], tasks * rounds, turns.load(Ordering::Relaxed) - first);
}

pub async fn yields(tasks: u64, rounds: u64) {
    turns_between(yield_now, tasks, rounds).await;
}

pub async fn yields_by_waker(tasks: u64, rounds: u64) {
    turns_between(GiveWay::default, tasks, rounds).await;
}

pub async fn sequential(count: u64) {
    let mut cold = 0.0;
    for warm in [false, true] {
        let mut sum = 0;
        let start = Instant::now();
        for _ in 0..count {
            sum += tokio::spawn(async { 1 }).await.unwrap();
        }
        let each = start.elapsed().as_nanos() as f64 / count as f64;
        if warm {
            print(each, sum, &[("cold_ns", cold)]);
        }
        cold = each;
    }
}

pub async fn concurrent(count: u64) {
    let mut cold = 0.0;
    for warm in [false, true] {
        let sum = Arc::new(AtomicU64::new(0));
        let start = Instant::now();
        let mut all = Vec::with_capacity(count as usize);
        for _ in 0..count {
            let sum = sum.clone();
            all.push(tokio::spawn(async move {
                sum.fetch_add(1, Ordering::Relaxed);
            }));
        }
        for one in all {
            one.await.unwrap();
        }
        let each = start.elapsed().as_nanos() as f64 / count as f64;
        if warm {
            print(each, sum.load(Ordering::Relaxed), &[("cold_ns", cold)]);
        }
        cold = each;
    }
}
