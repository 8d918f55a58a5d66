// One listener for all waits of the process. Its signals are never taken, so its eventfd, written at the first of them,
// stays readable for every wait to come.
#include <bifilar/io/process/ctrl_c.hpp>

#include <bifilar/drivers/contract/detail/io_source.hpp>

#include "signal_listener.hpp"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <mutex>
#include <optional>
#include <system_error>
#include <utility>

namespace bifilar {
namespace {

int watched_descriptor() {
    static std::mutex mutex;
    static detail::signal_listener* watched = nullptr;  // Never destroyed: waits may begin at any time.
    const std::lock_guard guard{mutex};
    // In a forked child the parent's is of no use, and its memory is not worth a thought.
    if (watched == nullptr || !watched->is_ours())
        watched = new detail::signal_listener{detail::bit_of(SIGINT) | detail::bit_of(SIGTERM)};
    return watched->source().descriptor();
}

drivers::source_ptr open_source() {
    // A descriptor of its own for each wait: epoll tells registrations apart by descriptor.
    owned_descriptor own{::fcntl(watched_descriptor(), F_DUPFD_CLOEXEC, 0)};
    if (!own) throw std::system_error{errno, std::generic_category(), "ctrl_c: raise the limit on open files"};
    return drivers::make_source(std::move(own));
}

}  // namespace

ctrl_c_future::ctrl_c_future() : source_{open_source()}, wait_{op_kind::poll_in, *source_} {}

polled<io_result<void>> ctrl_c_future::poll(context& cx) {
    const drivers::call_result result = wait_.poll(cx);
    if (!result) return not_ready;
    if (*result < 0) return output{io_failure(-*result)};
    return output{};
}

}  // namespace bifilar
