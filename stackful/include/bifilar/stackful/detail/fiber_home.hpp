// The fibers' side of one runtime: its stack pool and each worker's warm stacks.
// A fiber's outcome lies on its stack, so the pool stays until the last handle has let go, even after the runtime.
#pragma once

#include <bifilar/base/detail/atomic.hpp>
#include <bifilar/base/detail/clock.hpp>
#include <bifilar/sched/detail/start.hpp>
#include <bifilar/stackful/detail/stack_pool.hpp>
#include <memory>
#include <mutex>
#include <vector>

namespace bifilar::sched {
class worker;
}

namespace bifilar::stackful {

class fiber_home final : public sched::spawn_resources {
public:
    /// `workers` is the number of workers that will call open().
    explicit fiber_home(std::uint32_t workers, std::size_t stack_bytes, stack_pool_options options = {});

    /// The runtime is over: frees this object now, or when the last stack comes back.
    static void abandon(fiber_home* home) noexcept;

    /// The worker's thread starts and ends: its warm stacks.
    void open(std::uint32_t worker);
    void close(std::uint32_t worker) noexcept;

    /// A stack for a fiber spawned by this thread. `bytes` 0 means the runtime's default. Throws as stack_pool::take.
    [[nodiscard]] stack_view take(const sched::worker* here, std::size_t bytes);
    /// Returns it. `here` is the calling thread's worker when it belongs to the same runtime, else null. Any thread.
    void give(const sched::worker* here, stack_view stack) noexcept;

    /// Lays the worker's warm stacks into the pool, and gives back what the runtime has not needed lately; see
    /// stack_pool::trim. On the worker's thread.
    bool trim(std::uint32_t worker, base::instant_ns now, base::instant_ns pause) noexcept {
        caches_[worker]->flush();
        return pool_.trim(now, pause);
    }

    [[nodiscard]] stack_pool& pool() noexcept { return pool_; }
    [[nodiscard]] std::size_t stack_bytes() const noexcept { return stack_bytes_; }

private:
    ~fiber_home() = default;

    const std::size_t stack_bytes_;
    stack_pool pool_;
    std::vector<std::unique_ptr<stack_cache>> caches_;  // Each touched by its worker's thread alone.
    std::mutex mutex_;                                  // Guards abandoned_ and the look at the pool that goes with it.
    bool abandoned_ = false;
};

}  // namespace bifilar::stackful
