// SPLICE_F_NONBLOCK speaks of the pipe alone, for TCP. And splice(2) does not go past urgent data: there it says
// EAGAIN, or 0 once the peer has ended its side.
#include "splice_now.hpp"

#include "shared_call.hpp"
#include "system_call.hpp"
#include "unblocked_call.hpp"

#include <bifilar/drivers/contract/detail/op.hpp>

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace bifilar::drivers {
namespace {

int splice_now(int from, int to, int socket, std::size_t bytes) noexcept {
    const unblocked_call free{socket};
    if (free.error() != 0) return -free.error();
    const ssize_t moved =
        ::splice(from, nullptr, to, nullptr, std::min(bytes, max_per_call), SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    return result_of(moved);
}

// What splice does not go past is read and written, a few bytes of it. Looks before it reads: nothing is lost when the
// pipe has no room.
int pass_urgent_mark(int socket, int pipe, std::size_t bytes) noexcept {
    std::array<char, 256> some;
    const ssize_t seen = ::recv(socket, some.data(), std::min(bytes, some.size()), MSG_DONTWAIT | MSG_PEEK);
    if (seen <= 0) return seen == 0 ? 0 : -errno;
    const ssize_t written = ::write(pipe, some.data(), static_cast<std::size_t>(seen));
    if (written < 0) return errno == EAGAIN ? pipe_would_wait : -errno;
    ssize_t taken = 0;
    while ((taken = ::recv(socket, some.data(), static_cast<std::size_t>(written), MSG_DONTWAIT)) < 0 && errno == EINTR)
        continue;
    return result_of(taken);
}

// EAGAIN does not say whose fault it was, and either end may have become ready since. The socket has the blame only
// while it is unready, because its next event is waited for then. The pipe's readiness is looked at again: a wrong
// guess costs another try.
int whose_wait(int socket, short of_socket, int pipe, short of_pipe) noexcept {
    if (ready_for(pipe, of_pipe) == -EAGAIN) return pipe_would_wait;
    pollfd at{socket, of_socket, 0};
    // Its errors are no readiness: one that a call would tell comes with what is asked for.
    const bool ready = ::poll(&at, 1, 0) == 1 && (at.revents & of_socket) != 0;
    return ready ? pipe_would_wait : -EAGAIN;
}

}  // namespace

int splice_in_now(int socket, int pipe, std::size_t bytes) noexcept {
    const int result = splice_now(socket, pipe, socket, bytes);
    // Below 0: a socket that knows no marks.
    const bool at_mark = result == 0 || (result == -EAGAIN && ::sockatmark(socket) == 1);
    if (at_mark && bytes != 0) return pass_urgent_mark(socket, pipe, bytes);
    return result == -EAGAIN ? whose_wait(socket, POLLIN, pipe, POLLOUT) : result;
}

int splice_out_now(int pipe, int socket, std::size_t bytes) noexcept {
    const int result = splice_now(pipe, socket, socket, bytes);
    return result == -EAGAIN ? whose_wait(socket, POLLOUT, pipe, POLLIN) : result;
}

}  // namespace bifilar::drivers
