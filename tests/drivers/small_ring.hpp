// A plain thread with a ring of its own that is too small for what is asked of it.
#pragma once

#include "uring/uring_driver.hpp"
#include <bifilar/bifilar.hpp>
#include <bifilar/drivers/contract/detail/driver.hpp>

#include <cstddef>
#include <utility>

namespace tests {

/// Once is enough: in the run whose usual driver it is.
inline bool rings_are_usual() {
    return bifilar::drivers::choose_driver(bifilar::driver_kind::best) == bifilar::driver_kind::uring;
}

/// This thread's driver: a ring with so many entries for submissions, and four times as many for completions.
class small_ring {
public:
    explicit small_ring(unsigned entries) : driver_{entries}, before_{bifilar::detail::this_thread().sleeps_in} {
        bifilar::detail::this_thread().sleeps_in = &driver_;
    }
    small_ring(const small_ring&) = delete;
    small_ring& operator=(const small_ring&) = delete;
    ~small_ring() {
        driver_.leave();
        bifilar::detail::this_thread().sleeps_in = before_;
    }
    [[nodiscard]] bifilar::drivers::uring_driver& driver() noexcept { return driver_; }

private:
    bifilar::drivers::uring_driver driver_;
    bifilar::detail::parker* before_;
};

/// Calls `let` when F was polled often enough for all of its `members` to wait: a poll starts as many as the budget of
/// a run allows.
template <class F, class Let>
class let_later {
public:
    using output = bifilar::output_of<F>;
    let_later(F f, Let let, std::size_t members)
        : future_{std::move(f)}, let_{std::move(let)}, polls_{members / bifilar::operations_per_run + 2} {}
    bifilar::polled<output> poll(bifilar::context& cx) {
        bifilar::polled<output> answer = future_.poll(cx);
        if (answer) return answer;
        if (polls_ != 0 && --polls_ == 0) let_();
        if (polls_ != 0) cx.yield();
        return bifilar::not_ready;
    }
    bifilar::polled<void> poll_cancel(bifilar::context& cx) { return bifilar::poll_cancel(future_, cx); }

private:
    F future_;
    Let let_;
    std::size_t polls_;
};

}  // namespace tests
