// Accepting as a future, whatever the sockets' addresses.
// Keeps one io_wait; a connection that nobody takes is closed.
#pragma once

#include <bifilar/drivers/contract/detail/io_wait.hpp>
#include <bifilar/drivers/contract/io_result.hpp>
#include <bifilar/io/streams/detail/stream_access.hpp>
#include <optional>
#include <utility>

namespace bifilar {
namespace detail {

/// The part that does not depend on the type of the stream.
class accept_wait {
public:
    explicit accept_wait(drivers::io_source& on) noexcept : wait_{op_kind::accept, on} {}
    accept_wait(accept_wait&&) noexcept = default;
    accept_wait& operator=(accept_wait&&) = delete;
    /// A connection that was accepted and not told is closed.
    ~accept_wait();

    /// Empty: not ready.
    std::optional<io_result<drivers::source_ptr>> poll(context& cx);
    polled<void> poll_cancel(context& cx) noexcept { return wait_.poll_rest(cx); }
    template <class F>
    void describe(task_visitor& to) const noexcept {
        wait_.describe<F>(to);
    }

private:
    drivers::io_wait wait_;
};

}  // namespace detail

/// Ready with the next connection, a Stream that can be made of a source.
/// Errors: accept(2)'s: EMFILE and ENFILE leave the connection where it is, for a later try; ENOMEM may also mean that
/// it was accepted and closed, for want of memory to keep it in.
/// Cancellation: a connection that was accepted by then is closed.
template <class Stream>
class [[nodiscard]] socket_accept_future {
public:
    using output = io_result<Stream>;

    explicit socket_accept_future(drivers::io_source& on) noexcept : wait_{on} {}
    polled<output> poll(context& cx) {
        std::optional<io_result<drivers::source_ptr>> got = wait_.poll(cx);
        if (!got) return not_ready;
        if (!*got) return output{std::unexpected{got->error()}};
        return output{detail::stream_access::make<Stream>(std::move(**got))};
    }
    polled<void> poll_cancel(context& cx) noexcept { return wait_.poll_cancel(cx); }
    void describe_wait(task_visitor& to) const noexcept { wait_.describe<socket_accept_future>(to); }

private:
    detail::accept_wait wait_;
};

}  // namespace bifilar
