// The system calls behind the operations. errno is taken right behind each.
#include <bifilar/drivers/io_source.hpp>

#include "send_file_now.hpp"
#include "shared_call.hpp"
#include "splice_now.hpp"

#include <bifilar/base/assert.hpp>
#include <bifilar/base/sanitizer.hpp>
#include <bifilar/core/thread_state.hpp>
#include <bifilar/drivers/driver.hpp>
#include <bifilar/drivers/simulated_kernel.hpp>

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include <utility>

namespace bifilar::drivers {
namespace {

// What one call moves at most in Linux, which keeps results within an int.
constexpr std::size_t most_per_call = 0x7ffff000;

int answer(ssize_t result) noexcept { return result >= 0 ? static_cast<int>(result) : -errno; }

// glibc's recv and send surround the call by two locked operations for pthread_cancel, of which no call here is a
// point, because none waits. The sanitizers see glibc's alone.
ssize_t receive(int descriptor, void* into, std::size_t bytes, int flags) noexcept {
#if defined(BIFILAR_ASAN) || defined(BIFILAR_TSAN)
    return ::recv(descriptor, into, bytes, flags);
#else
    return ::syscall(SYS_recvfrom, descriptor, into, bytes, flags, nullptr, nullptr);
#endif
}
ssize_t transmit(int descriptor, const void* from, std::size_t bytes, int flags) noexcept {
#if defined(BIFILAR_ASAN) || defined(BIFILAR_TSAN)
    return ::send(descriptor, from, bytes, flags);
#else
    return ::syscall(SYS_sendto, descriptor, from, bytes, flags, nullptr, 0);
#endif
}

// The error second: one that comes in between is told. The other way round a refusal in between would look like a
// connection.
int connection_state(int descriptor) noexcept {
    if (const int ready = ready_for(descriptor, POLLOUT); ready != 0) return ready;
    int error = 0;
    socklen_t bytes = sizeof error;
    return ::getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &bytes) == 0 ? -error : -errno;
}

int receive_lent(const op& which) noexcept {
    received_bytes lent = this_driver().buffers().lend();
    std::byte* const room = lent_buffers::room_in(lent);
    if (room == nullptr) return -ENOMEM;
    const int result = answer(receive(which.source->descriptor(), room, which.bytes, MSG_DONTWAIT));
    if (result > 0) {
        lent_buffers::fill(lent, static_cast<std::size_t>(result));
        *static_cast<received_bytes*>(which.buffer) = std::move(lent);
    }
    return result;
}

// A simulated kernel has a say in the calls that are made at once as well.
int first_try(op& which) noexcept {
    if (!simulated_kernel::ever_used()) [[likely]]
        return try_now(which);
    parker* const installed = this_thread().sleeps_in;
    return installed != nullptr ? static_cast<driver*>(installed)->attempt(which) : try_now(which);
}

}  // namespace

op::op(op&& other) noexcept
    : kind{other.kind}, flags{other.flags}, source{other.source}, buffer{other.buffer}, bytes{other.bytes} {
    BIFILAR_CHECK(other.now() == phase::idle, "an I/O future was moved after its first poll");
}

int epoll_home::watch(io_source& source) noexcept {
    epoll_event wanted{EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP | EPOLLET, {&source}};
    return ::epoll_ctl(epoll_, EPOLL_CTL_ADD, source.descriptor(), &wanted) == 0 ? 0 : -errno;
}

void epoll_home::forget(const io_source& source) noexcept {
    if (!is_ours()) return;
    const std::lock_guard guard{lock_};
    if (epoll_ >= 0) ::epoll_ctl(epoll_, EPOLL_CTL_DEL, source.descriptor(), nullptr);
}

bool epoll_home::add(io_source* source) noexcept {
    if (!is_ours()) return false;
    const std::lock_guard guard{lock_};
    if (epoll_ < 0) return false;
    source->next_retired_ = std::exchange(first_, source);
    return true;
}

void epoll_home::free_all() noexcept {
    io_source* at = nullptr;
    {
        const std::lock_guard guard{lock_};
        at = std::exchange(first_, nullptr);
    }
    while (at != nullptr) io_source::retire(std::exchange(at, at->next_retired_));
}

void epoll_home::close() noexcept {
    {
        const std::lock_guard guard{lock_};
        epoll_ = -1;
    }
    free_all();
}

bool epoll_home::closed() noexcept {
    if (!is_ours()) return true;
    const std::lock_guard guard{lock_};
    return epoll_ < 0;
}

bool epoll_home::serves(const void* group) noexcept {
    if (!is_ours()) return false;
    const std::lock_guard guard{lock_};
    return epoll_ >= 0 && group_ == group;
}

void io_source::retire(io_source* source) noexcept {
    while (!source->homes.empty()) {
        const std::shared_ptr<epoll_home> home = std::move(source->homes.back());
        source->homes.pop_back();
        if (home->add(source)) return;
    }
    delete source;
}

source_ptr io_source::share() noexcept {
    // Relaxed: who shares has an owner already, so the count does not come to 0 meanwhile.
    owners_.fetch_add(1, base::relaxed);
    return source_ptr{this};
}

