// Copies one stream to another until it ends, through one buffer.
#pragma once

#include <bifilar/io/streams/copy_result.hpp>
#include <bifilar/io/streams/detail/in_flight_transfer.hpp>
#include <algorithm>
#include <cerrno>
#include <memory>
#include <stdexcept>

namespace bifilar {

/// Ready when `from` has ended, the limit is reached or a side failed. Both streams outlive it. Also the engine of one
/// direction of copy_bidirectional.
template <byte_reader From, byte_writer To>
class [[nodiscard]] copy_future {
public:
    using output = copy_result;

    copy_future(From& from, To& to, const copy_options& options)
        : from_{&from}, to_{&to}, left_{options.limit}, buffer_bytes_{options.buffer_bytes} {
        if (buffer_bytes_ == 0)
            throw std::invalid_argument{"copy: a buffer_bytes of 0; set 1 at least, or leave it at 64 KiB"};
        buffer_bytes_ = static_cast<std::size_t>(std::min<std::uint64_t>(buffer_bytes_, left_));
    }

    polled<output> poll(context& cx) {
        if (buffer_ == nullptr) buffer_ = std::make_unique_for_overwrite<std::byte[]>(buffer_bytes_);
        for (;;) {
            if (pending_.empty() && !write_.runs()) {
                if (left_ == 0) return output{bytes_};
                polled<io_result<std::size_t>> answer = poll_read(cx);
                if (!answer) return not_ready;
                const io_result<std::size_t> count = answer.take();
                if (!count) return output{bytes_, count.error(), copy_side::reader};
                if (*count == 0) return output{bytes_};
                pending_ = {buffer_.get(), *count};
                left_ -= *count;
            }
            if (!write_.runs()) write_.start(to_->write(pending_));
            polled<io_result<std::size_t>> answer = write_.poll(cx);
            if (!answer) return not_ready;
            const io_result<std::size_t> count = answer.take();
            if (!count) return output{bytes_, count.error(), copy_side::writer};
            // A stream that takes nothing would be asked for ever.
            if (*count == 0) return output{bytes_, io_failure(EIO).error(), copy_side::writer};
            bytes_ += *count;
            pending_ = pending_.subspan(*count);
        }
    }

    polled<void> poll_cancel(context& cx) noexcept {
        if (!read_.poll_cancel(cx)) return not_ready;
        if (!write_.poll_cancel(cx)) return not_ready;
        if (const std::optional<io_result<std::size_t>> late = write_.end(); late && *late) bytes_ += **late;
        return done;
    }

    /// What `to` has taken so far.
    [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }
    /// One of the two at most is under way.
    void describe_wait(task_visitor& to) const noexcept {
        read_.describe_wait(to);
        write_.describe_wait(to);
    }

private:
    polled<io_result<std::size_t>> poll_read(context& cx) {
        if (!read_.runs()) {
            const std::uint64_t wanted = std::min<std::uint64_t>(buffer_bytes_, left_);
            read_.start(from_->read(std::span{buffer_.get(), static_cast<std::size_t>(wanted)}));
        }
        return read_.poll(cx);
    }

    From* from_;
    To* to_;
    std::uint64_t left_;
    std::uint64_t bytes_ = 0;
    std::size_t buffer_bytes_;
    std::unique_ptr<std::byte[]> buffer_;  // Before the transfers, which use it.
    std::span<const std::byte> pending_;   // Read and not yet written.
    detail::in_flight_transfer<detail::read_of<From>> read_;
    detail::in_flight_transfer<detail::write_of<To>> write_;
};

/// Copies what `from` gives to `to`, until `from` ends. Never fails as a future: the result tells how many bytes `to`
/// has taken, the error, and whose it is. Neither flushes nor half-closes `to`.
///
/// Throws: std::invalid_argument for a buffer of 0 bytes; the first poll may throw std::bad_alloc.
/// Errors: in the result, the streams' own; EIO when `to` takes 0 bytes of some.
/// Cancellation: it is brought to rest, by the destructor too; up to a buffer of bytes may have been read and not been
/// written then, and is lost.
/// Suspends: until `from` has ended, the limit is reached or a side has failed.
/// Allocates: its buffer with the first poll, and nothing else.
template <byte_reader From, byte_writer To>
[[nodiscard]] copy_future<From, To> copy(From& from, To& to, const copy_options& options = {}) {
    return {from, to, options};
}

}  // namespace bifilar
