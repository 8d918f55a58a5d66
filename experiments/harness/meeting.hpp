// One event that many tasks of one worker wait for, and the tasks that do nothing else: coroutines and futures by hand.
#pragma once

#include <bifilar/bifilar.hpp>
#include <chrono>
#include <cstdint>

namespace bifilar::experiments {

struct meeting {
    event gate;
    // Worker's thread alone.
    std::uint64_t expected = 0;  // 0: nobody asks when the last one left.
    std::uint64_t arrived = 0;
    std::uint64_t left = 0;
    std::chrono::steady_clock::time_point last_left{};

    void leave() noexcept {
        if (++left == expected) last_left = std::chrono::steady_clock::now();
    }
};

inline task<void> coroutine_visitor(meeting* at) {
    ++at->arrived;
    co_await at->gate.wait();
    at->leave();
}

/// The same by hand, as the documents write their futures.
class hand_visitor {
public:
    using output = void;
    explicit hand_visitor(meeting* at) noexcept : at_{at}, wait_{at->gate.wait()} {}

    polled<void> poll(context& cx) noexcept {
        if (!arrived_) ++at_->arrived;
        arrived_ = true;
        if (!wait_.poll(cx)) return not_ready;
        at_->leave();
        return done;
    }

private:
    meeting* at_;
    event::wait_future wait_;
    bool arrived_ = false;
};

}  // namespace bifilar::experiments
