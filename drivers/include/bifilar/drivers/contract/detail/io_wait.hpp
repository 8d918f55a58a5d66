// The waiting half of every I/O future: start, wait, cancel, and a destructor that is safe at any time.
// Futures of sockets keep one of these and turn its plain results into theirs.
#pragma once

#include <bifilar/drivers/contract/detail/driver.hpp>
#include <bifilar/drivers/contract/detail/io_source.hpp>
#include <bifilar/drivers/contract/detail/op.hpp>
#include <bifilar/drivers/contract/detail/op_name.hpp>
#include <bifilar/future/future.hpp>
#include <optional>

namespace bifilar::drivers {

class io_wait {
public:
    /// `flags`: MSG_PEEK and the like, for calls that take them.
    io_wait(op_kind kind, io_source& source, int flags = 0) noexcept : op_{kind, source} { op_.flags = flags; }
    io_wait(io_wait&&) noexcept = default;
    io_wait& operator=(io_wait&&) = delete;
    /// An operation in flight is cancelled and waited for, and a metric counts it: the thread may block a moment.
    ~io_wait() {
        if (op_.now() != op::phase::idle) end();
    }
    /// What the destructor does, for owners that look at `finished` afterwards.
    void end() noexcept;

    /// The system call's result or a negative errno; empty: not ready.
    [[gnu::always_inline]] call_result poll(context& cx) {
        if (op_.now() != op::phase::idle) {
            if (op_.settle() == op::phase::in_flight) {
                BIFILAR_CHECK(cx.borrow() == op_.waits(),
                              "an I/O future was polled by another task than the one that started it");
                return std::nullopt;
            }
            op_.rewind();
            if (op_.result != op::worth_a_try) {
                if (driver* const here = installed_driver()) here->note(op_.kind, op_.result);
                return op_.result;
            }
        }
        if (!cx.take_budget()) return std::nullopt;
        driver* const here = installed_driver();
        if (here == nullptr) [[unlikely]]
            return start_without_driver(cx.borrow());
        const call_result answer = here->start(op_, cx.borrow());
        here->note(op_.kind, answer);
        return answer;
    }
    /// Cancels. True when the operation is over; `finished` then tells its result, which may be a success.
    [[nodiscard]] bool poll_cancel(context& cx) noexcept;
    /// The same, as futures answer it.
    [[nodiscard]] polled<void> poll_rest(context& cx) noexcept {
        if (!poll_cancel(cx)) return not_ready;
        return done;
    }
    /// The result of an operation that ended in the driver and was not told by poll.
    [[nodiscard]] std::optional<int> finished() const noexcept;

    /// For a future of type F: which operation it waits for, and on what.
    template <class F>
    void describe(task_visitor& to) const noexcept {
        visit_operation(to, bifilar::detail::type_name<F>, op_.kind, *op_.source);
    }

    /// What the next call is about. Ignored while a call is in flight.
    void set(const call_arguments& arguments) noexcept {
        if (op_.now() == op::phase::idle) op_.arguments = arguments;
    }
    [[nodiscard]] const io_source& source() const noexcept { return *op_.source; }

private:
    call_result start_without_driver(waker_ref waits);
    void ask_cancel() noexcept;

    op op_;
};

}  // namespace bifilar::drivers
