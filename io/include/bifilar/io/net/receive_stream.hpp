// What a stream receives, piece after piece, with one operation in the kernel for all of them.
#pragma once

#include <bifilar/drivers/contract/detail/multishot_wait.hpp>
#include <bifilar/drivers/contract/io_result.hpp>

namespace bifilar {

/// A stream's receiving side. On io_uring the kernel fills buffers of the pool by itself while the task does other
/// things (multishot receive), as long as there are buffers; with epoll it is as receive() in a loop. For streams on
/// which much arrives in small pieces; one that is asked and answers in turn is served as well by receive(). Shares the
/// stream's descriptor; from its first next() on the stream itself must not read any more. Move-only; neither moves nor
/// ends while a next() is in flight.
/// Thread: it belongs to one task at a time, with one next() in flight.
class receive_stream {
public:
    class next_future;

    explicit receive_stream(drivers::source_ptr stream) noexcept
        : from_{drivers::multishot_source::what::bytes, std::move(stream)} {}

    /// The next bytes, in the order in which they came; empty at the end of the stream.
    /// Errors: as the stream's reads; EBUSY while another next() or read waits. ENOMEM over io_uring may mean a gap:
    /// bytes that there was no memory to keep.
    /// Cancellation: loses nothing: the bytes are there for the next call. What nobody took is lost with the
    /// receive_stream.
    /// Suspends: until something arrives, or the stream ends.
    /// Allocates: as receive(); over io_uring also its operation, once, and a list where several pieces wait.
    [[nodiscard]] next_future next() noexcept;

private:
    drivers::multishot_source from_;
};

class [[nodiscard]] receive_stream::next_future {
public:
    using output = io_result<received_bytes>;

    explicit next_future(drivers::multishot_source& from) noexcept : wait_{from} {}
    polled<output> poll(context& cx);
    polled<void> poll_cancel(context& cx) noexcept { return wait_.poll_rest(cx); }
    void describe_wait(task_visitor& to) const noexcept { wait_.describe<next_future>(to); }

private:
    drivers::multishot_wait wait_;
};

inline receive_stream::next_future receive_stream::next() noexcept { return next_future{from_}; }

}  // namespace bifilar
