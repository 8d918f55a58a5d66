//! Where it ends: the depth of a worker's stack, threads, the pool for calls that block, and sleeps at once.
use crate::{keep, print, refuse};
use std::mem::MaybeUninit;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Instant;
use tokio::time::{sleep, Duration};

// The lowest address of this thread's stack, and its size.
fn stack() -> (usize, usize) {
    let mut attributes = MaybeUninit::<libc::pthread_attr_t>::uninit();
    let (mut low, mut size) = (std::ptr::null_mut(), 0);
    unsafe {
        if libc::pthread_getattr_np(libc::pthread_self(), attributes.as_mut_ptr()) != 0
            || libc::pthread_attr_getstack(attributes.as_ptr(), &mut low, &mut size) != 0
        {
            refuse("the thread's stack is not known");
        }
        libc::pthread_attr_destroy(attributes.as_mut_ptr());
    }
    (low as usize, size)
}

const SPARE_BYTES: usize = 16 << 10;

// A recursion that is neither a loop nor a tail call, until little of the stack is left.
#[inline(never)]
fn down(call: u64, low: usize, calls: &mut u64) -> u64 {
    let here = call;
    keep(&here);
    if (&here as *const u64 as usize) < low + SPARE_BYTES {
        *calls = call;
        return 1;
    }
    down(call + 1, low, calls).wrapping_mul(3).wrapping_add(call)
}

pub async fn depth() {
    let (low, size) = stack();
    let mut calls = 0;
    let got = down(1, low, &mut calls);
    let expected = (1..calls).rev().fold(1u64, |inner, call| inner.wrapping_mul(3).wrapping_add(call));
    print(calls as f64, u64::from(got == expected), &[("stack_bytes", size as f64)]);
}

pub async fn waits(count: u64, milliseconds: u64) {
    let start = Instant::now();
    let mut all = Vec::with_capacity(count as usize);
    for _ in 0..count {
        all.push(tokio::spawn(async move {
            sleep(Duration::from_millis(milliseconds)).await;
            1
        }));
    }
    let mut ended = 0;
    for one in all {
        ended += one.await.unwrap();
    }
    print(start.elapsed().as_nanos() as f64 / 1e6, ended, &[]);
}

#[derive(Default)]
struct Gate {
    arrived_and_open: Mutex<(u64, bool)>,
    changed: Condvar,
}

// Starts threads that all wait for one event: how long until all do, and what they take.
fn started(count: u64) -> (Duration, f64, usize, u64) {
    let gate = Arc::new(Gate::default());
    let mut threads = Vec::with_capacity(count as usize);
    let before = crate::memory::resident_bytes();
    let start = Instant::now();
    for _ in 0..count {
        let gate = gate.clone();
        let made = std::thread::Builder::new().spawn(move || {
            let size = stack().1;
            let mut state = gate.arrived_and_open.lock().unwrap();
            state.0 += 1;
            if state.0 == count {
                gate.changed.notify_all();
            }
            while !state.1 {
                state = gate.changed.wait(state).unwrap();
            }
            size
        });
        threads.push(made.unwrap_or_else(|error| refuse(&format!("no thread {}: {error}", threads.len() + 1))));
    }
    let mut state = gate.arrived_and_open.lock().unwrap();
    while state.0 != count {
        state = gate.changed.wait(state).unwrap();
    }
    let elapsed = start.elapsed();
    let resident = crate::memory::resident_bytes() - before;
    state.1 = true;
    drop(state);
    gate.changed.notify_all();
    let sizes: Vec<usize> = threads.into_iter().map(|one| one.join().unwrap()).collect();
    (elapsed, resident, sizes.iter().copied().max().unwrap_or(0), sizes.len() as u64)
}

pub fn threads(count: u64) {
    started(64);
    let (elapsed, resident, stack_bytes, ended) = started(count);
    let each = count as f64;
    let also = [("stack_bytes", stack_bytes as f64), ("resident_bytes", resident / each)];
    print(elapsed.as_nanos() as f64 / 1e3 / each, ended, &also);
}
