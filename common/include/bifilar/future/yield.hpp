// Letting others run: a future that is ready at its second poll.
#pragma once

#include <bifilar/future/future.hpp>

namespace bifilar {

/// Puts the task behind all others that are queued on its worker, those that it has just spawned among them. Fibers
/// that have begun are queued by themselves there, and the two queues take turns. Costs no atomic on the task itself.
/// Suspends: once.
class [[nodiscard]] yield_future {
public:
    using output = void;

    yield_future() noexcept {}

    polled<void> poll(context& cx) noexcept {
        if (yielded_) return done;
        yielded_ = true;
        cx.yield();
        return not_ready;
    }

private:
    bool yielded_ = false;
};

/// `co_await yield_now()`; in a fiber `this_fiber::yield()` does the same at less cost.
inline yield_future yield_now() noexcept { return yield_future{}; }

}  // namespace bifilar
