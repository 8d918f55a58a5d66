// RWF_NOWAIT asks for one call what O_NONBLOCK asks for all; poll(2) stands in where a file does not know it.
#include "shared_call.hpp"

#include "system_call.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <poll.h>
#include <sys/uio.h>
#include <unistd.h>

namespace bifilar::drivers {
namespace {

bool is_unknown(int result) noexcept { return result == -EOPNOTSUPP || is_unknown_call(result); }

}  // namespace

int ready_for(int descriptor, short what) noexcept {
    pollfd ready{descriptor, what, 0};
    const int count = ::poll(&ready, 1, 0);
    if (count < 0) return -errno;
    if ((ready.revents & POLLNVAL) != 0) return -EBADF;
    return count == 1 ? 0 : -EAGAIN;
}

int read_if_ready(int descriptor, void* into, std::size_t bytes) noexcept {
    const iovec whole{into, bytes};
    // Offset -1 stands for the descriptor's position, as in read(2).
    const int result = result_of(::preadv2(descriptor, &whole, 1, -1, RWF_NOWAIT));
    if (!is_unknown(result)) return result;
    if (const int ready = ready_for(descriptor, POLLIN); ready != 0) return ready;
    return result_of(::read(descriptor, into, bytes));
}

int write_if_ready(int descriptor, const void* from, std::size_t bytes) noexcept {
    const iovec whole{const_cast<void*>(from), bytes};  // The kernel only reads it.
    const int result = result_of(::pwritev2(descriptor, &whole, 1, -1, RWF_NOWAIT));
    if (!is_unknown(result)) return result;
    if (const int ready = ready_for(descriptor, POLLOUT); ready != 0) return ready;
    // A pipe that poll calls writable takes PIPE_BUF bytes without waiting, and maybe no more.
    return result_of(::write(descriptor, from, std::min<std::size_t>(bytes, PIPE_BUF)));
}

}  // namespace bifilar::drivers
