// The same workloads in Rust. One run, one sample: prints {"value": ns, "answer": n}, and further figures under "also".
// Usage: rust_peer LIBRARY WORKLOAD NUMBERS; LIBRARY is tokio, flume or async-channel, all on Tokio's scheduler.
// Workloads: yield TASKS ROUNDS | yield_waker TASKS ROUNDS | sequential N | concurrent N | million N WORKERS, see spawning.rs;
// op NAME COUNT [PROCESSORS], see operations.rs; channel TRIPS [PROCESSORS] | mpmc CAPACITY MESSAGES PROCESSORS
// | conversation CAPACITY PRODUCERS PAIRS MESSAGES PROCESSORS, see channels.rs; parked CAPACITY SENDERS
// | echo, see echo.rs | given_up SENDERS RACES | held COUNT, see parked.rs; sleeps N | timeout ready/yield/waker COUNT | cancel COUNT
// | lateness COUNT, see timers.rs; waiting N | run_through N | wake_all N, see memory.rs; depth | waits N MILLISECONDS
// | threads N, see limits.rs; blocking N [SECONDS] | crowded N | call COUNT AT_ONCE [THREADS], see blocking.rs; read FILE BYTES TASKS READS
// | read_in_pool FILE BYTES TASKS READS | size FILE COUNT, see files.rs; lookup COUNT, see names.rs; let_go N | budget N | barrier8 N
// | close N, see scheduling.rs; waiters N, see waiters.rs; fork NAME SIZE WORKERS, see fork.rs.
mod blocking;
mod channels;
mod counting;
mod echo;
mod files;
mod fork;
mod giving_way;
mod limits;
mod memory;
mod names;
mod operations;
mod parked;
mod scheduling;
mod spawning;
mod timers;
mod waiters;

use giving_way::Suspension;
use std::arch::asm;
use std::future::Future;
use std::time::Duration;

/// Ends the process: the caller asked for what there is not.
pub fn refuse(what: &str) -> ! {
    eprintln!("rust_peer: {what}");
    std::process::exit(2)
}

pub fn word(at: usize) -> String {
    std::env::args().nth(at).unwrap_or_else(|| refuse("too few arguments"))
}

pub fn number(at: usize) -> u64 {
    word(at).parse().unwrap_or_else(|_| refuse(&format!("not a number: {}", word(at))))
}

fn number_or(at: usize, otherwise: u64) -> u64 {
    if std::env::args().len() > at {
        number(at)
    } else {
        otherwise
    }
}

/// As many as the argument says; without it 1.
fn processors(at: usize) -> u64 {
    number_or(at, 1)
}

pub fn print(value: f64, answer: u64, also: &[(&str, f64)]) {
    let further: Vec<String> = also.iter().map(|(name, figure)| format!("\"{name}\": {figure}")).collect();
    println!("{{\"value\": {value}, \"answer\": {answer}, \"also\": {{{}}}}}", further.join(", "));
}

pub fn report(elapsed: Duration, operations: u64, answer: u64) {
    print(elapsed.as_nanos() as f64 / operations as f64, answer, &[]);
}

/// Keeps the compiler from seeing through a value.
pub fn keep<T>(value: &T) {
    unsafe { asm!("/* {0} */", in(reg) value, options(nostack, preserves_flags)) }
}

/// Runs `work` as a task of a runtime with so many workers.
pub fn on_workers<F>(workers: u64, work: F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let made = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(workers as usize)
        .enable_all()
        .build()
        .unwrap_or_else(|error| refuse(&error.to_string()));
    let task = made.spawn(work);
    if made.block_on(task).is_err() {
        refuse("the workload panicked");
    }
}

fn main() {
    let library = word(1);
    match word(2).as_str() {
        "echo" => echo::serve(),
        "yield" => on_workers(1, spawning::yields(number(3), number(4))),
        "yield_waker" => on_workers(1, spawning::yields_by_waker(number(3), number(4))),
        "channel" => on_workers(processors(4), channels::round_trips(library, number(3))),
        "sequential" => on_workers(1, spawning::sequential(number(3))),
        "concurrent" => on_workers(1, spawning::concurrent(number(3))),
        "million" => on_workers(number(4), spawning::concurrent(number(3))),
        "op" => on_workers(processors(5), operations::operation(library, word(3), number(4))),
        "conversation" => {
            let shape = channels::Shape::new(number(3), number(4), number(5), number(6));
            on_workers(number(7), channels::conversation(library, shape));
        }
        "mpmc" => {
            let talk = async move { channels::mpmc(&library, number(3), number(4), Suspension::Never).await };
            on_workers(number(5), talk);
        }
        "parked" => on_workers(1, parked::parked(library, number(3), number(4))),
        "given_up" => on_workers(1, parked::given_up(library, number(3), number(4))),
        "held" => parked::held(&library, number(3)),
        "sleeps" => on_workers(1, timers::sleeps(number(3))),
        "timeout" => on_workers(1, timers::timeouts(word(3), number(4))),
        "cancel" => on_workers(1, timers::cancels(number(3))),
        "lateness" => on_workers(1, timers::lateness(number(3))),
        "waiting" => on_workers(1, memory::waiting(number(3))),
        "run_through" => on_workers(1, memory::run_through(number(3))),
        "wake_all" => on_workers(1, memory::wake_all(number(3))),
        "depth" => on_workers(1, limits::depth()),
        "waits" => on_workers(1, limits::waits(number(3), number(4))),
        "threads" => limits::threads(number(3)),
        "blocking" => blocking::blocking(number(3), number_or(4, 0)),
        "crowded" => blocking::crowded(number(3)),
        "call" => blocking::calls(number(3), number(4), number_or(5, blocking::USUAL_THREADS)),
        "read" | "read_in_pool" => {
            let how = files::Shape { bytes: number(4) as usize, tasks: number(5), reads: number(6) };
            on_workers(1, files::reads(word(3), word(2) == "read", how));
        }
        "size" => on_workers(1, files::sizes(word(3), number(4))),
        "lookup" => on_workers(1, names::lookups(number(3))),
        "let_go" => on_workers(1, scheduling::let_go(number(3))),
        "budget" => on_workers(1, scheduling::budget(number(3))),
        "barrier8" => on_workers(2, scheduling::barrier_of_eight(number(3))),
        "close" => on_workers(1, scheduling::close(library, number(3))),
        "fork" => on_workers(number(5), fork::forks(word(3), number(4))),
        "waiters" => on_workers(1, waiters::waiters(number(3))),
        other => refuse(&format!("unknown workload {other}")),
    }
}
