// Threads of the operating system: what starting one takes, and how many of them a process may have.
// They wait on one condition variable, so that all exist at once.
#include <pthread.h>

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <harness/measure.hpp>
#include <harness/peers.hpp>
#include <harness/process.hpp>
#include <harness/thread_limit.hpp>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "thread_stack.hpp"
#include "workloads.hpp"

namespace bifilar::experiments {

namespace {

// Where threads come together and wait until all may go.
class gathering {
public:
    /// Of a thread that came: returns when all may go.
    void visit() {
        std::unique_lock guard{lock_};
        ++arrived_;
        came_.notify_one();
        opened_.wait(guard, [&] { return open_; });
        ++left_;
    }
    void wait_for(std::uint64_t count) {
        std::unique_lock guard{lock_};
        came_.wait(guard, [&] { return arrived_ == count; });
    }
    void open() {
        const std::lock_guard guard{lock_};
        open_ = true;
        opened_.notify_all();
    }
    /// After their threads were joined.
    [[nodiscard]] std::uint64_t left() const noexcept { return left_; }

private:
    std::mutex lock_;  // Guards all below.
    std::condition_variable came_;
    std::condition_variable opened_;
    std::uint64_t arrived_ = 0;
    std::uint64_t left_ = 0;
    bool open_ = false;
};

sample started(std::uint64_t count) {
    gathering at;
    std::vector<std::thread> threads(count);
    std::vector<std::size_t> stack_bytes(count);
    const std::int64_t before = bytes_after("/proc/self/smaps_rollup", "Rss:");
    const stopwatch watch;
    std::size_t made = 0;
    std::error_code refused;
    try {
        for (; made < count; ++made)
            threads[made] = std::thread{[&at, &size = stack_bytes[made]] {
                size = thread_stack{}.bytes();
                at.visit();
            }};
    } catch (const std::system_error& error) {
        refused = error.code();
    }
    at.wait_for(made);
    const std::int64_t elapsed_ns = watch.ns();
    const std::int64_t resident = bytes_after("/proc/self/smaps_rollup", "Rss:") - before;
    at.open();
    for (std::size_t n = 0; n < made; ++n) threads[n].join();
    if (refused) throw std::system_error{refused, "thread " + std::to_string(made + 1) + " was refused"};
    const auto each = static_cast<double>(count);
    return {static_cast<double>(elapsed_ns) / 1e3 / each,
            at.left(),
            {{"stack_bytes", static_cast<double>(*std::max_element(stack_bytes.begin(), stack_bytes.end()))},
             {"resident_bytes", static_cast<double>(resident) / each}}};
}

sample threads(std::uint64_t count) {
    const pinned here{1};
    (void)started(64);
    return started(count);
}

constexpr std::uint64_t max_wanted = 65'536;
constexpr std::int64_t spare_memory_bytes = std::int64_t{1} << 30;
constexpr std::uint64_t batch = 256;  // Threads between two looks at the machine's memory.

// Until the kernel refuses one, or until this stops by itself: at max_wanted, or short of what others need.
sample max_threads(std::size_t stack_bytes) {
    gathering at;
    std::vector<pthread_t> threads;
    const std::uint64_t room = room_for_threads();
    const std::uint64_t most = std::min(max_wanted, room);
    threads.reserve(most);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, stack_bytes);
    const auto visit = [](void* to) -> void* {
        static_cast<gathering*>(to)->visit();
        return nullptr;
    };
    int error = 0;
    bool out_of_memory = false;
    while (threads.size() < most && error == 0 && !out_of_memory) {
        pthread_t made{};
        error = pthread_create(&made, &attributes, visit, &at);
        if (error == 0) threads.push_back(made);
        if (threads.size() % batch == 0)
            out_of_memory = bytes_after("/proc/meminfo", "MemAvailable:") < spare_memory_bytes;
    }
    pthread_attr_destroy(&attributes);
    at.wait_for(threads.size());
    at.open();
    for (const pthread_t one : threads) pthread_join(one, nullptr);
    const bool all = at.left() == threads.size();
    return {static_cast<double>(threads.size()),
            all ? 1U : 0U,
            {{"errno", error},
             {"room_in_the_table", static_cast<double>(room)},
             {"stopped_for_memory", out_of_memory ? 1 : 0}}};
}

}  // namespace

void add_threads(experiment& all) {
    constexpr std::uint64_t count = 1'000;
    workload cost{"threads", "threads started and parked", "us per thread", static_cast<double>(count), count, {}};
    cost.isolated = true;
    cost.warm_up = 0;
    cost.contenders = {{"std::thread", [] { return threads(count); }}};
    add_peers(all, cost, {rust_thread({"threads", std::to_string(count)})});
    all.add(std::move(cost));

    workload most{"threads_most",
                  "threads that one process started before it was refused or stopped by itself",
                  "threads",
                  1,
                  1,
                  {}};
    most.isolated = true;
    most.warm_up = 0;
    most.repetitions = 3;
    most.quick_repetitions = 1;
    // The smaller ones take less address space and fewer page tables.
    most.contenders = {{"stacks of 2 MiB", [] { return max_threads(std::size_t{2} << 20); }},
                       {"stacks of 64 KiB", [] { return max_threads(std::size_t{64} << 10); }}};
    all.add(std::move(most));
    all.fact("kernel.pid_max", kernel_setting("pid_max", 0));
    all.fact("kernel.threads-max", kernel_setting("threads-max", 0));
}

}  // namespace bifilar::experiments
