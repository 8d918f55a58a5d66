// Reads, writes and the end of a TLS stream, as futures.
#pragma once

#include <bifilar/drivers/stream_call.hpp>
#include <bifilar/tls/tls_flow.hpp>
#include <cerrno>

namespace bifilar {

/// Ready with how many bytes were read. 0: the peer has ended its side with close_notify, or the buffer is empty.
/// Cancelled, nothing is lost that was not yet in the buffer; what `transfer::whole` had put there is.
template <class Stream>
class [[nodiscard]] tls_read : public detail::tls_operation<Stream> {
public:
    using output = io_result<std::size_t>;

    tls_read(detail::tls_connection<Stream>& from, std::span<std::byte> into, transfer how) noexcept
        : detail::tls_operation<Stream>{from}, into_{into}, how_{how} {}

    polled<output> poll(context& cx) {
        using enum detail::tls_step;
        if (into_.empty()) return output{std::size_t{0}};
        if (this->is_leaving()) return fail(cx);
        if (!this->receiving_.take(this->session_->receiving, cx)) return not_ready;
        for (;;) {
            if (this->flow_.is_receiving()) {
                polled<std::error_code> came = this->flow_.receive(cx);
                if (!came) return not_ready;
                if (const std::error_code error = came.take()) return finish(std::unexpected{error});
            }
            std::size_t count = 0;
            switch (this->session_->read(into_.subspan(filled_), count)) {
                case done:
                    filled_ += count;
                    if (how_ == transfer::some || filled_ == into_.size()) return finish(filled_);
                    break;
                case ended:
                    return how_ == transfer::some ? finish(filled_) : finish(io_failure(ENODATA));
                case receive: {
                    polled<std::error_code> came = this->flow_.receive(cx);
                    if (!came) return not_ready;
                    if (const std::error_code error = came.take()) return finish(std::unexpected{error});
                    break;
                }
                case send: {
                    // Answers to a flood of requests for new keys; others go out with the next write.
                    if (!this->sending_.take(this->session_->sending, cx)) return not_ready;
                    polled<std::error_code> sent = this->flow_.send(cx);
                    if (!sent) return not_ready;
                    this->sending_.release();
                    if (const std::error_code error = sent.take()) return finish(std::unexpected{error});
                    break;
                }
                case failed:
                    return fail(cx);
            }
        }
    }

    /// Brings it to rest; the thread may block a moment. How many bytes are in the buffer.
    std::size_t end() noexcept {
        this->flow_.end();
        return filled_;
    }

private:
    polled<output> finish(output with) noexcept {
        this->release();
        return with;
    }
    polled<output> fail(context& cx) {
        if (!this->farewell(cx)) return not_ready;
        return finish(std::unexpected{this->session_->error()});
    }

    std::span<std::byte> into_;
    std::size_t filled_ = 0;
    transfer how_;
};

/// Ready with how many bytes were taken, when the transport has them. EPIPE after shutdown_write(). Cancelled, the
/// records made so far go out with the next write or shutdown_write(): the stream goes on, and which part of the
/// bytes was taken, end() tells.
template <class Stream>
class [[nodiscard]] tls_write : public detail::tls_operation<Stream> {
public:
    using output = io_result<std::size_t>;

    tls_write(detail::tls_connection<Stream>& to, std::span<const std::byte> from, transfer how) noexcept
        : detail::tls_operation<Stream>{to}, from_{from}, how_{how} {}

    polled<output> poll(context& cx) {
        using enum detail::tls_step;
        if (from_.empty()) return output{std::size_t{0}};
        if (this->is_leaving()) return fail(cx);
        if (!this->sending_.take(this->session_->sending, cx)) return not_ready;
        for (;;) {
            polled<std::error_code> sent = this->flow_.send(cx);
            if (!sent) return not_ready;
            if (const std::error_code error = sent.take()) return finish(std::unexpected{error});
            if (taken_ == from_.size() || (taken_ != 0 && how_ == transfer::some)) return finish(taken_);
            std::size_t count = 0;
            switch (this->session_->write(from_.subspan(taken_), count)) {
                case done:
                    taken_ += count;
                    break;
                case send:
                    break;
                case ended:
                    return finish(io_failure(EPIPE));
                case receive:
                case failed:
                    return fail(cx);
            }
        }
    }

    /// Brings it to rest; the thread may block a moment. How many bytes were taken; a part of them may go out later.
    std::size_t end() noexcept {
        this->flow_.end();
        return taken_;
    }

private:
    polled<output> finish(output with) noexcept {
        this->release();
        return with;
    }
    polled<output> fail(context& cx) {
        if (!this->farewell(cx)) return not_ready;
        return finish(std::unexpected{this->session_->error()});
    }

    std::span<const std::byte> from_;
    std::size_t taken_ = 0;
    transfer how_;
};

/// Ready when the transport has close_notify and all before it. Cancelled, the rest goes out with the next one.
template <class Stream>
class [[nodiscard]] tls_shutdown : public detail::tls_operation<Stream> {
public:
    using output = io_result<void>;

    explicit tls_shutdown(detail::tls_connection<Stream>& of) noexcept : detail::tls_operation<Stream>{of} {}

    polled<output> poll(context& cx) {
        if (!this->sending_.take(this->session_->sending, cx)) return not_ready;
        for (detail::tls_step last = detail::tls_step::send;;) {
            polled<std::error_code> sent = this->flow_.send(cx);
            if (!sent) return not_ready;
            if (const std::error_code error = sent.take()) return finish(std::unexpected{error});
            if (last == detail::tls_step::done) return finish({});
            last = this->session_->shutdown();
            if (last != detail::tls_step::done && last != detail::tls_step::send)
                return finish(std::unexpected{this->session_->error()});
        }
    }

private:
    polled<output> finish(output with) noexcept {
        this->release();
        return with;
    }
};

}  // namespace bifilar
