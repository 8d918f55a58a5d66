// Who has locked a mutex, in debug builds: to tell a task that waits for itself.
// Elsewhere nothing is done, so that lock and unlock stay one exchange each. Its place is there in every build, in what
// the mutex would leave empty, because those who link a library with checks may compile without.
#pragma once

#include <bifilar/base/detail/assert.hpp>
#include <bifilar/base/detail/atomic.hpp>
#include <bifilar/task/context.hpp>
#include <cstdint>

namespace bifilar::detail {

/// Any thread. A hint about others; about the caller's own task the truth, but for a task that lies 64 GiB off.
class lock_owner {
public:
    void set([[maybe_unused]] context& by) noexcept {
        if constexpr (looks) task_.store(word_of(by), base::relaxed);  // Relaxed: compared only.
    }
    void clear() noexcept {
        if constexpr (looks) task_.store(nobody, base::relaxed);  // Relaxed: as set.
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
#if defined(BIFILAR_DEBUG) && !defined(BIFILAR_MODEL)
    static constexpr bool looks = true;
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
    [[maybe_unused]] base::atomic<std::uint32_t> task_{nobody};
};

}  // namespace bifilar::detail
