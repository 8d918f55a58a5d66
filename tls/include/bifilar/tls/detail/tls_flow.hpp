// The ciphertext of one operation on its way between session and transport, and the parts that operations share.
#pragma once

#include <bifilar/future/future.hpp>
#include <bifilar/io/streams/detail/in_flight_transfer.hpp>
#include <bifilar/time/sleep.hpp>
#include <bifilar/tls/detail/tls_session.hpp>
#include <chrono>
#include <concepts>
#include <optional>
#include <utility>

namespace bifilar {

/// A stream that TLS runs over: tcp_stream, unix_stream, a tls_stream, or one's own.
template <class Stream>
concept tls_transport = std::movable<Stream> && byte_reader<Stream> && requires(Stream& stream) {
    { stream.write(std::span<const std::byte>{}) } -> byte_transfer;
};

namespace detail {

/// A lock that is asked for over several polls, held, and given back.
class tls_turn {
public:
    [[nodiscard]] bool take(mutex& of, context& cx) noexcept {
        if (holds_) return true;
        if (!asks_) asks_.emplace(of.lock());
        polled<mutex::guard> got = asks_->poll(cx);
        if (!got) return false;
        holds_ = got.take();
        asks_.reset();
        return true;
    }
    [[nodiscard]] bool try_take(mutex& of) noexcept {
        if (!holds_ && !asks_) holds_ = of.try_lock();
        return static_cast<bool>(holds_);
    }
    [[nodiscard]] bool holds() const noexcept { return static_cast<bool>(holds_); }
    void release() noexcept {
        asks_.reset();
        holds_.unlock();
    }
    /// Nothing when it is not asked for.
    void describe_wait(task_visitor& to) const noexcept {
        if (asks_) asks_->describe_wait(to);
    }

private:
    std::optional<mutex::lock_future> asks_;
    mutex::guard holds_;
};

/// What one operation has in flight on the transport. Whoever calls receive or send holds the session's lock for it.
template <class Stream>
class tls_flow {
public:
    tls_flow(tls_session& session, Stream& stream) noexcept : session_{&session}, stream_{&stream} {}
    tls_flow(tls_flow&&) = default;
    tls_flow& operator=(tls_flow&&) = delete;
    ~tls_flow() { end(); }

    [[nodiscard]] bool is_receiving() const noexcept { return in_.runs(); }

    /// Some ciphertext, or the transport's end. Ready with the transport's error.
    polled<std::error_code> receive(context& cx) {
        if (!in_.runs()) {
            const std::span<std::byte> room = session_->receive_room();
            // A read into nothing would look like the transport's end. There is enough for the session to go on with.
            if (room.empty()) return std::error_code{};
            in_.start(stream_->read(room));
        }
        polled<io_result<std::size_t>> answer = in_.poll(cx);
        if (!answer) return not_ready;
        const io_result<std::size_t> count = answer.take();
        if (!count) return count.error();
        *count == 0 ? session_->received_end() : session_->received(*count);
        return std::error_code{};
    }

    /// All that the session has to send. Ready with the transport's error.
    polled<std::error_code> send(context& cx) {
        for (;;) {
            if (!out_.runs()) {
                const std::span<const std::byte> left = session_->to_send();
                if (left.empty()) return std::error_code{};
                out_.start(stream_->write(left));
            }
            polled<io_result<std::size_t>> answer = out_.poll(cx);
            if (!answer) return not_ready;
            const io_result<std::size_t> count = answer.take();
            if (!count) return count.error();
            session_->sent(*count);
        }
    }

    /// Cancels what is in flight. What was moved by then is kept.
    polled<void> poll_rest(context& cx) noexcept {
        const bool in_rests = in_.poll_cancel(cx).is_ready();
        const bool out_rests = out_.poll_cancel(cx).is_ready();
        if (!in_rests || !out_rests) return not_ready;
        end();
        return done;
    }

    /// The same at once, as a destructor: the thread may block a moment.
    void end() noexcept {
        // What failed, fails again when it is asked for anew.
        if (const std::optional<io_result<std::size_t>> came = in_.end(); came && *came) session_->received(**came);
        if (const std::optional<io_result<std::size_t>> went = out_.end(); went && *went) session_->sent(**went);
    }

