//! Files in the page cache: by tokio::fs, which has no read at an offset and seeks first, and by the standard library's
//! read at an offset in the pool for calls that block. What tokio::fs does, it does in that pool too.
use crate::timers::Numbers;
use crate::{refuse, report};
use std::io::SeekFrom;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::time::Instant;
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio::task::{spawn_blocking, JoinHandle};

#[derive(Clone, Copy)]
pub struct Shape {
    pub bytes: usize,
    pub tasks: u64,
    pub reads: u64,
}

const WORD: usize = 8;

fn word(from: &[u8]) -> u64 {
    u64::from_le_bytes(from[..WORD].try_into().unwrap())
}

/// How many bytes there are, if they are those of the offset: each word of the file says where it stands.
fn right_bytes(read: &[u8], offset: u64) -> u64 {
    let last = read.len() - WORD;
    let right = word(read) == offset && word(&read[last..]) == offset + last as u64;
    if right { read.len() as u64 } else { 0 }
}

/// Where the next read begins: on a page.
fn next_offset(numbers: &mut Numbers, size: u64, bytes: usize) -> u64 {
    const PAGE: u64 = 4096;
    numbers.next() % ((size - bytes as u64) / PAGE + 1) * PAGE
}

fn size_of(path: &str) -> u64 {
    std::fs::metadata(path).unwrap_or_else(|error| refuse(&error.to_string())).len()
}

async fn read_by_seeking(path: Arc<str>, bytes: usize, reads: u64, seed: u64) -> u64 {
    let size = size_of(&path);
    let mut file = File::open(&*path).await.unwrap();
    let mut into = vec![0; bytes];
    let mut numbers = Numbers(seed);
    let mut sum = 0;
    for _ in 0..reads {
        let offset = next_offset(&mut numbers, size, bytes);
        file.seek(SeekFrom::Start(offset)).await.unwrap();
        file.read_exact(&mut into).await.unwrap();
        sum += right_bytes(&into, offset);
    }
    sum
}

async fn read_in_the_pool(path: Arc<str>, bytes: usize, reads: u64, seed: u64) -> u64 {
    let size = size_of(&path);
    let file = Arc::new(std::fs::File::open(&*path).unwrap());
    let mut into = vec![0; bytes];
    let mut numbers = Numbers(seed);
    let mut sum = 0;
    for _ in 0..reads {
        let offset = next_offset(&mut numbers, size, bytes);
        let from = file.clone();
        into = spawn_blocking(move || {
            from.read_exact_at(&mut into, offset).unwrap();
            into
        })
        .await
        .unwrap();
        sum += right_bytes(&into, offset);
    }
    sum
}

fn start(path: &Arc<str>, by_seeking: bool, bytes: usize, reads: u64, seed: u64) -> JoinHandle<u64> {
    let path = path.clone();
    if by_seeking {
        tokio::spawn(read_by_seeking(path, bytes, reads, seed))
    } else {
        tokio::spawn(read_in_the_pool(path, bytes, reads, seed))
    }
}

/// Tasks that read at the same time, each its share one after the other.
pub async fn reads(path: String, by_seeking: bool, how: Shape) {
    let path: Arc<str> = path.into();
    let mut sum = 0;
    let mut began = Instant::now();
    for reads in [how.reads / 10, how.reads] {
        sum = 0;
        began = Instant::now();
        let all: Vec<_> =
            (1..=how.tasks).map(|seed| start(&path, by_seeking, how.bytes, reads / how.tasks, seed)).collect();
        for one in all {
            sum += one.await.unwrap();
        }
    }
    report(began.elapsed(), how.reads, sum);
}

/// The size of an open file, one question after the other.
pub async fn sizes(path: String, count: u64) {
    let file = File::open(&path).await.unwrap_or_else(|error| refuse(&error.to_string()));
    let mut sum = 0;
    let mut began = Instant::now();
    for times in [count / 10, count] {
        sum = 0;
        began = Instant::now();
        for _ in 0..times {
            sum += file.metadata().await.unwrap().len();
        }
    }
    report(began.elapsed(), count, sum);
}
