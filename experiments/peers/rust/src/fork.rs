// Work that forks into tasks and joins them.
use crate::{print, refuse};
use std::future::Future;
use std::pin::Pin;
use std::time::Instant;

type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

fn fibonacci(place: u64) -> Boxed<u64> {
    Box::pin(async move {
        if place < 2 {
            return place;
        }
        let before = tokio::spawn(fibonacci(place - 1));
        let second = fibonacci(place - 2).await;
        before.await.unwrap() + second
    })
}

fn skynet(first: u64, leaves: u64) -> Boxed<u64> {
    const CHILDREN: u64 = 10;
    Box::pin(async move {
        if leaves == 1 {
            return first;
        }
        let part = leaves / CHILDREN;
        let mut all = Vec::with_capacity(CHILDREN as usize);
        for n in 0..CHILDREN {
            all.push(tokio::spawn(skynet(first + n * part, part)));
        }
        let mut sum = 0;
        for one in all {
            sum += one.await.unwrap();
        }
        sum
    })
}

#[derive(Clone, Copy)]
struct Board {
    columns: [i8; 16],
    placed: i8,
    rows: i8,
}

impl Board {
    fn with(&self, column: i8) -> Option<Board> {
        for row in 0..self.placed {
            let across = self.columns[row as usize] - column;
            let down = self.placed - row;
            if across == 0 || across == down || across == -down {
                return None;
            }
        }
        let mut next = *self;
        next.columns[next.placed as usize] = column;
        next.placed += 1;
        Some(next)
    }
}

fn queens(at: Board) -> Boxed<u64> {
    Box::pin(async move {
        if at.placed == at.rows {
            return 1;
        }
        let mut all = Vec::with_capacity(at.columns.len());
        for column in 0..at.rows {
            if let Some(next) = at.with(column) {
                all.push(tokio::spawn(queens(next)));
            }
        }
        let mut solutions = 0;
        for one in all {
            solutions += one.await.unwrap();
        }
        solutions
    })
}

// Tasks write different parts of one product; what they borrow is joined before it ends.
#[derive(Clone, Copy)]
struct Factors {
    product: *mut f32,
    left: *const f32,
    right: *const f32,
    rows: usize,
    stride: usize,
}
unsafe impl Send for Factors {}

impl Factors {
    fn quarter(&self, down: usize, across: usize, along: usize) -> Factors {
        let half = self.rows / 2;
        unsafe {
            Factors {
                product: self.product.add((down * self.stride + across) * half),
                left: self.left.add((down * self.stride + along) * half),
                right: self.right.add((along * self.stride + across) * half),
                rows: half,
                stride: self.stride,
            }
        }
    }

    fn by_loops(&self) {
        for i in 0..self.rows {
            let into = unsafe { std::slice::from_raw_parts_mut(self.product.add(i * self.stride), self.rows) };
            for k in 0..self.rows {
                let one = unsafe { *self.left.add(i * self.stride + k) };
                let row = unsafe { std::slice::from_raw_parts(self.right.add(k * self.stride), self.rows) };
                for (to, from) in into.iter_mut().zip(row) {
                    *to += one * from;
                }
            }
        }
    }
}

fn multiply(of: Factors) -> Boxed<()> {
    const LEAF_ROWS: usize = 64;
    Box::pin(async move {
        if of.rows <= LEAF_ROWS {
            return of.by_loops();
        }
        for along in 0..2 {
            let first = tokio::spawn(multiply(of.quarter(0, 0, along)));
            let second = tokio::spawn(multiply(of.quarter(0, 1, along)));
            let third = tokio::spawn(multiply(of.quarter(1, 0, along)));
            let own = multiply(of.quarter(1, 1, along));
            own.await;
            third.await.unwrap();
            second.await.unwrap();
            first.await.unwrap();
        }
    })
}

async fn matrix(rows: u64) -> u64 {
    let count = rows as usize;
    let mut product = vec![0f32; count * count];
    let mut left = vec![0f32; count * count];
    let mut right = vec![0f32; count * count];
    for i in 0..count {
        for j in 0..count {
            left[i * count + j] = ((i + 2 * j) % 3) as f32;
            right[i * count + j] = ((3 * i + j) % 4) as f32;
        }
    }
    let all = Factors {
        product: product.as_mut_ptr(),
        left: left.as_ptr(),
        right: right.as_ptr(),
        rows: count,
        stride: count,
    };
    multiply(all).await;
    product.iter().map(|one| *one as u64).sum()
}

fn child_of(node: u64, n: u64) -> u64 {
    let mut mixed = node.wrapping_add((n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
}

fn children_of(node: u64) -> u64 {
    if (node >> 32) % 1000 < 124 {
        8
    } else {
        0
    }
}

fn tree(node: u64, children: u64) -> Boxed<u64> {
    Box::pin(async move {
        if children == 0 {
            return 1;
        }
        let mut all = Vec::with_capacity(children as usize);
        for n in 0..children {
            let child = child_of(node, n);
            all.push(tokio::spawn(tree(child, children_of(child))));
        }
        let mut nodes = 1;
        for one in all {
            nodes += one.await.unwrap();
        }
        nodes
    })
}

async fn once(name: &str, size: u64) -> u64 {
    match name {
        "fibonacci" => fibonacci(size).await,
        "skynet" => skynet(0, size).await,
        "queens" => queens(Board { columns: [0; 16], placed: 0, rows: size as i8 }).await,
        "matrix" => tokio::spawn(matrix(size)).await.unwrap(),
        "tree" => tree(size, 2000).await,
        other => refuse(&format!("nothing forks that is called {other}")),
    }
}

pub async fn forks(name: String, size: u64) {
    let mut cold = 0.0;
    for warm in [false, true] {
        let start = Instant::now();
        let answer = once(&name, size).await;
        let elapsed = start.elapsed().as_nanos() as f64 / 1e6;
        if warm {
            print(elapsed, answer, &[("cold_ms", cold)]);
        }
        cold = elapsed;
    }
}
