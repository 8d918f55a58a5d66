// What a stream of bytes is: sockets, pipes, files' cursors, encrypted streams and users' own types alike.
// Concepts, no base class; buffered readers and writers and the copying functions are written over them.
#pragma once

#include <bifilar/drivers/contract/io_result.hpp>
#include <bifilar/future/future.hpp>
#include <concepts>
#include <cstddef>
#include <optional>
#include <span>
#include <type_traits>

namespace bifilar {

/// One read or write as a future: how many bytes were moved, or the failure.
template <class F>
concept byte_transfer = future<F> && std::same_as<output_of<F>, io_result<std::size_t>>;

/// Gives bytes in their order. `read` fills the front of the buffer, with at least one byte, as soon as there are some;
/// 0: the stream has ended, or the buffer is empty. The buffer stays valid until the future is ready or destroyed.
/// Cancellation: a read that was given up has taken no byte from the stream, or it is an accountable_transfer and says
/// what it took.
template <class S>
concept byte_reader = requires(S& stream, std::span<std::byte> into) {
    { stream.read(into) } -> byte_transfer;
};

/// Takes bytes in their order: `write` at least one byte, `write_all` all of them.
/// Cancellation: a write that was given up has taken none, or it is an accountable_transfer and says what it took; of a
/// write_all, also of one that failed, an unknown part was taken.
template <class S>
concept byte_writer = requires(S& stream, std::span<const std::byte> from) {
    { stream.write(from) } -> byte_transfer;
    { stream.write_all(from) } -> byte_transfer;
};

/// One read and one write may wait at a time.
template <class S>
concept byte_stream = byte_reader<S> && byte_writer<S>;

/// What shutdown_write may answer: the result, or a future of it where the end has to be written like other bytes.
template <class A>
concept half_close_answer =
    std::same_as<A, io_result<void>> || (future<A> && std::same_as<output_of<A>, io_result<void>>);

/// Ends what it sends while it goes on reading: the peer reads 0.
template <class S>
concept half_closing = requires(S& stream) {
    { stream.shutdown_write() } -> half_close_answer;
};

/// A transfer that another hand may complete, a kernel's for example, after the last poll that said "not ready". Its
/// owner may give it up and still learn its result.
template <class F>
concept accountable_transfer = byte_transfer<F> && requires(F& f, const F& g) {
    /// What its destructor does: brings it to rest. May block a moment; no poll comes after it.
    { f.end() } noexcept -> std::same_as<void>;
    /// Of a transfer at rest (after end(), or when poll_cancel was ready) whose poll was never ready: how many bytes
    /// it has moved in all, or with which error it ended. Empty: it has moved nothing, and may be started again.
    { g.finished() } noexcept -> std::same_as<std::optional<io_result<std::size_t>>>;
};

}  // namespace bifilar
