// What a poll is lent: the waker of the task that polls, and its cooperative budget.
// A context lives for one poll, on the poller's stack; a future never keeps it.
#pragma once

#include <bifilar/task/waker.hpp>
#include <cstdint>

namespace bifilar {

/// Leaf operations that one run of a task may finish before it goes to the back of the queue.
inline constexpr std::uint32_t operations_per_run = 128;

class context;

/// Who polls, when it is a worker on its own stack: it can run one more task there.
class nesting_runner {
public:
    /// Runs `task` when the present run has queued it here and nobody has taken it since. True when it has completed;
    /// false when it was not run, or waits now. The caller holds the only handle, and nobody joins it.
    virtual bool run_nested(detail::task_header& task, context& outer) noexcept = 0;

protected:
    nesting_runner() noexcept = default;
    ~nesting_runner() = default;
};

/// What a future is given by whoever polls it, for that poll: the waker, and what is left of the budget.
class context {
public:
    /// For the library.
    explicit context(detail::task_header& task, bool cancelling = false, nesting_runner* runner = nullptr) noexcept
        : task_{&task}, runner_{runner}, cancelling_{cancelling} {}
    /// For a task that runs inside of another's poll: it spends the other's budget.
    context(detail::task_header& task, bool cancelling, const context& outer) noexcept
        : task_{&task}, runner_{outer.runner_}, budget_{outer.budget_}, cancelling_{cancelling} {}
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

    /// For combinators that choose among `count` leaves: true when none of them will be refused for want of budget, so
    /// that those which need none have no advantage. Else as take_budget.
    [[nodiscard]] bool has_budget(std::uint32_t count) noexcept {
        if (budget_ >= count) return true;
        yield();
        return false;
    }

    /// Runs a child that was queued a moment ago in place of a wait for it. True when it has
    /// completed. What nesting_runner::run_nested asks for holds.
    bool run_child(detail::task_header& child) noexcept {
        return runner_ != nullptr && runner_->run_nested(child, *this);
    }
    /// The poll goes on where there is no room for another task: on a fiber's stack.
    void forbid_nesting() noexcept { runner_ = nullptr; }
    /// For whoever polls it: a nested task has spent some of the budget.
    void spend_as(const context& nested) noexcept { budget_ = nested.budget_; }

    /// The task polls again after the others that are queued. The caller then answers not ready.
    void yield() noexcept { armed_ = yielding_ = true; }

    /// The task that polls.
    [[nodiscard]] detail::task_header& task() const noexcept { return *task_; }

    /// A waker was stored by somebody else on the future's behalf, or its state already keeps one.
    void set_armed() noexcept { armed_ = true; }

    /// Whether the task was asked to cancel. Combinators and coroutines ask; leaves do not.
    [[nodiscard]] bool cancelling() const noexcept { return cancelling_; }

    /// For the runner: whether anything will wake the task, and whether it only yielded.
    [[nodiscard]] bool armed() const noexcept { return armed_; }
    /// Whether the task is on its way to the end of its queue.
    [[nodiscard]] bool yielding() const noexcept { return yielding_; }

    /// For fibers, whose one context serves many polls: starts the next poll of the same run.
    void start_poll() noexcept { armed_ = yielding_ = false; }

private:
    detail::task_header* task_;
    nesting_runner* runner_;  // Null where tasks cannot nest.
    std::uint32_t budget_ = operations_per_run;
    bool armed_ = false;
    bool yielding_ = false;
    bool cancelling_;
};

}  // namespace bifilar
