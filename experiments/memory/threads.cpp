// Threads of the operating system, parked on one condition variable.
// Their kernel stacks are outside of the process's resident memory and reported on their own.
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "parked.hpp"

namespace bifilar::experiments {

sample park_threads(std::uint64_t tasks) {
    std::mutex lock;  // Guards all below.
    std::condition_variable changed;
    std::uint64_t arrived = 0;
    std::uint64_t left = 0;
    bool open = false;
    std::vector<std::thread> threads(tasks);
    const memory_use before = read_memory();
    for (std::thread& one : threads)
        one = std::thread{[&] {
            std::unique_lock guard{lock};
            if (++arrived == tasks) changed.notify_all();
            changed.wait(guard, [&] { return open; });
            ++left;
        }};
    {
        std::unique_lock guard{lock};
        changed.wait(guard, [&] { return arrived == tasks; });
    }
    sample result = per_task(before, read_memory(), tasks);
    {
        const std::lock_guard guard{lock};
        open = true;
    }
    changed.notify_all();
    for (std::thread& one : threads) one.join();
    result.answer = left;
    return result;
}

}  // namespace bifilar::experiments
