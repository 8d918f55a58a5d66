// Tasks that begin together, at a gate, and of which the last to end stops the clock: so that neither their spawns nor
// their joins are timed.
#pragma once

#include <bifilar/base/detail/atomic.hpp>
#include <bifilar/base/detail/cache_line.hpp>
#include <bifilar/bifilar.hpp>
#include <cstdint>
#include <harness/pin.hpp>
#include <harness/run.hpp>
#include <harness/stopwatch.hpp>
#include <harness/workers.hpp>
#include <utility>
#include <vector>

namespace bifilar::experiments {

class crowd {
public:
    explicit crowd(std::uint64_t tasks) noexcept : tasks_{tasks}, to_arrive_{tasks}, to_end_{tasks} {}

    /// Each task, before its work.
    [[nodiscard]] event& gate() noexcept { return gate_; }
    void arrive() noexcept { to_arrive_.fetch_sub(1, base::relaxed); }  // Relaxed: the gate's opening waits, no more.
    /// Each task, behind its work: `done` operations.
    void end(std::uint64_t done) noexcept {
        done_.fetch_add(done, base::relaxed);  // Relaxed: see to_end_.
        // Pairs with itself and with all_ended, so that the last one, and who joins, see what all have done.
        if (to_end_.fetch_sub(1, base::acq_rel) == 1) took_ns_ = now_ns() - began_ns_;
    }

    /// Opens the gate when all wait at it.
    task<> begin() {
        while (to_arrive_.load(base::relaxed) != 0) co_await yield_now();  // Relaxed: see arrive.
        began_ns_ = now_ns();
        gate_.set();
    }
    /// When all have been joined: nanoseconds an operation of `operations`.
    [[nodiscard]] sample result(std::uint64_t operations) const noexcept {
        const std::uint64_t done = done_.load(base::relaxed);  // Relaxed: all were joined.
        return {static_cast<double>(took_ns_) / static_cast<double>(operations), done, {}};
    }
    [[nodiscard]] std::uint64_t tasks() const noexcept { return tasks_; }

private:
    event gate_;
    const std::uint64_t tasks_;
    // How many are still to come, and to end; what they have done. Written by all tasks.
    alignas(base::cache_line_bytes) base::atomic<std::uint64_t> to_arrive_;
    alignas(base::cache_line_bytes) base::atomic<std::uint64_t> to_end_;
    base::atomic<std::uint64_t> done_{0};
    std::int64_t began_ns_ = 0;
    std::int64_t took_ns_ = 0;
};

/// A task of either model: the first function makes a coroutine, the second is a fiber's.
template <class Coroutine, class Fiber, class... Arguments>
[[nodiscard]] auto start(backend on, Coroutine as_coroutine, Fiber as_fiber, Arguments... arguments) {
    return on == backend::stackful ? spawn(on, as_fiber, arguments...) : spawn(on, as_coroutine, arguments...);
}

/// One crowd: `join(of, member)` starts the task of that number.
template <class Start>
task<sample> gather(std::uint64_t tasks, std::uint64_t operations, Start join) {
    crowd of{tasks};
    std::vector<join_handle<void>> members;
    members.reserve(tasks);
    for (std::uint64_t member = 0; member < tasks; ++member) members.push_back(join(&of, member));
    co_await of.begin();
    for (auto& member : members) co_await member;
    co_return of.result(operations);
}

/// The second of two runs in one runtime of so many workers; `whole` is a coroutine's function that gives a sample.
/// `twice` is false where the first leaves nothing that a second would find warm.
template <class Whole>
sample second_of_two(std::uint32_t count, Whole whole, bool twice = true) {
    const pinned here{count};
    runtime made{workers(count)};
    if (twice) (void)made.run(whole);
    return made.run(whole);
}

}  // namespace bifilar::experiments
