// The count goes up in the child alone, where only the thread that forked exists.
#include <bifilar/base/fork_count.hpp>

#include <bifilar/base/atomic.hpp>

#include <pthread.h>

namespace bifilar::base {
namespace {

// Written in a forked child before its fork returns, when it has one thread; read by all.
atomic<std::uint32_t> forks{0};

bool watch_forks() noexcept {
    // Relaxed: one thread exists.
    return ::pthread_atfork(nullptr, nullptr, [] { forks.store(forks.load(relaxed) + 1, relaxed); }) == 0;
}

}  // namespace

std::uint32_t fork_count() noexcept {
    [[maybe_unused]] static const bool watched = watch_forks();
    return forks.load(relaxed);  // Relaxed: no thread of the process writes it.
}

}  // namespace bifilar::base
