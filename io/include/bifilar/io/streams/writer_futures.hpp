// The futures of a buffered writer. Given up at any moment, they leave the buffer with exactly what the stream has not
// taken.
#pragma once

#include <bifilar/io/streams/detail/half_close.hpp>
#include <bifilar/io/streams/detail/writer_call.hpp>

namespace bifilar {

/// Ready with how many bytes were taken, by the buffer or, for a large write, by the stream.
template <byte_writer Stream>
class [[nodiscard]] buffered_write_future {
public:
    using output = io_result<std::size_t>;

    buffered_write_future(detail::writer_state<Stream>& writer, std::span<const std::byte> from) noexcept
        : call_{writer}, from_{from} {}

    polled<output> poll(context& cx) {
        detail::writer_state<Stream>& writer = call_.writer();
        if (writer.error) return output{std::unexpected{writer.error}};
        const bool is_large = from_.size() >= writer.buffer.capacity();
        if (call_.drains() || (is_large ? !writer.buffer.empty() : writer.is_full() && !from_.empty())) {
            polled<io_result<void>> drained = call_.poll_drain(cx);
            if (!drained) return not_ready;
            if (const io_result<void> result = drained.take(); !result) return output{std::unexpected{result.error()}};
        }
        if (is_large) return call_.poll_past(cx, from_);
        if (!call_.may_answer(cx)) return not_ready;
        return output{writer.buffer.add(from_)};
    }
    polled<void> poll_cancel(context& cx) noexcept { return call_.poll_cancel(cx); }
    void describe_wait(task_visitor& to) const noexcept { call_.describe_wait(to); }
    /// See accountable_transfer.
    void end() noexcept { call_.end(); }
    /// What it has come to, for who gave it up.
    [[nodiscard]] std::optional<output> finished() const noexcept { return call_.finished(); }

private:
    detail::writer_call<Stream> call_;
    std::span<const std::byte> from_;
};

/// Ready when all bytes were taken, by the buffer or by the stream.
template <byte_writer Stream>
class [[nodiscard]] buffered_write_all_future {
public:
    using output = io_result<std::size_t>;

    buffered_write_all_future(detail::writer_state<Stream>& writer, std::span<const std::byte> from) noexcept
        : call_{writer}, from_{from} {}

    polled<output> poll(context& cx) {
        detail::writer_state<Stream>& writer = call_.writer();
        if (writer.error) return output{std::unexpected{writer.error}};
        while (taken_ < from_.size()) {
            const std::span<const std::byte> left = from_.subspan(taken_);
            const bool is_large = left.size() >= writer.buffer.capacity();
            if (is_large && writer.buffer.empty() && !call_.drains()) {
                polled<output> answer = call_.poll_past(cx, left);
                if (!answer) return not_ready;
                const output count = answer.take();
                if (!count) return count;
                taken_ += *count;
            } else if (is_large || call_.drains() || writer.is_full()) {
                polled<io_result<void>> answer = is_large ? poll_large(cx, left) : call_.poll_drain(cx);
                if (!answer) return not_ready;
                if (const io_result<void> ended = answer.take(); !ended) return output{std::unexpected{ended.error()}};
            } else {
                if (!call_.may_answer(cx)) return not_ready;
                taken_ += writer.buffer.add(left);
            }
        }
        return output{taken_};
    }
    polled<void> poll_cancel(context& cx) noexcept { return call_.poll_cancel(cx); }
    void describe_wait(task_visitor& to) const noexcept { call_.describe_wait(to); }

private:
    // The buffer's content has to go first, with `left` behind it where the stream can do that.
    polled<io_result<void>> poll_large(context& cx, std::span<const std::byte> left) {
        if constexpr (vectored_writer<Stream>) {
            polled<io_result<void>> answer = call_.poll_both(cx, left);
            if (answer && *answer) taken_ += left.size();
            return answer;
        } else {
            return call_.poll_drain(cx);
        }
    }

    detail::writer_call<Stream> call_;
    std::span<const std::byte> from_;
    std::size_t taken_ = 0;
};

/// Ready when the stream has taken everything.
template <byte_writer Stream>
class [[nodiscard]] buffered_flush_future {
public:
    using output = io_result<void>;

    explicit buffered_flush_future(detail::writer_state<Stream>& writer) noexcept : call_{writer} {}

    polled<output> poll(context& cx) {
        if (call_.writer().error) return output{std::unexpected{call_.writer().error}};
        if (call_.writer().buffer.empty() && !call_.may_answer(cx)) return not_ready;
        return call_.poll_drain(cx);
    }
    polled<void> poll_cancel(context& cx) noexcept { return call_.poll_cancel(cx); }
    void describe_wait(task_visitor& to) const noexcept { call_.describe_wait(to); }

private:
    detail::writer_call<Stream> call_;
};

/// Ready when the stream has taken everything and its end as well.
template <byte_writer Stream>
    requires half_closing<Stream>
class [[nodiscard]] buffered_shutdown_future {
public:
    using output = io_result<void>;

    explicit buffered_shutdown_future(detail::writer_state<Stream>& writer) noexcept
        : writer_{&writer}, flush_{writer} {}

    polled<output> poll(context& cx) {
        if (!flushed_) {
            polled<output> answer = flush_.poll(cx);
            if (!answer) return not_ready;
            const output result = answer.take();
            if (!result) return result;
            flushed_ = true;
        }
        return end_.poll(cx, writer_->stream);
    }
    polled<void> poll_cancel(context& cx) noexcept { return flushed_ ? end_.poll_cancel(cx) : flush_.poll_cancel(cx); }
    void describe_wait(task_visitor& to) const noexcept {
        if (flushed_)
            end_.describe_wait(to);
        else
            flush_.describe_wait(to);
    }

private:
    detail::writer_state<Stream>* writer_;
    buffered_flush_future<Stream> flush_;
    detail::half_close<std::remove_reference_t<Stream>> end_;
    bool flushed_ = false;
};

}  // namespace bifilar
