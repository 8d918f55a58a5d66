// The mutex of the standard library, and what stands in for it where that has no threads.
#pragma once

#include <bifilar/base/detail/language.hpp>
#include <mutex>

#if defined(BIFILAR_MODEL)
#include <model/thread.hpp>  // IWYU pragma: export
#else
namespace bifilar::base {

#if defined(_LIBCPP_HAS_NO_THREADS)
/// For a program of one thread, which excludes nobody.
class thread_mutex {
public:
    thread_mutex() noexcept = default;
    thread_mutex(const thread_mutex&) = delete;
    thread_mutex& operator=(const thread_mutex&) = delete;

    void lock() noexcept {}
    [[nodiscard]] bool try_lock() noexcept { return true; }
    void unlock() noexcept {}
};
#else
/// Blocks the thread.
using thread_mutex = std::mutex;
#endif

}  // namespace bifilar::base
#endif
