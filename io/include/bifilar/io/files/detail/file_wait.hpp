// The waiting half of every future of files: try the page cache, then a ring, a thread of the pool, or the caller's
// own. An op with another end: rings cancel and finish it as they do all operations; a pool's job may be withdrawn.
#pragma once

#include <bifilar/drivers/contract/detail/file_request.hpp>
#include <bifilar/drivers/contract/detail/op.hpp>
#include <bifilar/future/future.hpp>
#include <bifilar/io/files/detail/file_handle.hpp>
#include <bifilar/sched/detail/blocking_job.hpp>
#include <optional>

namespace bifilar::detail {

/// Where the call is made: without waiting when it is a read or write that the page cache answers; else by the ring of
/// the worker, else by a thread of the runtime's blocking pool. In place, blocking, on threads that are no workers, and
/// when the pool can have no thread. Allocates nothing, but for a thread that the pool starts.
class file_wait final : private sched::blocking_job {
public:
    /// `on`: the file that must stay open meanwhile; null for calls on paths.
    explicit file_wait(const drivers::file_request& what, file_handle* on = nullptr) noexcept
        : request_{what}, op_{op_kind::file_call}, on_{on} {}
    /// Before the first poll.
    file_wait(file_wait&& other) noexcept;
    file_wait& operator=(file_wait&&) = delete;
    /// A call in flight is cancelled and waited for, and a metric counts it: the thread may block until the call ends.
    ~file_wait() override { end(); }
    /// What the destructor does, for owners that look at `finished` afterwards.
    void end() noexcept;

    /// The call's result or a negative errno; empty: not ready.
    drivers::call_result poll(context& cx);
    /// Cancels. True when the call is over; `finished` then tells its result, which may be a success. A call that a
    /// thread makes already is waited for.
    [[nodiscard]] bool poll_cancel(context& cx) noexcept;
    /// The same, as futures answer it.
    [[nodiscard]] polled<void> poll_rest(context& cx) noexcept {
        if (!poll_cancel(cx)) return not_ready;
        return done;
    }
    /// The result of a call that ended and was not told by poll.
    [[nodiscard]] std::optional<int> finished() const noexcept;

    /// For a future of type F: on which descriptor it waits, where it has one.
    template <class F>
    void describe(task_visitor& to) const noexcept {
        if (on_ == nullptr) return to.visit_wait(type_name<F>, {});
        visit_facts<F>(to, wait_fact::object(on_), wait_fact::descriptor(on_->descriptor()));
    }

    /// Whether nothing is under way: `request` may be changed.
    [[nodiscard]] bool idle() const noexcept { return op_.now() == drivers::op::phase::idle; }
    /// What the next call is about.
    [[nodiscard]] drivers::file_request& request() noexcept { return request_; }

    /// For jobs, on their thread: whether they had better stop early.
    [[nodiscard]] bool cancel_asked() const noexcept { return op_.cancel_asked(); }

private:
    void run() noexcept override;
    [[nodiscard]] drivers::call_result start(context& cx, bool with_ring) noexcept;
    void ask_cancel() noexcept;
    void leave() noexcept;

    drivers::file_request request_;
    drivers::op op_;
    file_handle* on_;
    sched::blocking_pool* pool_ = nullptr;  // Whose job it is; null while a ring has it.
    bool entered_ = false;                  // Counted by on_.
};

}  // namespace bifilar::detail
