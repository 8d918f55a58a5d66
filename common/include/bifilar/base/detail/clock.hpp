// The real clock: CLOCK_MONOTONIC, as std::chrono::steady_clock counts it, in 64-bit nanoseconds.
// Deadlines are absolute and saturate, so that "now + a very long time" never wraps.
#pragma once

#include <bifilar/base/detail/language.hpp>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <limits>
#include <ratio>
#include <type_traits>

namespace bifilar::base {

using steady = std::chrono::steady_clock;

/// Nanoseconds since the clock's epoch.
using instant_ns = std::int64_t;

/// A deadline that never comes.
inline constexpr instant_ns never = std::numeric_limits<instant_ns>::max();

inline instant_ns to_ns(steady::time_point when) noexcept {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(when.time_since_epoch()).count();
}

/// Reads the real clock; about 20 ns. What timers go by is detail::timer_now_ns, in time/now.hpp.
#if defined(BIFILAR_MODEL)
instant_ns now_ns() noexcept;  // Time passes in models where nobody can run.
#else
inline instant_ns now_ns() noexcept { return to_ns(steady::now()); }
#endif

/// The clock as of the kernel's last tick, up to 10 ms old; about 5 ns. The real clock where there is no such one.
inline instant_ns coarse_now_ns() noexcept {
#if defined(CLOCK_MONOTONIC_COARSE)
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return static_cast<instant_ns>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
#else
    return now_ns();
#endif
}

/// now + duration, or `never` where that would overflow. Negative durations are in the past already.
inline instant_ns after(instant_ns now, std::chrono::nanoseconds duration) noexcept {
    instant_ns sum = 0;
    if (__builtin_add_overflow(now, static_cast<instant_ns>(duration.count()), &sum))
        return duration.count() > 0 ? never : std::numeric_limits<instant_ns>::min();
    return sum;
}

/// A duration in nanoseconds, to wait for: rounded up, because waits are never early; 0 for what is over already, and
/// the most there is for what does not fit. Any representation.
template <class Rep, class Period>
constexpr std::chrono::nanoseconds to_wait_ns(std::chrono::duration<Rep, Period> duration) noexcept {
    constexpr auto longest = std::chrono::nanoseconds::max();
    if constexpr (std::is_integral_v<Rep>) {
        __extension__ using wide = unsigned __int128;
        using ratio = std::ratio_divide<Period, std::nano>;
        if (duration.count() <= 0) return std::chrono::nanoseconds::zero();
        const wide ns = (static_cast<wide>(duration.count()) * ratio::num + (ratio::den - 1)) / ratio::den;
        return ns > static_cast<wide>(longest.count()) ? longest
                                                       : std::chrono::nanoseconds{static_cast<std::int64_t>(ns)};
    } else {
        const long double ns = std::chrono::duration<long double, std::nano>{duration}.count();
        if (!(ns > 0)) return std::chrono::nanoseconds::zero();
        if (ns >= static_cast<long double>(longest.count())) return longest;
        const auto whole = static_cast<std::int64_t>(ns);
        return std::chrono::nanoseconds{static_cast<long double>(whole) < ns ? whole + 1 : whole};
    }
}

}  // namespace bifilar::base
