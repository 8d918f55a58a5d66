// Who has locked a mutex: told of whoever waits for it, and in debug builds to a task that waits for itself.
// It lies in what the mutex would leave empty, and is kept by plain stores, so that lock and unlock stay one exchange
// each.
#pragma once

#include <bifilar/base/detail/assert.hpp>
#include <bifilar/base/detail/atomic.hpp>
#include <bifilar/task/context.hpp>
#include <bifilar/task/task_visitor.hpp>
#include <cstdint>

namespace bifilar::detail {

/// Any thread. A hint about others; about the caller's own task the truth, but for a task that lies 64 GiB off.
class lock_owner {
public:
    void set([[maybe_unused]] context& by) noexcept {
        if constexpr (keeps) task_.store(word_of(by), base::relaxed);  // Relaxed: compared only.
    }
    void clear() noexcept {
        if constexpr (keeps) task_.store(nobody, base::relaxed);  // Relaxed: as set.
    }
    /// As far as it is known: nobody's word, where it was locked by try_lock().
    [[nodiscard]] wait_fact fact() const noexcept {
        return wait_fact::holder(task_.load(base::relaxed));  // Relaxed: as set.
    }
    /// The task of `waits` waits for the lock. Says so, once, when it is the one that locked it: no abort, because its
    /// guard may have gone to another task, which will unlock.
    void tell([[maybe_unused]] context& waits) noexcept {
        if constexpr (looks) {
            // Relaxed: whoever wrote the caller's own address ran in the caller's task.
            if (task_.load(base::relaxed) != word_of(waits)) return;
            clear();
            base::tell(
                "a task waits for a mutex that it has locked itself: for ever, unless another task has the guard");
        }
    }

private:
    // Models would explore each order of these stores, on which nothing depends.
#if defined(BIFILAR_MODEL)
    static constexpr bool keeps = false;
#else
    static constexpr bool keeps = true;
#endif
#if defined(BIFILAR_DEBUG)
    static constexpr bool looks = keeps;
#else
    static constexpr bool looks = false;
#endif
    static constexpr std::uint32_t nobody = 0;

    // Of a task's address, which is a multiple of 16 where its frame comes from the pool, what 32 bits have room for.
    [[nodiscard]] static std::uint32_t word_of(context& cx) noexcept {
        return static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(&cx.task()) >> 4);
    }

    // The task that locked it last with lock(); `nobody` also when nobody knows. Written by whoever locks and unlocks,
    // read by whoever waits.
    base::atomic<std::uint32_t> task_{nobody};
};

}  // namespace bifilar::detail
