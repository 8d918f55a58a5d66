// A wait between tries, for the few things that the kernel refuses with EAGAIN and reports no event of.
// Built on sleep: waiting allocates nothing, and nothing is in the kernel's hands meanwhile.
#pragma once

#include <bifilar/time/sleep.hpp>
#include <algorithm>
#include <chrono>
#include <optional>

namespace bifilar::detail {

class retry_pause {
public:
    /// The next poll waits: 50 microseconds, doubled each time up to 5 milliseconds.
    void begin() noexcept {
        sleep_.emplace(sleep_for(next_));
        next_ = std::min<std::chrono::nanoseconds>(next_ * 2, std::chrono::milliseconds{5});
    }
    /// Ready when the pause is over, and when none was begun.
    polled<void> poll(context& cx) {
        if (sleep_ && !sleep_->poll(cx)) return not_ready;
        sleep_.reset();
        return done;
    }
    void describe_wait(task_visitor& to) const noexcept {
        if (sleep_) sleep_->describe_wait(to);
    }

private:
    std::optional<sleep> sleep_;
    std::chrono::nanoseconds next_ = std::chrono::microseconds{50};
};

}  // namespace bifilar::detail
