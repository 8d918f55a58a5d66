// A spawned task as its creator sees it: a future of its outcome, and the means to cancel or let go of it.
// One pointer; the joiner's place is in the task itself, so waiting allocates nothing.
#pragma once

#include <bifilar/base/detail/assert.hpp>
#include <bifilar/base/detail/spin_lock.hpp>
#include <bifilar/future/block_on.hpp>
#include <bifilar/future/detail/must_be_read.hpp>
#include <bifilar/future/future.hpp>
#include <bifilar/task/cancel_handle.hpp>
#include <bifilar/task/detail/join_watch.hpp>
#include <bifilar/task/detail/task_core.hpp>
#include <cstdint>
#include <expected>
#include <utility>

namespace bifilar {

namespace detail {

/// The part of a handle that does not depend on the outcome's type. Owns one reference to the task.
class join_base {
public:
    explicit join_base(task_core* task) noexcept : task_{task} {}
    join_base(const join_base&) = delete;  // A task has one join_handle: std::move it.
    /// The old owner's task may end before the new one polls, so its address does not travel along.
    join_base(join_base&& other) noexcept { adopt(other); }
    join_base& operator=(join_base&& other) noexcept {
        if (this != &other) {
            detach();
            adopt(other);
        }
        return *this;
    }
    ~join_base() { detach(); }

    void detach() noexcept {
        if (task_ == nullptr) return;
        leave();
        release_task(*std::exchange(task_, nullptr));
    }

    /// True when the outcome may be taken; else the waker is stored.
    bool poll_complete(context& cx) noexcept {
        if (task_ == nullptr) [[unlikely]]
            refuse_poll();
        if (!registered_) {
            if (task_->state_.is_complete()) return cx.take_budget();
            if (cx.run_child(*task_)) return true;
        } else if (task_->joiner_.task() != &cx.task()) {
            taken_over_ = true;
        }
        if (!task_->state_.is_complete()) {
            const waker_ref mine = cx.borrow();
            if (registered_ && task_->joiner_ == mine) return false;
            leave();
            if (!task_->state_.is_complete()) {
                task_->joiner_ = mine;
                registered_ = !task_->state_.set_join();
                if (registered_) return false;
            }
        }
        leave();
        return true;
    }

    /// See detail::note_wait. A task that polls what another stands still for would take the wake away from it.
    void note_wait(const void* site, bool ready) noexcept {
        if (ready && site_ == 0) [[likely]]
            return;
        // Half of an address is enough: two that are taken for one are not refused, and nothing else.
        const auto mine = static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(site) >> 3) | 1;
        BIFILAR_CHECK(site_ == 0 || site_ == mine || !taken_over_,
                      "two tasks wait for one join_handle at once; let one wait, and share what came of it in a watch "
                      "or a once_cell");
        site_ = ready ? 0 : mine;
        taken_over_ = false;
    }
    /// Whoever waited has given up.
    void give_up() noexcept {
        leave();
        site_ = 0;
    }

    [[nodiscard]] task_core* task() const noexcept { return task_; }

    /// Whether the outcome has come out of this handle, which has let go of the task then.
    [[nodiscard]] bool is_spent() const noexcept { return spent_; }

    /// Lets go of a task whose outcome comes out now: its block is still in the cache, and serves the next task.
    class taking {
    public:
        explicit taking(join_base& of) noexcept : of_{of} {}
        taking(const taking&) = delete;
        taking& operator=(const taking&) = delete;
        ~taking() {
            of_.spent_ = true;
            release_task(*std::exchange(of_.task_, nullptr));
        }

    private:
        join_base& of_;
    };

private:
    [[gnu::noinline, gnu::cold]] void refuse_poll() const noexcept {
        BIFILAR_CHECK(!spent_,
                      "a join_handle was awaited again after its outcome had come out; await it once, and "
                      "share what came of it in a watch or a once_cell");
        BIFILAR_CHECK(task_ != nullptr, "a join_handle was polled after detach() or after it was moved from");
    }

    void adopt(join_base& other) noexcept {
        other.leave();
        task_ = std::exchange(other.task_, nullptr);
        spent_ = std::exchange(other.spent_, false);
    }

    /// Takes the joiner's address back. Waits a moment when the completing worker is just using it.
    void leave() noexcept {
        if (!std::exchange(registered_, false)) return;
        if (!task_->state_.clear_join()) return;
        for (int spins = 0; !task_->state_.join_finished(); ++spins)
            spins < 64 ? base::spin_pause() : base::yield_thread();
    }

    task_core* task_ = nullptr;
    std::uint32_t site_ = 0;   // Where a task stands still for this, as a number; 0: nowhere.
    bool registered_ = false;  // The task knows its joiner.
    bool taken_over_ = false;  // The last poll was by another task than the one before.
    bool spent_ = false;       // See is_spent().
};

}  // namespace detail

template <class T>
class outcome_future;

/// A future of the task's value. Dropped means detached: the task goes on, and an exception of its body goes to the
/// runtime's handler. Waited for once: when the outcome has come out, the handle lets go of the task and its memory,
/// and a second wait aborts. Movable, also while nobody polls it. When the task that waited for it has given up,
/// another may wait; a second one that waits meanwhile aborts. Waiting allocates nothing.
/// Throws: what the task threw; task_cancelled when it was cancelled.
/// Thread: one at a time.
/// Cancellation: gives up the wait, and nothing else: the task goes on. To end it, call cancel().
/// Suspends: until the task has ended.
template <class T>
class [[nodiscard]] join_handle {
public:
    using output = T;