    void describe_wait(task_visitor& to) const noexcept {
        describe_arms<tls_flow>(to, task_visitor::arms::any, in_, out_);
    }

private:
    tls_session* session_;
    Stream* stream_;
    in_flight_transfer<read_of<Stream>> in_;
    in_flight_transfer<write_of<Stream>> out_;
};

/// A session and what it runs over, at an address of their own.
template <class Stream>
class tls_connection {
public:
    tls_connection(const tls_context& context, tls_side side, std::string host, std::uint16_t port, Stream over)
        : session{context, side, std::move(host), port}, stream{std::move(over)} {}

    tls_session session;
    Stream stream;
};

/// Base of the futures: the turns, the ciphertext in flight, and how an operation ends: with nothing in flight.
template <class Stream, class Output>
class tls_operation {
public:
    polled<void> poll_cancel(context& cx) noexcept { return flow_.poll_rest(cx); }
    void describe_wait(task_visitor& to) const noexcept {
        describe_arms<tls_operation>(to, task_visitor::arms::any, receiving_, sending_, flow_);
    }

protected:
    explicit tls_operation(tls_connection<Stream>& on) noexcept : session_{&on.session}, flow_{on.session, on.stream} {}

    /// Whether finish() was called, and rest() has to be asked.
    [[nodiscard]] bool is_finished() const noexcept { return result_.has_value(); }
    polled<Output> finish(Output with, context& cx) {
        result_.emplace(std::move(with));
        return rest(cx);
    }
    polled<Output> rest(context& cx) {
        if (!flow_.poll_rest(cx)) return not_ready;
        sending_.release();
        receiving_.release();
        return std::move(*result_);
    }
    /// After a failure of TLS: the alert goes out if that can be done without waiting. A peer that does not read must
    /// not keep an error from those who would close the connection.
    polled<Output> fail(context& cx) {
        if (sending_.try_take(session_->sending)) (void)flow_.send(cx);
        return finish(std::unexpected{session_->error()}, cx);
    }

    tls_session* session_;
    tls_turn receiving_;
    tls_turn sending_;
    tls_flow<Stream> flow_;  // Behind the turns: it ends first.

private:
    std::optional<Output> result_;
};

/// Base of the futures that send. OpenSSL sends nothing of ours while a message of the peer's, a long ticket say, is
/// here in part.
template <class Stream, class Output>
class tls_sender : public tls_operation<Stream, Output> {
protected:
    using tls_operation<Stream, Output>::tls_operation;

    /// What `call`, one of the session's, says; never receive, which is dealt with here. Ready with the transport's
    /// error.
    template <class Call>
    polled<io_result<tls_step>> say(Call call, context& cx) {
        tls_step next = this->flow_.is_receiving() ? tls_step::receive : call();
        // Asked again with the turn in hand: until then a reader may have brought the rest, and then nothing else has
        // to come.
        if (next == tls_step::receive && !this->receiving_.holds() &&
            this->receiving_.try_take(this->session_->receiving))
            next = call();
        if (next != tls_step::receive) {
            this->receiving_.release();
            return io_result<tls_step>{next};
        }
        polled<std::error_code> came = this->receiving_.holds() ? this->flow_.receive(cx) : wait_a_moment(cx);
        if (!came) return not_ready;
        this->receiving_.release();
        if (const std::error_code error = came.take()) return io_result<tls_step>{std::unexpected{error}};
        return io_result<tls_step>{tls_step::send};
    }

private:
    /// A reader is at it, and may wait for an answer to what is sent here, so its turn is no place to wait in.
    polled<std::error_code> wait_a_moment(context& cx) {
        if (!pause_) pause_.emplace(sleep_for(std::chrono::milliseconds{1}));
        if (!pause_->poll(cx)) return not_ready;
        pause_.reset();
        return std::error_code{};
    }

    std::optional<sleep> pause_;
};

}  // namespace detail
}  // namespace bifilar
