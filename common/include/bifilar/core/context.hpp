// What a poll is lent: the waker of the task that polls, and its cooperative budget.
// A context lives for one poll, on the poller's stack; a future never keeps it.
#pragma once

#include <bifilar/core/waker.hpp>
#include <cstdint>

namespace bifilar {

/// Leaf operations that one run of a task may finish before it goes to the back of the queue.
inline constexpr std::uint32_t operations_per_run = 128;

class context {
public:
    explicit context(task_header& task, bool cancelling = false) noexcept : task_{&task}, cancelling_{cancelling} {}
    context(const context&) = delete;
    context& operator=(const context&) = delete;

    /// A waker to keep: one atomic addition. For futures that hand it to other code.
    [[nodiscard]] bifilar::waker waker() noexcept { return bifilar::waker{borrow()}; }

    /// A waker for a wait node that lives in this future and unlinks itself; free of charge.
    [[nodiscard]] waker_ref borrow() noexcept {
        armed_ = true;
        return waker_ref{*task_};
    }

    /// A leaf that did not wait takes one from the budget. False: the budget is used up, the task is queued again
    /// behind the others, and the leaf answers not ready without having done anything.
    [[nodiscard]] bool take_budget() noexcept {
        if (budget_ == 0) [[unlikely]] {
            yield();
            return false;
        }
        --budget_;
        return true;
    }

    /// The task polls again after the others that are queued. The caller then answers not ready.
    void yield() noexcept { armed_ = yielding_ = true; }

    /// A waker was stored by somebody else on the future's behalf, or its state already keeps one.
    void set_armed() noexcept { armed_ = true; }

    /// Whether the task was asked to cancel. Combinators and coroutines ask; leaves do not.
    [[nodiscard]] bool cancelling() const noexcept { return cancelling_; }

    /// For the runner: whether anything will wake the task, and whether it only yielded.
    [[nodiscard]] bool armed() const noexcept { return armed_; }
    [[nodiscard]] bool yielding() const noexcept { return yielding_; }

    /// For fibers, whose one context serves many polls: starts the next poll of the same run.
    void start_poll() noexcept { armed_ = yielding_ = false; }

private:
    task_header* task_;
    std::uint32_t budget_ = operations_per_run;
    bool armed_ = false;
    bool yielding_ = false;
    bool cancelling_;
};

}  // namespace bifilar
