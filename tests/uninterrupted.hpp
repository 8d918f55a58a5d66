// System calls that tests make themselves, on blocking descriptors, where signals may come at any moment
// (hardship/run).
#pragma once

#include <cerrno>
#include <poll.h>
#include <sys/socket.h>

namespace tests {

/// What `call` returns once no signal has interrupted it: it is called again after each EINTR, so it must be one that
/// has done nothing by then. Blocks as the call does; errno is the call's. Not for connect(2).
template <class Call>
auto uninterrupted(Call call) {
    for (;;) {
        const auto result = call();
        if (result != -1 || errno != EINTR) return result;
    }
}

/// connect(2) to `to`, anything with data() and size(), 0 or -1 and errno. Over IP an interrupted connect goes on in
/// the kernel, and another one would be told EALREADY: its end is awaited instead.
template <class Address>
int connect_uninterrupted(int descriptor, const Address& to) {
    if (to.data()->sa_family == AF_UNIX)
        return uninterrupted([&] { return ::connect(descriptor, to.data(), to.size()); });
    if (::connect(descriptor, to.data(), to.size()) == 0) return 0;
    if (errno != EINTR) return -1;
    pollfd connects{descriptor, POLLOUT, 0};
    if (uninterrupted([&] { return ::poll(&connects, 1, -1); }) != 1) return -1;
    int error = 0;
    socklen_t bytes = sizeof error;
    if (::getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &bytes) != 0) return -1;
    errno = error;
    return error == 0 ? 0 : -1;
}

}  // namespace tests
