// Reads, writes and the end of a TLS stream, as futures.
#pragma once

#include <bifilar/io/streams/stream_futures.hpp>
#include <bifilar/tls/detail/tls_flow.hpp>
#include <cerrno>

namespace bifilar {

/// Ready with how many bytes were read. 0: the peer has ended its side with close_notify, or the buffer is empty.
/// Cancellation: nothing is lost that was not yet in the buffer; what `transfer::whole` had put there is.
template <class Stream>
class [[nodiscard]] tls_read_future : public detail::tls_operation<Stream, io_result<std::size_t>> {
public:
    using output = io_result<std::size_t>;
    using base = detail::tls_operation<Stream, output>;

    tls_read_future(detail::tls_connection<Stream>& from, std::span<std::byte> into, transfer how) noexcept
        : base{from}, into_{into}, how_{how} {}

    polled<output> poll(context& cx) {
        using enum detail::tls_step;
        if (into_.empty()) return output{std::size_t{0}};
        if (this->is_finished()) return this->rest(cx);
        if (!this->receiving_.take(this->session_->receiving, cx)) return not_ready;
        for (;;) {
            if (!this->flow_.is_receiving()) {
                std::size_t count = 0;
                const detail::tls_step next = this->session_->read(into_.subspan(filled_), count);
                if (next == done) {
                    filled_ += count;
                    if (how_ == transfer::some || filled_ == into_.size()) return this->finish(filled_, cx);
                    continue;
                }
                if (next == ended && how_ == transfer::some) return this->finish(filled_, cx);
                if (next == ended) return this->finish(io_failure(ENODATA), cx);
                if (next == failed) return this->fail(cx);
                if (next == send) {
                    // A flood of requests whose answers the peer does not read.
                    polled<std::error_code> sent = speak(cx);
                    if (!sent) return not_ready;
                    if (const std::error_code error = sent.take()) return this->finish(std::unexpected{error}, cx);
                    continue;
                }
            }
            // What reading made the session say, such as new keys, goes out meanwhile. An error is the next write's.
            if (this->session_->has_answers()) (void)speak(cx);
            polled<std::error_code> came = this->flow_.receive(cx);
            if (!came) return not_ready;
            if (const std::error_code error = came.take()) return this->finish(std::unexpected{error}, cx);
        }
    }

    /// Brings it to rest; the thread may block a moment.
    void end() noexcept { this->flow_.end(); }
    /// How many bytes are in the buffer of one at rest. See accountable_transfer.
    [[nodiscard]] std::optional<output> finished() const noexcept {
        return filled_ == 0 ? std::optional<output>{} : std::optional<output>{filled_};
    }

private:
    /// Sends what the session has to say, in its turn.
    polled<std::error_code> speak(context& cx) {
        if (!this->sending_.take(this->session_->sending, cx)) return not_ready;
        polled<std::error_code> sent = this->flow_.send(cx);
        if (sent) this->sending_.release();
        return sent;
    }

    std::span<std::byte> into_;
    std::size_t filled_ = 0;
    transfer how_;
};

/// Ready with how many bytes were taken, when the transport has them.
/// Errors: EPIPE after shutdown_write().
/// Cancellation: the records made so far go out with the next write or shutdown_write(): the stream goes on, and which
/// part of the bytes was taken, finished() tells.
template <class Stream>
class [[nodiscard]] tls_write_future : public detail::tls_sender<Stream, io_result<std::size_t>> {
public:
    using output = io_result<std::size_t>;
    using base = detail::tls_sender<Stream, output>;

    tls_write_future(detail::tls_connection<Stream>& to, std::span<const std::byte> from, transfer how) noexcept
        : base{to}, from_{from}, how_{how} {}

    polled<output> poll(context& cx) {
        using enum detail::tls_step;
        if (from_.empty()) return output{std::size_t{0}};
        if (this->is_finished()) return this->rest(cx);
        if (!this->sending_.take(this->session_->sending, cx)) return not_ready;
        for (;;) {
            polled<std::error_code> sent = this->flow_.send(cx);
            if (!sent) return not_ready;
            if (const std::error_code error = sent.take()) return this->finish(std::unexpected{error}, cx);
            if (taken_ == from_.size() || (taken_ != 0 && how_ == transfer::some)) return this->finish(taken_, cx);
            std::size_t count = 0;
            const auto write = [&] { return this->session_->write(from_.subspan(taken_), count); };
            polled<io_result<detail::tls_step>> said = this->say(write, cx);
            if (!said) return not_ready;
            const io_result<detail::tls_step> next = said.take();
            if (!next) return this->finish(std::unexpected{next.error()}, cx);
            switch (*next) {
                case done:
                    taken_ += count;
                    break;
                case send:
                case receive:  // It is not said.
                    break;
                case ended:
                    return this->finish(io_failure(EPIPE), cx);
                case failed:
                    return this->fail(cx);
            }
        }
    }

    /// Brings it to rest; the thread may block a moment.
    void end() noexcept { this->flow_.end(); }
    /// How many bytes were taken of one at rest; a part of them may go out later. See accountable_transfer.
    [[nodiscard]] std::optional<output> finished() const noexcept {
        return taken_ == 0 ? std::optional<output>{} : std::optional<output>{taken_};
    }

private:
    std::span<const std::byte> from_;
    std::size_t taken_ = 0;
    transfer how_;
};

/// Ready when the transport has close_notify and all before it. While a message of the peer's is here in part, it waits
/// for the rest.
/// Cancellation: what is left goes out with the next one.
template <class Stream>
class [[nodiscard]] tls_shutdown_future : public detail::tls_sender<Stream, io_result<void>> {
public:
    using output = io_result<void>;
    using base = detail::tls_sender<Stream, output>;

    explicit tls_shutdown_future(detail::tls_connection<Stream>& of) noexcept : base{of} {}

    polled<output> poll(context& cx) {
        if (this->is_finished()) return this->rest(cx);
        if (!this->sending_.take(this->session_->sending, cx)) return not_ready;
        for (detail::tls_step last = detail::tls_step::send;;) {
            polled<std::error_code> sent = this->flow_.send(cx);
            if (!sent) return not_ready;
            if (const std::error_code error = sent.take()) return this->finish(std::unexpected{error}, cx);
            if (last == detail::tls_step::done) return this->finish(output{}, cx);
            polled<io_result<detail::tls_step>> said = this->say([&] { return this->session_->shutdown(); }, cx);
            if (!said) return not_ready;
            const io_result<detail::tls_step> next = said.take();
            if (!next) return this->finish(std::unexpected{next.error()}, cx);
            last = *next;
            if (last != detail::tls_step::done && last != detail::tls_step::send) return this->fail(cx);
        }
    }
};

}  // namespace bifilar
