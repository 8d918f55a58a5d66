//! What tasks take: parked on one event, and while as many run through; and how fast all of them are woken.
use crate::{print, refuse, report};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::Notify;
use tokio::task::{yield_now, JoinHandle};

// The line of a file in /proc that begins so, in bytes.
fn bytes_after(file: &str, key: &str) -> f64 {
    let text = std::fs::read_to_string(file).unwrap_or_else(|error| refuse(&format!("{file}: {error}")));
    let line = text.lines().find(|line| line.starts_with(key));
    let word = line.and_then(|line| line.split_whitespace().nth(1)).and_then(|word| word.parse::<f64>().ok());
    word.unwrap_or_else(|| refuse(&format!("{file} has no line {key}"))) * 1024.0
}

pub fn resident_bytes() -> f64 {
    bytes_after("/proc/self/smaps_rollup", "Rss:")
}

fn page_table_bytes() -> f64 {
    bytes_after("/proc/self/status", "VmPTE:")
}

fn most_bytes() -> f64 {
    bytes_after("/proc/self/status", "VmHWM:")
}

// Tasks that all wait for one event.
struct Meeting {
    gate: Notify,
    arrived: AtomicU64,
    left: AtomicU64,
}

type Tasks = Vec<Option<JoinHandle<()>>>;

// Touched before the first reading.
fn places(count: u64) -> Tasks {
    (0..count).map(|_| None).collect()
}

impl Meeting {
    // Returns once all wait: with one worker, who arrived has run on into its wait.
    async fn of(tasks: &mut Tasks) -> Arc<Meeting> {
        let (arrived, left) = (AtomicU64::new(0), AtomicU64::new(0));
        let at = Arc::new(Meeting { gate: Notify::new(), arrived, left });
        for one in tasks.iter_mut() {
            let at = at.clone();
            *one = Some(tokio::spawn(async move {
                at.arrived.fetch_add(1, Ordering::Relaxed);
                at.gate.notified().await;
                at.left.fetch_add(1, Ordering::Relaxed);
            }));
        }
        while at.arrived.load(Ordering::Relaxed) < tasks.len() as u64 {
            yield_now().await;
        }
        at
    }

    async fn release(&self, tasks: &mut Tasks) -> u64 {
        self.gate.notify_waiters();
        for one in tasks.iter_mut() {
            one.take().unwrap().await.unwrap();
        }
        self.left.load(Ordering::Relaxed)
    }
}

async fn warm_up() {
    let mut few = places(64);
    let at = Meeting::of(&mut few).await;
    at.release(&mut few).await;
}

pub async fn waiting(count: u64) {
    warm_up().await;
    let mut tasks = places(count);
    let (before, tables_before) = (resident_bytes(), page_table_bytes());
    let at = Meeting::of(&mut tasks).await;
    let (resident, tables) = (resident_bytes() - before, page_table_bytes() - tables_before);
    let each = |bytes: f64| bytes / count as f64;
    let also = [
        ("resident_bytes", each(resident)),
        ("page_table_bytes", each(tables)),
        ("resident_total_mb", resident / 1e6),
    ];
    print(each(resident + tables), at.release(&mut tasks).await, &also);
}

/// From the event to the end of the last.
pub async fn wake_all(count: u64) {
    warm_up().await;
    let mut tasks = places(count);
    let at = Meeting::of(&mut tasks).await;
    let start = Instant::now();
    let left = at.release(&mut tasks).await;
    report(start.elapsed(), count, left);
}

async fn through(count: u64) -> u64 {
    let ended = Arc::new(AtomicU64::new(0));
    let mut tasks = Vec::with_capacity(count as usize);
    for _ in 0..count {
        let ended = ended.clone();
        tasks.push(tokio::spawn(async move {
            ended.fetch_add(1, Ordering::Relaxed);
        }));
    }
    for one in tasks {
        one.await.unwrap();
    }
    ended.load(Ordering::Relaxed)
}

pub async fn run_through(count: u64) {
    through(64).await;
    // The peak begins anew.
    std::fs::write("/proc/self/clear_refs", "5").unwrap_or_else(|error| refuse(&error.to_string()));
    let before = most_bytes();
    let ended = through(count).await;
    let grown = most_bytes() - before;
    print(grown / count as f64, ended, &[("resident_total_mb", grown / 1e6)]);
}
