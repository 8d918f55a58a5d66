// Threads of the standard library and what blocks them, by names of ours. Only the scheduler's own ones: under
// BIFILAR_MODEL, tests/model gives them a second implementation.
#pragma once

#include <bifilar/base/detail/thread_mutex.hpp>

#if !defined(BIFILAR_MODEL)
#include <chrono>
#include <mutex>
#include <thread>

namespace bifilar::base {

using thread = std::thread;
using timed_thread_mutex = std::timed_mutex;

inline void sleep_thread(std::chrono::nanoseconds time) { std::this_thread::sleep_for(time); }

}  // namespace bifilar::base
#endif
