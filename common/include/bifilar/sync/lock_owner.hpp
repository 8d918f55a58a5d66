// Who has locked a mutex, in debug builds: to tell a task that waits for itself.
// Nothing elsewhere, so that lock and unlock stay one exchange each.
#pragma once

#include <bifilar/base/assert.hpp>
#include <bifilar/base/atomic.hpp>
#include <bifilar/core/context.hpp>

namespace bifilar::detail {

#if defined(BIFILAR_DEBUG) && !defined(BIFILAR_MODEL)

/// Any thread. A hint about others, the truth about the caller's own task.
class lock_owner {
public:
    void set(context& by) noexcept { task_.store(&by.task(), base::relaxed); }  // Relaxed: compared only.
    void clear() noexcept { task_.store(nullptr, base::relaxed); }              // Relaxed: as set.
    /// The task of `waits` waits for the lock. Says so, once, when it is the one that locked it: no abort, because its
    /// guard may have gone to another task, which will unlock.
    void tell(context& waits) noexcept {
        // Relaxed: whoever wrote the caller's own address ran in the caller's task.
        if (task_.load(base::relaxed) != &waits.task()) return;
        clear();
        base::tell("a task waits for a mutex that it has locked itself: for ever, unless another task has the guard");
    }

private:
    // The task that locked it last with lock(); null when nobody has, or nobody knows. Written by whoever locks and
    // unlocks, read by whoever waits.
    base::atomic<const task_header*> task_{nullptr};
};

#else

class lock_owner {
public:
    void set(context&) noexcept {}
    void clear() noexcept {}
    void tell(context&) noexcept {}
};

#endif

}  // namespace bifilar::detail
