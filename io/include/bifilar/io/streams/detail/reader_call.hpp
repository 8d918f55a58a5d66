// What the futures of a buffered reader share: the stream's read behind them, and where its bytes go however they end.
#pragma once

#include <bifilar/io/streams/detail/byte_buffer.hpp>
#include <bifilar/io/streams/detail/in_flight_transfer.hpp>
#include <system_error>

namespace bifilar::detail {

/// What a reader keeps between its futures. No byte of the stream is anywhere else while none of them is under way.
template <byte_reader Stream>
class reader_state {
public:
    reader_state(std::type_identity_t<Stream>&& stream, std::size_t capacity_bytes)
        : stream{std::forward<Stream>(stream)}, buffer{capacity_bytes} {}

    Stream stream;  // May be a reference.
    byte_buffer buffer;
    /// The stream's last answer, when it was not told: the end (no error), or an error.
    std::optional<std::error_code> late;
};

/// The part of each future that reads. It starts no read before its first poll, so it may be moved until then.
template <byte_reader Stream>
class reader_call {
public:
    explicit reader_call(reader_state<Stream>& reader) noexcept : reader_{&reader} {}
    reader_call(reader_call&&) = default;
    reader_call& operator=(reader_call&&) = delete;
    ~reader_call() { give_up(); }

    [[nodiscard]] byte_buffer& buffer() const noexcept { return reader_->buffer; }

    /// Adds to the buffer, which has room for `wanted` bytes then. How many; 0 at the end.
    polled<io_result<std::size_t>> poll_more(context& cx, std::size_t wanted) {
        if (!read_.runs()) into_ = buffer().prepare(wanted);
        polled<io_result<std::size_t>> answer = poll_read(cx);
        if (!answer) return not_ready;
        const io_result<std::size_t> count = answer.take();
        if (count) buffer().commit(*count);
        return count;
    }

    /// Reads behind the first `before` bytes of `whole`, past the buffer, which is empty. Given up, everything in
    /// `whole` goes into the buffer.
    polled<io_result<std::size_t>> poll_past(context& cx, std::span<std::byte> whole, std::size_t before) {
        past_ = whole.first(before);
        if (!read_.runs()) into_ = whole.subspan(before);
        is_past_ = true;
        polled<io_result<std::size_t>> answer = poll_read(cx);
        if (!answer) return not_ready;
        is_past_ = false;
        return answer;
    }

    /// What is answered from the buffer alone costs the task a bit of its budget as well. False: not ready.
    [[nodiscard]] bool may_answer(context& cx) noexcept { return asked_ || cx.take_budget(); }

    /// The next future tells the end, which this one has seen.
    void end_again() noexcept { reader_->late.emplace(); }

    polled<void> poll_cancel(context& cx) noexcept {
        if (!read_.poll_cancel(cx)) return not_ready;
        give_up();
        return done;
    }
    void describe_wait(task_visitor& to) const noexcept { read_.describe_wait(to); }

private:
    polled<io_result<std::size_t>> poll_read(context& cx) {
        if (reader_->late && !read_.runs()) {
            if (!may_answer(cx)) return not_ready;
            asked_ = true;
            const std::error_code late = *reader_->late;
            reader_->late.reset();
            if (late) return io_result<std::size_t>{std::unexpected{late}};
            return io_result<std::size_t>{std::size_t{0}};
        }
        if (!read_.runs()) read_.start(reader_->stream.read(into_));
        asked_ = true;
        return read_.poll(cx);
    }

    void give_up() noexcept {
        const bool was_reading = read_.runs();
        const std::optional<io_result<std::size_t>> came = read_.end();
        if (is_past_) buffer().put_back(past_);
        if (was_reading && came) keep(*came);
        is_past_ = false;
    }

    void keep(const io_result<std::size_t>& came) noexcept {
        if (!came)
            reader_->late = came.error();
        else if (*came == 0)
            reader_->late.emplace();
        else if (is_past_)
            buffer().put_back(into_.first(*came));
        else
            buffer().commit(*came);
    }

    reader_state<Stream>* reader_;
    in_flight_transfer<read_of<Stream>> read_;
    std::span<std::byte> into_;  // Of the read that runs.
    std::span<std::byte> past_;  // What was read past the buffer before.
    bool is_past_ = false;
    bool asked_ = false;  // The stream, by this future.
};

}  // namespace bifilar::detail
