// What the futures of a buffered writer share: the stream's write behind them, and an exact account of what it took.
#pragma once

#include <bifilar/io/streams/detail/byte_buffer.hpp>
#include <bifilar/io/streams/detail/in_flight_transfer.hpp>
#include <algorithm>
#include <array>
#include <cerrno>
#include <sys/uio.h>
#include <system_error>

namespace bifilar {

/// Takes all of several buffers with one call, as sockets do.
template <class S>
concept vectored_writer = byte_writer<S> && requires(S& stream, std::span<iovec> from) {
    { stream.write_all_vectored(from) } -> accountable_transfer;
};

namespace detail {

template <byte_writer Stream>
class writer_state {
public:
    writer_state(std::type_identity_t<Stream>&& stream, std::size_t capacity_bytes)
        : stream{std::forward<Stream>(stream)}, buffer{capacity_bytes} {}

    [[nodiscard]] bool is_full() const noexcept { return buffer.size() >= buffer.capacity(); }
    std::unexpected<std::error_code> fail(std::error_code with) noexcept {
        error = with;
        return std::unexpected{with};
    }

    Stream stream;          // May be a reference.
    byte_buffer buffer;     // What the stream has not taken yet.
    std::error_code error;  // The first failure; everything later is answered with it.
};

template <class S>
class vectored_write_of {
public:
    using type = write_of<S>;  // Never started.
};
template <vectored_writer S>
class vectored_write_of<S> {
public:
    using type = decltype(std::declval<S&>().write_all_vectored(std::declval<std::span<iovec>>()));
};

/// The part of each future that writes. It starts no write before its first poll, so it may be moved until then.
template <byte_writer Stream>
class writer_call {
public:
    explicit writer_call(writer_state<Stream>& writer) noexcept : writer_{&writer} {}
    writer_call(writer_call&&) = default;
    writer_call& operator=(writer_call&&) = delete;
    ~writer_call() { end(); }

    [[nodiscard]] writer_state<Stream>& writer() const noexcept { return *writer_; }
    /// A drain that was begun goes on before anything else touches the buffer.
    [[nodiscard]] bool drains() const noexcept { return doing_ == what::drain; }

    /// Ready when the stream has taken the whole buffer.
    polled<io_result<void>> poll_drain(context& cx) {
        doing_ = what::drain;
        while (!writer_->buffer.empty()) {
            polled<io_result<std::size_t>> answer = poll_write(cx, writer_->buffer.content());
            if (!answer) return not_ready;
            const io_result<std::size_t> count = answer.take();
            if (!count) return io_result<void>{std::unexpected{count.error()}};
            writer_->buffer.consume(*count);
        }
        doing_ = what::nothing;
        return io_result<void>{};
    }

    /// Writes some of `from` past the buffer, which is empty.
    polled<io_result<std::size_t>> poll_past(context& cx, std::span<const std::byte> from) {
        doing_ = what::past;
        polled<io_result<std::size_t>> answer = poll_write(cx, from);
        if (answer) doing_ = what::nothing;
        return answer;
    }

    /// Writes the buffer and all of `from` with as few calls as possible.
    polled<io_result<void>> poll_both(context& cx, std::span<const std::byte> from)
        requires vectored_writer<Stream>
    {
        if (!vectored_.runs()) {
            const std::span<const std::byte> first = writer_->buffer.content();
            // The stream only reads there.
            parts_ = {iovec{const_cast<std::byte*>(first.data()), first.size()},
                      iovec{const_cast<std::byte*>(from.data()), from.size()}};
            vectored_.start(writer_->stream.write_all_vectored(parts_));
            doing_ = what::both;
        }
        asked_ = true;
        polled<io_result<std::size_t>> answer = vectored_.poll(cx);
        if (!answer) return not_ready;
        const io_result<std::size_t> count = answer.take();
        doing_ = what::nothing;
        if (!count) return io_result<void>{writer_->fail(count.error())};
        writer_->buffer.consume(writer_->buffer.size());
        return io_result<void>{};
    }

    /// What is answered by copying alone costs the task a bit of its budget as well. False: not ready.
    [[nodiscard]] bool may_answer(context& cx) noexcept { return asked_ || cx.take_budget(); }

    polled<void> poll_cancel(context& cx) noexcept {
        if (!write_.poll_cancel(cx)) return not_ready;
        if (!vectored_.poll_cancel(cx)) return not_ready;
        end();
        return done;
    }
    /// Gives it up: what the stream has taken leaves the buffer.
    void end() noexcept {
        if (const std::optional<io_result<std::size_t>> came = write_.end()) account(*came);
        if (const std::optional<io_result<std::size_t>> came = vectored_.end()) account(*came);
        doing_ = what::nothing;
    }
    /// The result of a write past the buffer that was given up.
    [[nodiscard]] std::optional<io_result<std::size_t>> finished() const noexcept { return late_; }
    /// One of the two at most is under way.
    void describe_wait(task_visitor& to) const noexcept {
        write_.describe_wait(to);
        vectored_.describe_wait(to);
    }

private:
    enum class what : unsigned char { nothing, drain, past, both };

    polled<io_result<std::size_t>> poll_write(context& cx, std::span<const std::byte> from) {
        if (!write_.runs()) write_.start(writer_->stream.write(from));
        asked_ = true;
        polled<io_result<std::size_t>> answer = write_.poll(cx);
        if (!answer) return not_ready;
        const io_result<std::size_t> count = answer.take();
        if (!count) return io_result<std::size_t>{writer_->fail(count.error())};
        // A stream that takes nothing would be asked for ever.
        if (*count == 0) return io_result<std::size_t>{writer_->fail(io_failure(EIO).error())};
        return count;
    }

    void account(const io_result<std::size_t>& came) noexcept {
        if (!came)
            writer_->error = came.error();
        else if (doing_ != what::past)
            writer_->buffer.consume(std::min(*came, writer_->buffer.size()));
        if (doing_ == what::past) late_ = came;
    }

    writer_state<Stream>* writer_;
    std::array<iovec, 2> parts_{};  // Before vectored_, which uses it.
    in_flight_transfer<write_of<Stream>> write_;
    in_flight_transfer<typename vectored_write_of<Stream>::type> vectored_;
    std::optional<io_result<std::size_t>> late_;
    what doing_ = what::nothing;
    bool asked_ = false;  // The stream, by this future.
};

}  // namespace detail
}  // namespace bifilar
