// Copies two streams to each other, as proxies do: both directions at once, each end passed on, an idle limit.
#pragma once

#include <bifilar/io/streams/copy.hpp>
#include <bifilar/io/streams/detail/half_close.hpp>
#include <bifilar/time/sleep.hpp>

namespace bifilar {
namespace detail {

/// One direction: copies, and then ends the other stream's sending side. Copy: copy_future, or one that is like it.
template <class Copy, half_closing To>
class copy_direction {
public:
    copy_direction(Copy copy, To& to) : copy_{std::move(copy)}, to_{&to} {}

    /// Goes on until it has ended or has to wait. Whether something happened.
    bool poll(context& cx) {
        if (result_) return false;
        const std::uint64_t before = copy_.bytes();
        bool copied_now = false;
        if (!copied_) {
            polled<copy_result> answer = copy_.poll(cx);
            if (!answer) return copy_.bytes() != before;
            copied_.emplace(answer.take());
            copied_now = true;
            if (copied_->error) {
                result_ = copied_;
                return true;
            }
        }
        polled<io_result<void>> answer = end_.poll(cx, *to_);
        if (!answer) return copied_now;
        const io_result<void> ended = answer.take();
        // ENOTCONN: that side is closed in both directions already, which is what was asked for.
        const bool failed = !ended && ended.error() != std::errc::not_connected;
        result_.emplace(copied_->bytes, failed ? ended.error() : std::error_code{},
                        failed ? copy_side::writer : copy_side::none);
        return true;
    }

    polled<void> poll_cancel(context& cx) noexcept {
        if (result_) return done;
        return copied_ ? end_.poll_cancel(cx) : copy_.poll_cancel(cx);
    }

    [[nodiscard]] bool ended() const noexcept { return result_.has_value(); }
    [[nodiscard]] bool failed() const noexcept { return result_ && result_->error; }
    /// The result; of one that was brought to rest before its end, with `reason`.
    [[nodiscard]] copy_result result(std::error_code reason) const noexcept {
        return result_ ? *result_ : copy_result{copy_.bytes(), reason};
    }
    void describe_wait(task_visitor& to) const noexcept {
        if (result_) return;
        if (copied_)
            end_.describe_wait(to);
        else
            bifilar::describe_wait(copy_, to);
    }

private:
    Copy copy_;
    To* to_;
    half_close<To> end_;
    std::optional<copy_result> copied_;
    std::optional<copy_result> result_;
};

}  // namespace detail

/// Ready when both directions have ended. Both streams outlive it.
template <byte_stream A, byte_stream B, class There = copy_future<A, B>, class Back = copy_future<B, A>>
    requires half_closing<A> && half_closing<B>
class [[nodiscard]] copy_bidirectional_future {
public:
    using output = bidirectional_copy_result;

    /// `there` copies a to b, `back` the other way.
    copy_bidirectional_future(A& a, B& b, There there, Back back, std::optional<std::chrono::nanoseconds> idle_timeout)
        : there_{std::move(there), b}, back_{std::move(back), a}, idle_{idle_timeout} {
        if (idle_ && idle_->count() <= 0)
            throw std::invalid_argument{"copy_bidirectional: an idle_timeout of 0 or less; leave it empty for none"};
    }

    polled<output> poll(context& cx) {
        if (!reason_) {
            const bool moved = poll_directions(cx);
            if (there_.failed() || back_.failed()) {
                reason_ = io_failure(ECANCELED).error();
            } else if (there_.ended() && back_.ended()) {
                reason_.emplace();
            } else if (!is_idle(cx, moved)) {
                return not_ready;
            } else {
                reason_ = io_failure(ETIMEDOUT).error();
            }
        }
        if (!poll_cancel(cx)) return not_ready;
        return output{there_.result(*reason_), back_.result(*reason_)};
    }

    polled<void> poll_cancel(context& cx) noexcept {
        const bool there = there_.poll_cancel(cx).is_ready();
        const bool back = back_.poll_cancel(cx).is_ready();
        if (!there || !back) return not_ready;
        return done;
    }
    void describe_wait(task_visitor& to) const noexcept {
        describe_arms<copy_bidirectional_future>(to, task_visitor::arms::all, there_, back_);
    }

private:
    // By turns, because the one that comes first may use up the task's budget each time.
    bool poll_directions(context& cx) {
        there_first_ = !there_first_;
        const bool first = there_first_ ? there_.poll(cx) : back_.poll(cx);
        const bool second = there_first_ ? back_.poll(cx) : there_.poll(cx);
        return first || second;
    }

    // The timer is not moved with each byte: it looks, when it fires, whether something has happened since.
    bool is_idle(context& cx, bool moved) {
        if (!idle_) return false;
        if (moved || !timer_) deadline_ = base::after(detail::timer_now_ns(), *idle_);
        for (;;) {
            if (!timer_) timer_.emplace(deadline_);
            if (!timer_->poll(cx)) return false;
            const bool is_last = timer_->deadline() >= deadline_;
            timer_.reset();
            if (is_last) return true;
        }
    }

    detail::copy_direction<There, B> there_;
    detail::copy_direction<Back, A> back_;
    std::optional<std::chrono::nanoseconds> idle_;
    base::instant_ns deadline_ = 0;
    std::optional<sleep> timer_;
    std::optional<std::error_code> reason_;  // Why it ends; no error when both directions have ended.
    bool there_first_ = false;
};

/// Copies `a` to `b` and `b` to `a` at once. Where one stream ends, shutdown_write of the other passes that on, and the
/// other direction goes on; both have ended when both streams have. A failure in one direction, or nothing moved for
/// options.idle_timeout, ends both. The result tells both directions; the streams stay open.
/// Meant for streams without a buffer for writing, because nothing is flushed before a stream's end.
///
/// Throws: std::invalid_argument for a buffer of 0 bytes and an idle time of 0 or less; the first poll may throw
/// std::bad_alloc.
/// Errors: in the result, as copy, and those of shutdown_write but ENOTCONN; ECANCELED and ETIMEDOUT as
/// bidirectional_copy_result says.
/// Cancellation: as copy, in each direction.
/// Suspends: until both directions have ended.
/// Allocates: its two buffers with the first poll, and nothing else.
template <byte_stream A, byte_stream B>
    requires half_closing<A> && half_closing<B>
[[nodiscard]] copy_bidirectional_future<A, B> copy_bidirectional(
    A& a, B& b, const bidirectional_copy_options& options = {}) {
    copy_options each;
    each.buffer_bytes = options.buffer_bytes;
    return {a, b, copy_future<A, B>{a, b, each}, copy_future<B, A>{b, a, each}, options.idle_timeout};
}

}  // namespace bifilar
