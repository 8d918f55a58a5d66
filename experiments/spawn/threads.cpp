// The same with one thread of the operating system a task.
// On one processor, like the one-worker runtimes beside it.
#include <bifilar/base/detail/atomic.hpp>
#include <harness/pin.hpp>
#include <harness/stopwatch.hpp>
#include <thread>
#include <vector>

#include "contenders.hpp"

namespace bifilar::experiments {

sample threads_sequential(std::uint64_t tasks) {
    const pinned here{1};
    // Written by one thread after the other. Relaxed: join orders them.
    base::atomic<std::uint64_t> counter{0};
    const stopwatch watch;
    for (std::uint64_t i = 0; i < tasks; ++i)
        std::thread{[&] { counter.fetch_add(1, base::relaxed); }}.join();                       // Relaxed: see counter.
    return {watch.per_operation(static_cast<double>(tasks)), counter.load(base::relaxed), {}};  // Relaxed: all joined.
}

sample threads_concurrent(std::uint64_t tasks) {
    const pinned here{1};
    // Written by all threads. Relaxed: join makes the additions visible.
    base::atomic<std::uint64_t> counter{0};
    const stopwatch watch;
    std::vector<std::thread> threads;
    threads.reserve(tasks);
    for (std::uint64_t i = 0; i < tasks; ++i)
        threads.emplace_back([&] { counter.fetch_add(1, base::relaxed); });  // Relaxed: see counter.
    for (std::thread& one : threads) one.join();
    return {watch.per_operation(static_cast<double>(tasks)), counter.load(base::relaxed), {}};  // Relaxed: all joined.
}

}  // namespace bifilar::experiments