    explicit join_handle(detail::task_cell<T>& task) noexcept : base_{&task} {}

    polled<T> poll(context& cx) {
        if (!base_.poll_complete(cx)) return not_ready;
        return take();
    }

    /// Gives up the wait, and nothing else: another may begin one.
    polled<void> poll_cancel(context&) noexcept {
        base_.give_up();
        return bifilar::done;
    }
    void note_wait(const void* site, bool ready) noexcept { base_.note_wait(site, ready); }

    /// Waits on a plain thread, and gives the task's value.
    /// Throws: what the task threw; task_cancelled; deadlock_error when all tasks of the runtime wait and nothing can
    /// wake any, after which the task goes on waiting and the handle may be used; std::logic_error inside of a task:
    /// co_await or await the handle there.
    /// Thread: plain threads.
    /// Blocks: until the task has ended.
    T join() { return join_watched(); }
    /// The same, for outputs that may be an error.
    BIFILAR_MUST_BE_READ T join()
        requires detail::must_be_read<T>
    {
        return join_watched();
    }

    /// Asks the task to end: what it waits for is brought to rest, then it unwinds. Any number of times, before or
    /// after completion, and after a wait, when it does nothing. Neither waits nor blocks.
    void cancel() noexcept {
        if (base_.is_spent()) return;
        detail::task_core* const task = base_.task();
        BIFILAR_CHECK(task != nullptr, "cancel() on a join_handle that was detached or moved from");
        detail::ask_to_end(*task);
    }

    /// The same for later and for others: cancels the task while this handle is awaited, also by outcome() or in a set.
    /// Before the outcome has come out.
    [[nodiscard]] bifilar::cancel_handle cancel_handle() const noexcept {
        BIFILAR_CHECK(base_.task() != nullptr,
                      "cancel_handle() on a join_handle that was detached, moved from or waited for; ask before");
        return bifilar::cancel_handle{*base_.task()};
    }

    /// Lets the task go on by itself.
    void detach() noexcept { base_.detach(); }

    /// Whether the outcome is there. A false may be out of date when it returns.
    [[nodiscard]] bool done() const noexcept {
        if (base_.is_spent()) return true;
        BIFILAR_CHECK(base_.task() != nullptr, "done() on a join_handle that was detached or moved from");
        return base_.task()->state_.is_complete();
    }

    /// A future of the value, or why there is none. Takes the handle over.
    /// Errors: task_error: the task was cancelled, or its exception.
    /// Cancellation: as of the handle: gives up the wait, and the task goes on.
    /// Suspends: until the task has ended.
    [[nodiscard]] outcome_future<T> outcome() && noexcept { return outcome_future<T>{std::move(*this)}; }
    /// As the other outcome; the handle is used up.
    [[nodiscard]] outcome_future<T> outcome() & noexcept { return outcome_future<T>{std::move(*this)}; }
    void describe_wait(task_visitor& to) const noexcept {
        detail::visit_facts<join_handle>(to, wait_fact::task(base_.task()));
    }

private:
    // The handle in another form: it takes the outcome out of the task as the handle does.
    friend class outcome_future<T>;

    // A join on a plain thread, which may be asked to look for a deadlock.
    class joining {
    public:
        using output = T;
        explicit joining(join_handle& of) noexcept : of_{of}, watch_{of.base_.task()} {}
        joining(const joining&) = delete;
        joining& operator=(const joining&) = delete;
        ~joining() { of_.base_.give_up(); }  // It may have ended by a deadlock.
        polled<T> poll(context& cx) {
            if (!of_.base_.poll_complete(cx)) {
                watch_.look(cx);
                return not_ready;
            }
            watch_.leave();  // Before the task goes.
            return of_.take();
        }
        void note_wait(const void* site, bool ready) noexcept { of_.note_wait(site, ready); }

    private:
        join_handle& of_;
        detail::join_watch watch_;
    };
    T join_watched() {
        joining waits{*this};
        return block_on(waits);
    }

    // The task is complete.
    polled<T> take() {
        const detail::join_base::taking now{base_};
        if constexpr (std::is_void_v<T>) {
            cell().outcome_.take();
            return bifilar::done;
        } else {
            return cell().outcome_.take();
        }
    }
    detail::task_cell<T>& cell() noexcept { return static_cast<detail::task_cell<T>&>(*base_.task()); }

    detail::join_base base_;
};

/// See join_handle::outcome.
template <class T>
class [[nodiscard]] outcome_future {
public:
    using output = std::expected<T, task_error>;

    explicit outcome_future(join_handle<T> handle) noexcept : handle_{std::move(handle)} {}

    polled<output> poll(context& cx) {
        if (!handle_.base_.poll_complete(cx)) return not_ready;
        const detail::join_base::taking now{handle_.base_};
        return handle_.cell().outcome_.take_expected();
    }
    polled<void> poll_cancel(context& cx) noexcept { return handle_.poll_cancel(cx); }
    void note_wait(const void* site, bool ready) noexcept { handle_.note_wait(site, ready); }
    void describe_wait(task_visitor& to) const noexcept { handle_.describe_wait(to); }

private:
    join_handle<T> handle_;
};

}  // namespace bifilar
