// Ticks at a fixed period, and what becomes of those that were missed.
#pragma once

#include <bifilar/base/detail/assert.hpp>
#include <bifilar/time/now.hpp>
#include <bifilar/time/sleep.hpp>
#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <utility>

namespace bifilar {

/// What a tick does that comes late by a period or more.
enum class missed_tick : std::uint8_t {
    burst,  ///< All that were missed come at once, until the schedule is caught up.
    delay,  ///< The next comes a full period after the late one; the schedule shifts.
    skip,   ///< Those that were missed do not come; the next comes where the schedule has it.
};

/// The first tick is due at once, or at a given moment, the others a period apart, by now() of the thread that makes it
/// and of those that wait for it. Moves while nobody waits.
/// Thread: one task at a time.
class interval {
public:
    class tick_future;

    /// The first tick is due at once.
    /// Throws: std::invalid_argument for a period of 0 or less.
    template <class Rep, class Period>
    explicit interval(std::chrono::duration<Rep, Period> period, missed_tick policy = missed_tick::burst)
        : interval{period, base::steady::time_point{std::chrono::nanoseconds{detail::timer_now_ns()}}, policy} {}
    /// The same with a first tick that is due at a moment of that clock, such as now() + period. Ticks of the past are
    /// missed ones.
    template <class Rep, class Period>
    interval(std::chrono::duration<Rep, Period> period, base::steady::time_point first,
             missed_tick policy = missed_tick::burst)
        : period_ns_{base::to_wait_ns(period).count()}, next_ns_{base::to_ns(first)}, policy_{policy} {
        if (period_ns_ <= 0) throw std::invalid_argument{"an interval's period must be longer than 0"};
    }

    /// A future of the moment for which the tick was due. Never early. The interval outlives it and does not move
    /// meanwhile.
    /// Cancellation: takes no tick.
    /// Suspends: until the tick is due.
    [[nodiscard]] tick_future tick() noexcept;

    /// The next tick is due a full period from now.
    void reset() noexcept { next_ns_ = base::after(detail::timer_now_ns(), std::chrono::nanoseconds{period_ns_}); }

    /// When the next tick is due.
    [[nodiscard]] base::steady::time_point next() const noexcept {
        return base::steady::time_point{std::chrono::nanoseconds{next_ns_}};
    }

private:
    // The tick that was due has come.
    void advance() noexcept {
        const std::chrono::nanoseconds period{period_ns_};
        const base::instant_ns regular = base::after(next_ns_, period);
        const base::instant_ns now = detail::timer_now_ns();
        if (policy_ == missed_tick::burst || regular > now) {
            next_ns_ = regular;
        } else if (policy_ == missed_tick::delay) {
            next_ns_ = base::after(now, period);
        } else {
            const base::instant_ns missed = (now - next_ns_) / period_ns_;
            next_ns_ = base::after(next_ns_ + missed * period_ns_, period);
        }
    }

    base::instant_ns period_ns_;
    base::instant_ns next_ns_;
    missed_tick policy_;
};

class [[nodiscard]] interval::tick_future {
public:
    using output = base::steady::time_point;

    explicit tick_future(interval& of) noexcept : of_{&of}, sleep_{std::in_place, of.next_ns_} {}

    polled<output> poll(context& cx) {
        for (;;) {
            if (!sleep_->poll(cx)) return not_ready;
            if (sleep_->deadline() >= of_->next_ns_) break;
            sleep_.emplace(of_->next_ns_);  // Another wait has taken that tick.
        }
        const output due = of_->next();
        of_->advance();
        return due;
    }
    void describe_wait(task_visitor& to) const noexcept {
        if (sleep_) sleep_->describe_wait(to);
    }

private:
    interval* of_;
    std::optional<sleep> sleep_;
};

inline interval::tick_future interval::tick() noexcept { return tick_future{*this}; }

static_assert(future<interval::tick_future>);

}  // namespace bifilar