void io_source::closer::operator()(io_source* source) const noexcept {
    // Pairs with itself; so that what other owners did comes before the end.
    if (source->owners_.fetch_sub(1, base::acq_rel) != 1) return;
    BIFILAR_CHECK(source->in.waiting == nullptr && source->out.waiting == nullptr,
                  "a socket was closed while an operation on it is in flight; cancel or await the operation first");
    for (const auto& home : source->homes) home->forget(*source);
    if (source->descriptor_ >= 0) ::close(source->descriptor_);
    retire(source);
}

int io_source::attempt(op& which) noexcept {
    const std::lock_guard guard{lock};
    side& at = side_of(which.kind);
    if (at.waiting != nullptr) return -EBUSY;
    if (!at.ready && !(hung_up && reads(which.kind))) return -EAGAIN;
    at.ready = false;
    const int result = first_try(which);
    learn(which, result);
    return result;
}

bool io_source::enter(op& which, driver& by, waker_ref waits) noexcept {
    const std::lock_guard guard{lock};
    op*& waiting = side_of(which.kind).waiting;
    if (waiting != nullptr) {
        which.result = -EBUSY;
        return false;
    }
    which.on = &by;
    which.begin(waits);
    waiting = &which;
    return true;
}

void io_source::learn(const op& which, int result) noexcept {
    // Trying again before the next event is in vain then.
    const bool drained = short_read_drains && (which.kind == op_kind::recv || which.kind == op_kind::recv_lent) &&
                         (which.flags & MSG_PEEK) == 0 && result >= 0 && static_cast<std::size_t>(result) < which.bytes;
    side_of(which.kind).ready = !would_wait(result) && !drained;
}

int try_now(const op& which) noexcept {
    const int descriptor = which.source->descriptor();
    for (;;) {
        int result = 0;
        switch (which.kind) {
            case op_kind::accept:
                result = answer(::accept4(descriptor, nullptr, nullptr, SOCK_CLOEXEC));
                break;
            case op_kind::connect:
                result = connection_state(descriptor);
                break;
            case op_kind::recv:
                result = answer(receive(descriptor, which.buffer, std::min(which.bytes, most_per_call),
                                        MSG_DONTWAIT | which.flags));
                break;
            case op_kind::send:
                result = answer(transmit(descriptor, which.buffer, std::min(which.bytes, most_per_call),
                                         MSG_DONTWAIT | MSG_NOSIGNAL | which.flags));
                break;
            case op_kind::read:
                result = answer(::read(descriptor, which.buffer, std::min(which.bytes, most_per_call)));
                break;
            case op_kind::write:
                result = answer(::write(descriptor, which.buffer, std::min(which.bytes, most_per_call)));
                break;
            case op_kind::recv_lent:
                result = receive_lent(which);
                break;
            case op_kind::read_ready:
                result = read_if_ready(descriptor, which.buffer, std::min(which.bytes, most_per_call));
                break;
            case op_kind::write_ready:
                result = write_if_ready(descriptor, which.buffer, std::min(which.bytes, most_per_call));
                break;
            case op_kind::recv_message:
                result = answer(::recvmsg(descriptor, static_cast<msghdr*>(which.buffer),
                                          MSG_DONTWAIT | MSG_CMSG_CLOEXEC | which.flags));
                break;
            case op_kind::send_message:
                result = answer(::sendmsg(descriptor, static_cast<const msghdr*>(which.buffer),
                                          MSG_DONTWAIT | MSG_NOSIGNAL | which.flags));
                break;
            case op_kind::recv_many:
                result =
                    answer(::recvmmsg(descriptor, static_cast<mmsghdr*>(which.buffer),
                                      static_cast<unsigned>(which.bytes), MSG_DONTWAIT | MSG_CMSG_CLOEXEC, nullptr));
                break;
            case op_kind::send_many:
                result = answer(::sendmmsg(descriptor, static_cast<mmsghdr*>(which.buffer),
                                           static_cast<unsigned>(which.bytes), MSG_DONTWAIT | MSG_NOSIGNAL));
                break;
            case op_kind::read_vector:
                result =
                    answer(::readv(descriptor, static_cast<const iovec*>(which.buffer), static_cast<int>(which.bytes)));
                break;
            case op_kind::write_vector:
                result = answer(
                    ::writev(descriptor, static_cast<const iovec*>(which.buffer), static_cast<int>(which.bytes)));
                break;
            case op_kind::send_file:
                result = send_file_now(descriptor, *static_cast<file_part*>(which.buffer), which.bytes);
                break;
            case op_kind::splice_in:
                result = splice_in_now(descriptor, *static_cast<const int*>(which.buffer), which.bytes);
                break;
            case op_kind::splice_out:
                result = splice_out_now(*static_cast<const int*>(which.buffer), descriptor, which.bytes);
                break;
            case op_kind::accept_multishot:
            case op_kind::recv_multishot:
                return -EOPNOTSUPP;  // The kernel's alone.
            case op_kind::poll_in:
                result = ready_for(descriptor, POLLIN);
                break;
            case op_kind::poll_out:
                result = ready_for(descriptor, POLLOUT);
                break;
            case op_kind::file_call:  // Has no source; see file_wait.
                return -EINVAL;
        }
        if (result != -EINTR) return result;
    }
}

bool would_wait(int result) noexcept { return result == -EAGAIN || result == -EINPROGRESS; }

}  // namespace bifilar::drivers
