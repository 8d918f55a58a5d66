// Threads push and one takes: the scheduler's own global queue, a list under a lock from which a worker takes up to 64
// at a time, and a lock-free stack, from which it takes one, or all by one exchange. Overtaken: the younger ones that
// left before the oldest.
#include <bifilar/base/detail/atomic.hpp>
#include <bifilar/base/detail/cache_line.hpp>
#include <bifilar/sched/detail/global_queue.hpp>

#include <algorithm>
#include <harness/seat.hpp>
#include <latch>
#include <memory>
#include <thread>

#include "questions.hpp"

namespace bifilar::experiments {

namespace {

constexpr std::uint64_t tasks = 1'000'000;
constexpr std::size_t max_at_once = 64;  // As worker::take_global.

// Treiber's, for one taker: then a task that it looks at cannot leave and come back.
class lock_free_stack {
public:
    void push(detail::task_header& task) noexcept {
        detail::task_header* top = top_.load(base::relaxed);  // Relaxed: a guess for the exchange.
        do task.next_ = top;
        // Pairs with take and take_all; so that the task is visible.
        while (!top_.compare_exchange_weak(top, &task, base::release, base::relaxed));
    }
    detail::task_header* take(std::size_t) noexcept {
        detail::task_header* top = top_.load(base::acquire);  // Pairs with push, twice.
        while (top != nullptr && !top_.compare_exchange_weak(top, top->next_, base::acquire, base::acquire)) {
        }
        if (top != nullptr) top->next_ = nullptr;
        return top;
    }

    // The newest in front; nothing is left for another taker.
    detail::task_header* take_all() noexcept { return top_.exchange(nullptr, base::acquire); }  // Pairs with push.

private:
    // The newest task, or null. Written and read by all.
    alignas(base::cache_line_bytes) base::atomic<detail::task_header*> top_{nullptr};
};

struct emptied_stack : lock_free_stack {
    detail::task_header* take(std::size_t) noexcept { return take_all(); }
};

struct idle_task : detail::task_header {
    static constexpr detail::operations kind{nullptr, nullptr, nullptr};
    idle_task() noexcept : detail::task_header{kind, 0} {}
};

// Task n is pusher n / each's, which pushes its own in order. A task can only be overtaken by the most while it is the
// oldest of its pusher's: those younger than a later one are younger than it as well.
std::uint64_t max_overtaken(const std::vector<std::uint32_t>& order, std::size_t pushers) {
    const std::size_t each = order.size() / pushers;
    std::vector<char> taken(order.size());
    std::vector<std::size_t> oldest(pushers);
    std::vector<std::size_t> count(pushers);
    std::uint64_t most = 0;
    for (const std::uint32_t number : order) {
        const std::size_t pusher = number / each;
        const std::size_t own = number % each;
        if (own == oldest[pusher]) most = std::max<std::uint64_t>(most, count[pusher] - own);
        taken[number] = 1;
        ++count[pusher];
        while (oldest[pusher] < each && taken[pusher * each + oldest[pusher]] != 0) ++oldest[pusher];
    }
    return most;
}

template <class Queue>
sample push_and_take(std::size_t pushers) {
    const pinned here{2};
    note_seat({}, pushers + 1);  // All of them run: with two pushers they are three on two processors.
    const auto all = std::make_unique<idle_task[]>(tasks);
    std::vector<std::uint32_t> order;
    order.reserve(tasks);
    Queue queue;
    std::latch ready{static_cast<std::ptrdiff_t>(pushers) + 1};
    std::vector<std::jthread> threads;
    for (std::size_t pusher = 0; pusher < pushers; ++pusher)
        threads.emplace_back([&, from = pusher * (tasks / pushers)] {
            ready.arrive_and_wait();
            for (std::size_t n = from; n < from + tasks / pushers; ++n) queue.push(all[n]);
        });
    ready.arrive_and_wait();
    const counting_stopwatch watch;
    while (order.size() < tasks) {
        detail::task_header* at = queue.take(max_at_once);
        if (at == nullptr) base::spin_pause();
        for (; at != nullptr; at = at->next_)
            order.push_back(static_cast<std::uint32_t>(static_cast<idle_task*>(at) - all.get()));
    }
    sample taken = watch.stop(tasks, order.size());
    taken.also["overtaken"] = static_cast<double>(max_overtaken(order, pushers));
    return taken;
}

}  // namespace

void add_global_queue(experiment& all) {
    for (const std::size_t pushers : {1, 2}) {
        workload work{"global_queue", "threads push 1,000,000 tasks, one takes them, two processors",
                      "ns per task",  static_cast<double>(pushers),
                      tasks,          {}};
        work.repetitions = 99;  // Each is short, and what it takes is up to how the threads meet.
        work.contenders = {{"list under a lock", [=] { return push_and_take<sched::global_queue>(pushers); }},
                           {"lock-free stack", [=] { return push_and_take<lock_free_stack>(pushers); }},
                           {"lock-free stack, all at once", [=] { return push_and_take<emptied_stack>(pushers); }}};
        all.add(std::move(work));
    }
}

}  // namespace bifilar::experiments
