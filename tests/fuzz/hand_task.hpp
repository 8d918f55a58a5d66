// A task that is polled by hand: when it sleeps, who wakes it and when it polls again is what a target draws.
// Nothing else runs, so a run follows from its input alone, and each poll may come at any moment.
#pragma once

#include "input.hpp"

#include <bifilar/future/future.hpp>
#include <bifilar/task/context.hpp>
#include <utility>

namespace fuzz {

namespace bf = bifilar;

/// Stays where it is. Sleeps at first.
class hand_task : public bf::detail::task_header {
public:
    hand_task() noexcept : task_header{kind, 0} { (void)state_.end_pending(); }

    /// Whether it was woken, or has yielded, since its last poll.
    [[nodiscard]] bool is_woken() const noexcept { return woken_; }
    /// A wake without a reason, as any future must put up with.
    void wake() noexcept {
        if (state_.claim() == bf::detail::wake_result::schedule) woken_ = true;
    }

    /// Polls; where the task sleeps, after a wake without a reason.
    template <class F>
    [[nodiscard]] bf::polled<bf::output_of<F>> poll(F& future) {
        return run([&future](bf::context& cx) { return future.poll(cx); });
    }
    template <class F>
    [[nodiscard]] bf::polled<bf::output_of<F>> poll_arm(F& future) {
        return run([&future](bf::context& cx) { return bf::poll_arm(future, cx); });
    }

private:
    template <class Poll>
    auto run(Poll poll) {
        wake();
        woken_ = false;
        (void)state_.begin_run();
        bf::context cx{*this};
        auto answer = poll(cx);
        require(answer.is_ready() || cx.armed(), "a future was not ready and has told nobody whom to wake");
        if (state_.end_pending() == bf::detail::park_result::again) woken_ = true;
        if (cx.yielding()) wake();
        return answer;
    }

    static bf::detail::run_result never_run(task_header&, bf::context&) noexcept {
        return bf::detail::run_result::done;
    }
    static void schedule(task_header& task) noexcept { static_cast<hand_task&>(task).woken_ = true; }
    static void destroy(task_header&) noexcept {}
    static constexpr bf::detail::operations kind{&never_run, &schedule, &destroy};

    bool woken_ = false;
};

}  // namespace fuzz
