// The signal handler writes an eventfd that is never read, so it stays readable for every wait to come.
#include <bifilar/drivers/ctrl_c.hpp>

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <system_error>
#include <unistd.h>

namespace bifilar {
namespace {

int signalled = -1;  // Written once, before the handler is installed.

void on_signal(int) {
    const int kept = errno;
    const std::uint64_t one = 1;
    (void)!::write(signalled, &one, sizeof one);
    errno = kept;
}

int install() {
    signalled = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (signalled < 0)
        throw std::system_error{errno, std::generic_category(), "ctrl_c: eventfd; raise the limit on open files"};
    struct sigaction action{};
    action.sa_handler = &on_signal;
    action.sa_flags = SA_RESTART;
    ::sigaction(SIGINT, &action, nullptr);
    ::sigaction(SIGTERM, &action, nullptr);
    return signalled;
}

drivers::io_source* open_source() {
    static const int watched = install();
    // A descriptor of its own for each wait: epoll tells registrations apart by descriptor.
    const int own = ::fcntl(watched, F_DUPFD_CLOEXEC, 0);
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
