// A reader with a buffer over any stream: lines, items up to a mark, exact sizes, or the buffer itself.
// Whatever is given up, no byte is lost: that is what it is for, besides saving system calls.
#pragma once

#include <bifilar/base/detail/assert.hpp>
#include <bifilar/io/streams/reader_futures.hpp>
#include <cstddef>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

namespace bifilar {

/// What a line or an item may have unless the caller says otherwise, so that a peer cannot make a buffer grow for ever.
inline constexpr std::size_t default_item_limit_bytes = 64 * 1024;

template <byte_reader Stream>
class line_sequence;

/// Owns the stream (`buffered_reader<tcp_stream>`) or uses one that outlives it (`buffered_reader<tcp_stream&>`);
/// nobody else reads from the stream meanwhile. Writing goes on through stream(). One future at a time, which ends
/// before the reader does; not to be moved while it is under way.
///
/// Throws: a poll may throw what the stream's does, and std::bad_alloc, by which nothing is lost.
/// Errors: the stream's own; after one the buffer still has what came before it. Besides there are ENODATA, where a
/// stream ends too early, and EMSGSIZE, for an item that is longer than its limit: nothing is consumed then, and a call
/// with a larger limit, or fill and consume, go on.
/// Thread: any that may use the stream.
/// Cancellation: a future that is given up at any moment (timeout, race, select, its destructor, a cancelled task)
/// takes nothing with it. Bytes that had arrived stay in the buffer, a failure or end that had arrived is told by the
/// next future, and the next future goes on where the last one began. This rests on byte_reader's promise about reads
/// that were given up; sockets, and the library's other streams, keep it.
/// Suspends: until the buffer has what is asked for, or the stream has ended or failed.
/// Allocates: by the first read; by items that are larger than the capacity, until the buffer has been emptied; and to
/// put back what a read past the buffer had got when it was given up: without memory for that the process ends.
template <byte_reader Stream>
class buffered_reader {
public:
    /// Bytes of the buffer if nothing is said.
    static constexpr std::size_t default_capacity_bytes = 8 * 1024;

    /// For `buffered_reader<S&>` the argument is an S&, else an S to move from.
    /// Throws: std::invalid_argument for a capacity of 0.
    explicit buffered_reader(Stream stream, std::size_t capacity_bytes = default_capacity_bytes)
        : state_{std::forward<Stream>(stream), capacity_bytes} {}

    /// Reads what is there, at least one byte. 0: the stream has ended, or `into` is empty. Answers from the buffer
    /// where it has something; else a read that is as large as the buffer goes past it, to the stream directly.
    [[nodiscard]] buffered_read_future<Stream> read(std::span<std::byte> into) noexcept { return {state_, into}; }

    /// Fills `into`. Of more than the capacity it reads past the buffer.
    /// Errors: ENODATA when the stream ends before; what came stays to be read.
    [[nodiscard]] buffered_read_exact_future<Stream> read_exact(std::span<std::byte> into) noexcept {
        return {state_, into};
    }

    /// The bytes up to and with `mark`, which is copied and has one byte at least; without it: the last bytes of the
    /// stream; empty: there are no more.
    /// Errors: EMSGSIZE when more than `limit` bytes come before the mark.
    /// Allocates: the item, and the copy of a mark of more than 15 bytes.
    [[nodiscard]] buffered_read_until_future<Stream> read_until(std::string_view mark,
                                                                std::size_t limit = default_item_limit_bytes) {
        return {state_, detail::delimiter::mark(mark, limit)};
    }
    /// As the other read_until.
    [[nodiscard]] buffered_read_until_future<Stream> read_until(char mark,
                                                                std::size_t limit = default_item_limit_bytes) {
        return read_until(std::string_view{&mark, 1}, limit);
    }
    /// As the other read_until.
    [[nodiscard]] buffered_read_until_future<Stream> read_until(std::byte mark,
                                                                std::size_t limit = default_item_limit_bytes) {
        return read_until(static_cast<char>(mark), limit);
    }

    /// The next line without the "\n" or "\r\n" that ends it; the last one may have no such end. Empty: there are no
    /// more.
    /// Errors: EMSGSIZE when it has more than `limit` bytes.
    /// Allocates: the line.
    [[nodiscard]] buffered_read_until_future<Stream> read_line(std::size_t limit = default_item_limit_bytes) {
        return {state_, detail::delimiter::line(limit)};
    }
    /// All lines in turn: while (auto line = co_await lines.next(); …). Uses this reader.
    [[nodiscard]] line_sequence<Stream> lines(std::size_t limit = default_item_limit_bytes) noexcept {
        return line_sequence<Stream>{*this, limit};
    }

    /// Waits until the buffer has `at_least` bytes, and shows all that it has. Fewer, or none: the stream has ended.
    /// The bytes stay; consume() says which are done with. Valid until the next future of this reader is polled.
    /// Allocates: a larger buffer, where `at_least` is more than the capacity.
    [[nodiscard]] buffered_fill_future<Stream> fill(std::size_t at_least = 1) noexcept { return {state_, at_least}; }
    /// The first `count` bytes that fill() or buffered() showed are done with.
    void consume(std::size_t count) noexcept {
        BIFILAR_CHECK(count <= state_.buffer.size(),
                      "consume() of more bytes than the buffer has; consume at most what fill() showed");
        state_.buffer.consume(count);
    }
    /// What is in the buffer now, without waiting. Valid as for fill().
    [[nodiscard]] std::span<const std::byte> buffered() const noexcept { return state_.buffer.content(); }

    /// The stream, to write to it for example.
    [[nodiscard]] std::remove_reference_t<Stream>& stream() noexcept { return state_.stream; }
    /// The stream again, without what buffered() shows: that is dropped with the reader.
    [[nodiscard]] Stream into_inner() && { return std::forward<Stream>(state_.stream); }

private:
    detail::reader_state<Stream> state_;
};

/// The lines of a reader, which outlives it.
template <byte_reader Stream>
class line_sequence {
public:
    line_sequence(buffered_reader<Stream>& reader, std::size_t limit) noexcept : reader_{&reader}, limit_{limit} {}

    /// As buffered_reader::read_line.
    [[nodiscard]] buffered_read_until_future<Stream> next() { return reader_->read_line(limit_); }

private:
    buffered_reader<Stream>* reader_;
    std::size_t limit_;
};

}  // namespace bifilar
