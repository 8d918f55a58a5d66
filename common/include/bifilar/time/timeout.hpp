// A future with a limit on its time.
// When the time is up the future is cancelled, and the answer comes once it is at rest.
#pragma once

#include <bifilar/core/future.hpp>
#include <bifilar/time/sleep.hpp>
#include <expected>
#include <type_traits>
#include <utility>

namespace bifilar {

/// The time was up first.
class timed_out {
public:
    timed_out() noexcept {}
    friend bool operator==(timed_out, timed_out) noexcept { return true; }
};

template <future F>
class [[nodiscard]] timeout_future {
public:
    using output = std::expected<output_of<F>, timed_out>;

    timeout_future(F f, sleep limit) : future_{std::move(f)}, limit_{std::move(limit)} {}

    polled<output> poll(context& cx) {
        if (!late_) {
            polled<output_of<F>> answer = bifilar::poll_arm(future_, cx);
            if (answer) {
                if constexpr (std::is_void_v<output_of<F>>)
                    return output{};
                else
                    return output{answer.take()};
            }
            if (!limit_.poll(cx)) return not_ready;
            late_ = true;
        }
        if (!bifilar::poll_cancel(future_, cx)) return not_ready;
        return output{std::unexpected{timed_out{}}};
    }
    polled<void> poll_cancel(context& cx) { return bifilar::poll_cancel(future_, cx); }

private:
    F future_;
    sleep limit_;
    bool late_ = false;
};

/// The output of `f`, or timed_out when `duration`, counted from this call, passed before it was ready. `f` is asked
/// first, so a future that is ready in time wins even when the task is late, or when `duration` is 0 or less. Counts by
/// now() of the calling thread, as sleep_for. Rethrows what `f` throws. Allocates nothing.
template <future F, class Rep, class Period>
timeout_future<F> timeout(F f, std::chrono::duration<Rep, Period> duration) {
    return timeout_future<F>{std::move(f), sleep_for(duration)};
}

}  // namespace bifilar
