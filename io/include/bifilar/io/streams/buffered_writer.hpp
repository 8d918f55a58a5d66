// A writer with a buffer over any stream: many small writes become a few large ones.
#pragma once

#include <bifilar/io/streams/writer_futures.hpp>
#include <cstddef>
#include <span>
#include <type_traits>
#include <utility>

namespace bifilar {

/// Owns the stream (`buffered_writer<tcp_stream>`) or uses one that outlives it (`buffered_writer<tcp_stream&>`);
/// nobody else writes to the stream meanwhile. One future at a time, which ends before the writer does; not to be moved
/// while it is under way.
///
/// Await flush() or shutdown_write() before the writer ends: its destructor cannot wait, so bytes that are still in the
/// buffer are dropped with it, silently, as they must be when a task is cancelled.
///
/// Throws: a poll may throw what the stream's does; the first small write's std::bad_alloc, and it has taken nothing
/// then.
/// Errors: the stream's own, and EIO, for a stream that takes 0 bytes of some. The first failure of the stream is
/// final: it answers this call and all later ones.
/// Thread: any that may use the stream.
/// Cancellation: what the stream has taken leaves the buffer, so a flush that was given up (timeout, race, select, its
/// destructor) can be asked for again, and every byte goes out once. A write that was given up has taken nothing of its
/// bytes, unless they are as many as the capacity, where finished() tells. Of a write_all that was given up an unknown
/// part was taken.
/// Suspends: until the stream has taken what has no room in the buffer; flush() and shutdown_write(), until it has
/// taken all.
/// Allocates: the buffer, once, by the first small write.
template <byte_writer Stream>
class buffered_writer {
public:
    /// Bytes of the buffer if nothing is said.
    static constexpr std::size_t default_capacity_bytes = 8 * 1024;

    /// For `buffered_writer<S&>` the argument is an S&, else an S to move from.
    /// Throws: std::invalid_argument for a capacity of 0.
    explicit buffered_writer(Stream stream, std::size_t capacity_bytes = default_capacity_bytes)
        : state_{std::forward<Stream>(stream), capacity_bytes} {}

    /// Takes what fits, at least one byte of `from`; waits for the stream only when the buffer is full. As many bytes
    /// as the capacity, or more, go to the stream directly, behind the buffer's.
    [[nodiscard]] buffered_write_future<Stream> write(std::span<const std::byte> from) noexcept {
        return {state_, from};
    }
    /// Takes all of `from`. Large ones go to the stream directly, together with the buffer's content where the stream
    /// has write_all_vectored.
    [[nodiscard]] buffered_write_all_future<Stream> write_all(std::span<const std::byte> from) noexcept {
        return {state_, from};
    }
    /// Hands the buffer's content to the stream.
    [[nodiscard]] buffered_flush_future<Stream> flush() noexcept { return buffered_flush_future<Stream>{state_}; }
    /// Flushes, and ends the stream's sending side.
    [[nodiscard]] auto shutdown_write() noexcept
        requires half_closing<Stream>
    {
        return buffered_shutdown_future<Stream>{state_};
    }

    /// What the stream has not taken yet.
    [[nodiscard]] std::span<const std::byte> buffered() const noexcept { return state_.buffer.content(); }
    /// The stream, to read from it for example.
    [[nodiscard]] std::remove_reference_t<Stream>& stream() noexcept { return state_.stream; }
    /// The stream again, without what buffered() shows: flush first.
    [[nodiscard]] Stream into_inner() && { return std::forward<Stream>(state_.stream); }

private:
    detail::writer_state<Stream> state_;
};

}  // namespace bifilar
