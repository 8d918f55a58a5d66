// Which runtimes are alive, by the number that their tasks carry.
#pragma once

#include <bifilar/base/detail/atomic.hpp>
#include <bifilar/base/detail/thread_mutex.hpp>
#include <bifilar/memory/detail/frame_pool.hpp>
#include <bifilar/sched/detail/scheduler.hpp>

#include <array>
#include <cstdint>
#include <mutex>
#include <optional>
#include <stdexcept>

namespace bifilar::sched {

// The live runtimes by number. Written under the mutex; read by every wake, without it.
class runtime_registry {
public:
    detail::task_owner add(scheduler& one) {
        const std::lock_guard guard{mutex_};
        // In turn, so that what outlives a runtime is not soon taken for another's.
        for (std::uint32_t tried = 0; tried < detail::max_task_owners; ++tried) {
            const detail::task_owner id = last_ = static_cast<detail::task_owner>(last_ % detail::max_task_owners + 1);
            // Relaxed: only lock holders write.
            if (table_[id].load(base::relaxed) != nullptr) continue;
            // Relaxed: whoever finds it has claimed a task that was started on it, and that came later.
            table_[id].store(&one, base::relaxed);
            return id;
        }
        throw std::runtime_error{"4094 runtimes are alive at once; shut some down before starting another"};
    }
    void remove(detail::task_owner id) noexcept {
        const std::lock_guard guard{mutex_};
        table_[id].store(nullptr, base::relaxed);  // Nobody may wake a task of a runtime that is gone.
    }
    /// Keeps it alive as long as the answer is. Empty when it is gone.
    void enter(std::uint32_t id, std::optional<scheduler::visit>& inside, scheduler*& found) noexcept {
        const std::lock_guard guard{mutex_};
        found = table_[id].load(base::relaxed);  // Relaxed: under the lock.
        if (found != nullptr) inside.emplace(*found);
    }
    /// That of a task which the caller has claimed.
    scheduler* find(std::uint32_t id) noexcept { return table_[id].load(base::relaxed); }  // Relaxed: see add.

    /// The number of a new runtime, which no other of this process has.
    std::uint32_t next_serial() noexcept { return made_.fetch_add(1, base::relaxed) + 1; }  // Relaxed: no message.

private:
    base::thread_mutex mutex_;
    detail::task_owner last_ = 0;  // The number given last. Under the mutex.
    std::array<base::atomic<scheduler*>, detail::max_task_owners + 1> table_{};
    base::atomic<std::uint32_t> made_{0};
};

}  // namespace bifilar::sched
