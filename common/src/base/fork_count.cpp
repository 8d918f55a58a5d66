// The count goes up in the child alone, where only the thread that forked exists.
#include <bifilar/base/detail/fork_count.hpp>

#include <pthread.h>

namespace bifilar::base {

constinit atomic<std::uint32_t> forks{0};

namespace {

// Before main, so that it comes before the handlers that others register: children run them in this order.
[[maybe_unused]] const int watched = ::pthread_atfork(nullptr, nullptr, [] {
    forks.store(fork_count() + 1, relaxed);  // Relaxed: one thread exists.
});

}  // namespace
}  // namespace bifilar::base
