// ThreadSanitizer keeps a signal back until its thread calls something that it knows.
#pragma once

#include <bifilar/base/detail/sanitizer.hpp>

#include <chrono>
#include <thread>

namespace tests {

#if defined(BIFILAR_TSAN)
inline constexpr bool signals_come_at_once = false;
#else
inline constexpr bool signals_come_at_once = true;
#endif

/// In loops of threads that are to be stopped by a signal.
inline void let_signals_come() {
    if (!signals_come_at_once) std::this_thread::sleep_for(std::chrono::microseconds{10});
}

}  // namespace tests
