//! What is asked of the heap, counted while somebody wants to know it. The counters cost more than many an operation,
//! therefore a workload runs once for its time and once more, untimed, for its allocations.
use crate::print;
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

struct Counting;

// Written by who begins and ends a stretch, read by every allocation. Relaxed: what is counted happens in tasks that
// are spawned after it is set and joined before it is cleared.
static WANTED: AtomicBool = AtomicBool::new(false);
// Added to by every allocation while that is wanted. Relaxed: counters that order nothing.
static CALLS: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);

fn count(bytes: usize) {
    if WANTED.load(Ordering::Relaxed) {
        CALLS.fetch_add(1, Ordering::Relaxed);
        BYTES.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        System.alloc(layout)
    }
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        System.alloc_zeroed(layout)
    }
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        count(bytes);
        System.realloc(block, layout, bytes)
    }
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        System.dealloc(block, layout)
    }
}

#[global_allocator]
static HEAP: Counting = Counting;

pub struct Allocated {
    pub calls: u64,
    pub bytes: u64,
}

/// Counts from nothing.
pub fn begin() {
    CALLS.store(0, Ordering::Relaxed);
    BYTES.store(0, Ordering::Relaxed);
    WANTED.store(true, Ordering::Relaxed);
}

pub fn end() -> Allocated {
    WANTED.store(false, Ordering::Relaxed);
    Allocated { calls: CALLS.load(Ordering::Relaxed), bytes: BYTES.load(Ordering::Relaxed) }
}

/// What a run of a workload is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    Timed,
    Counted,
}

impl Pass {
    pub const BOTH: [Pass; 2] = [Pass::Timed, Pass::Counted];
    pub const WARM: [Pass; 3] = [Pass::Timed, Pass::Timed, Pass::Counted]; // The first is overwritten.

    /// Begins the stretch that is measured, or begins it anew.
    pub fn begin(self) -> Instant {
        if self == Pass::Counted {
            begin();
        }
        Instant::now()
    }
}

/// Ends the stretch; the counted pass prints the sample, whose time is that of the timed one.
pub struct Stretch {
    timed: Duration,
}

impl Stretch {
    pub fn new() -> Stretch {
        Stretch { timed: Duration::ZERO }
    }
    pub fn end(&mut self, pass: Pass, start: Instant, operations: u64, answer: u64) {
        if pass == Pass::Timed {
            self.timed = start.elapsed();
            return;
        }
        let of = end();
        let each = |figure: u64| figure as f64 / operations as f64;
        let also = [("bytes_per_operation", each(of.bytes)), ("allocations_per_operation", each(of.calls))];
        print(self.timed.as_nanos() as f64 / operations as f64, answer, &also);
    }
}
