//! "localhost" by lookup_host, which calls getaddrinfo in the pool for calls that block, one lookup after the other.
use crate::report;
use std::time::Instant;
use tokio::net::lookup_host;

async fn look_up() -> u64 {
    let found: Vec<_> = lookup_host(("localhost", 80)).await.unwrap().collect();
    u64::from(!found.is_empty() && found.iter().all(|one| one.ip().is_loopback()))
}

pub async fn lookups(count: u64) {
    let mut sum = 0;
    let mut began = Instant::now();
    for times in [count / 10, count] {
        sum = 0;
        began = Instant::now();
        for _ in 0..times {
            sum += look_up().await;
        }
    }
    report(began.elapsed(), count, sum);
}
