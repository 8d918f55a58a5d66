// One listener for all waits of the process. Its signals are never taken, so its eventfd, written at the first of them,
// stays readable for every wait to come.
#include <bifilar/drivers/ctrl_c.hpp>

#include "signal_listener.hpp"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <mutex>
#include <system_error>

namespace bifilar {
namespace {

int watched_descriptor() {
    static std::mutex mutex;
    static drivers::signal_listener* watched = nullptr;  // Never destroyed: waits may begin at any time.
    const std::lock_guard guard{mutex};
    // In a forked child the parent's is of no use, and its memory is not worth a thought.
    if (watched == nullptr || !watched->is_ours())
        watched = new drivers::signal_listener{drivers::bit_of(SIGINT) | drivers::bit_of(SIGTERM)};
    return watched->source().descriptor();
}

drivers::io_source* open_source() {
    // A descriptor of its own for each wait: epoll tells registrations apart by descriptor.
    const int own = ::fcntl(watched_descriptor(), F_DUPFD_CLOEXEC, 0);
    if (own < 0) throw std::system_error{errno, std::generic_category(), "ctrl_c: raise the limit on open files"};
    return new drivers::io_source{own};
}

}  // namespace

ctrl_c_future::ctrl_c_future() : source_{open_source()}, wait_{drivers::op_kind::poll_in, *source_} {}

polled<void> ctrl_c_future::poll(context& cx) {
    if (!wait_.poll(cx)) return not_ready;
    return done;
}

polled<void> ctrl_c_future::poll_cancel(context& cx) noexcept {
    if (!wait_.poll_cancel(cx)) return not_ready;
    return done;
}

}  // namespace bifilar
