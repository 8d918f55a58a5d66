// Which families there are. The table in docs/guides/metrics.md has the same, which examples/http_metrics_test
// compares.
#include "metrics/exposition.hpp"

#include <cstddef>
#include <string>

namespace bifilar {
namespace {

using metrics::exposition;
using metrics::text_format;

// One sample, or one for each worker.
template <class Item, class Total, class Value>
void add_workers(exposition& to, bool each, const std::vector<Item>& items, const Total& total, Value value) {
    if (!each) return to.add(value(total));
    for (std::size_t n = 0; n < items.size(); ++n) to.add(value(items[n]), "worker", std::to_string(n));
}

void add_counts(exposition& to, const runtime_metrics& of, bool each) {
    const worker_stats total = of.counts.total();
    const auto add = [&](std::uint64_t worker_stats::*field) {
        add_workers(to, each, of.counts.workers, total, [field](const worker_stats& one) { return one.*field; });
    };
    to.begin_gauge("workers", "Scheduler threads.");
    to.add(of.counts.workers.size(), "driver", to_string(of.driver));
    to.begin_gauge("tasks_alive", "Tasks that were spawned and have not ended.");
    to.add(of.tasks_alive());
    to.begin_counter("tasks_spawned", "Tasks spawned, by tasks and by other threads.");
    to.add(total.spawned - of.counts.spawned_outside, "origin", "task");
    to.add(of.counts.spawned_outside, "origin", "thread");
    to.begin_counter("tasks_completed", "Tasks that have ended.");
    add(&worker_stats::completed);
    to.begin_counter("polls", "Runs of tasks, each until the task waits, yields or ends.");
    add(&worker_stats::polled);
    to.begin_counter("newest_polls",
                     "Of them, runs of the task that was queued last, or of a child in its joiner's run.");
    add(&worker_stats::lifo_hits);
    to.begin_counter("tasks_stolen", "Tasks taken from another worker's queue.");
    add(&worker_stats::stolen);
    to.begin_counter("worker_sleeps", "Sleeps of workers that had nothing to do.");
    add(&worker_stats::parked);
    to.begin_counter("worker_wakes", "Sleeping workers woken by workers.");
    add(&worker_stats::wakes);
    to.begin_counter("stalls", "Runs of tasks that were over runtime_options::stall_limit.");
    to.add(of.counts.stalls);
    to.begin_gauge("longest_stall_seconds", "The longest of them.", "seconds");
    to.add(of.counts.longest_stall);
}

void add_times(exposition& to, const runtime_metrics& of, bool each) {
    if (of.times.empty()) return;
    const worker_times total = of.total_times();
    const auto add = [&](histogram worker_times::*field) {
        add_workers(to, each, of.times, total,
                    [field](const worker_times& one) -> const histogram& { return one.*field; });
    };
    to.begin_histogram("turn_seconds", "How long a task ran without a break, with children inside; by samples.");
    add(&worker_times::turns);
    to.begin_histogram("queue_delay_seconds", "How long a task at the end of a worker's queue waited; by samples.");
    add(&worker_times::queue_delay);
    to.begin_histogram("worker_sleep_seconds", "How long workers slept, each time.");
    add(&worker_times::sleeps);
    to.begin_histogram("timer_delay_seconds", "How long after its time a timer woke its task.");
    add(&worker_times::timer_delay);
}

void add_memory(exposition& to, const runtime_stats& of) {
    to.begin_gauge("frame_bytes", "Memory of all runtimes for coroutine frames and tasks.", "bytes");
    to.add(of.frame_bytes);
    to.begin_gauge("unused_frame_bytes", "So much of it is kept for the next frames.", "bytes");
    to.add(of.unused_frame_bytes);
    to.begin_gauge("fiber_stacks", "Stacks of fibers, and those that workers keep warm.");
    to.add(of.stacks_taken);
    to.begin_gauge("spare_fiber_stacks", "Stacks kept for the next fibers.");
    to.add(of.stacks_free);
}

void add_blocking(exposition& to, const runtime_metrics& of) {
    to.begin_gauge("blocking_threads", "Threads for blocking calls.");
    to.add(of.blocking.threads);
    to.begin_gauge("blocking_queued", "Blocking calls that wait for a thread.");
    to.add(of.blocking.queued);
    to.begin_gauge("blocking_running", "Blocking calls under way.");
    to.add(of.blocking.running);
    if (of.times.empty()) return;
    to.begin_histogram("blocking_queue_delay_seconds", "How long blocking calls waited for a thread.");
    to.add(of.blocking.queue_delay);
    to.begin_histogram("blocking_run_seconds", "How long blocking calls took.");
    to.add(of.blocking.run);
}

// Kinds that nobody has used are left out: there are many.
void add_operations(exposition& to, const std::vector<io_operation_stats>& of) {
    if (of.empty()) return;
    const auto add = [&](std::uint64_t io_operation_stats::*field) {
        for (const io_operation_stats& one : of)
            if (one.results + one.waits != 0) to.add(one.*field, "operation", one.name);
    };
    to.begin_counter("io_results", "Results of operations that tasks were given.");
    add(&io_operation_stats::results);
    to.begin_counter("io_waits", "How often tasks had to wait for the kernel.");
    add(&io_operation_stats::waits);
    to.begin_counter("io_errors", "Results that were errors, without those of cancelled operations.");
    add(&io_operation_stats::errors);
}

std::string text_of(const runtime_metrics& of, text_format format, const metrics_format& how) {
    exposition to{format, how};
    add_counts(to, of, how.each_worker);
    add_times(to, of, how.each_worker);
    add_memory(to, of.counts);
    add_blocking(to, of);
    add_operations(to, of.operations);
    return std::move(to).take();
}

}  // namespace

std::string runtime_metrics::prometheus(const metrics_format& format) const {
    return text_of(*this, text_format::prometheus, format);
}

std::string runtime_metrics::open_metrics(const metrics_format& format) const {
    return text_of(*this, text_format::open_metrics, format);
}

}  // namespace bifilar
