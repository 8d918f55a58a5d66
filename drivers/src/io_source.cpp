// The system calls behind the operations. errno is taken right behind each.
#include <bifilar/drivers/io_source.hpp>

#include <bifilar/base/assert.hpp>

#include <cerrno>
#include <mutex>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace bifilar::drivers {
namespace {

int answer(ssize_t result) noexcept { return result >= 0 ? static_cast<int>(result) : -errno; }

int connection_state(int descriptor) noexcept {
    int error = 0;
    socklen_t bytes = sizeof error;
    if (::getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &bytes) != 0) return -errno;
    if (error != 0) return -error;
    pollfd ready{descriptor, POLLOUT, 0};
    return ::poll(&ready, 1, 0) == 1 ? 0 : -EAGAIN;
}

int readable(int descriptor) noexcept {
    pollfd ready{descriptor, POLLIN, 0};
    const int count = ::poll(&ready, 1, 0);
    if (count < 0) return -errno;
    return count == 1 ? 0 : -EAGAIN;
}

}  // namespace

op::op(op&& other) noexcept
    : kind{other.kind}, source{other.source}, buffer{other.buffer}, bytes{other.bytes} {
    BIFILAR_CHECK(other.now() == phase::idle, "an I/O future was moved after its first poll");
}

void retired_sources::add(io_source* source) noexcept {
    std::unique_ptr<io_source> now;  // Outlives the guard.
    const std::lock_guard guard{lock_};
    if (closed_)
        now.reset(source);
    else
        source->next_retired_ = std::exchange(first_, source);
}

void retired_sources::close() noexcept {
    {
        const std::lock_guard guard{lock_};
        closed_ = true;
    }
    free_all();
}

void retired_sources::free_all() noexcept {
    io_source* at = nullptr;
    {
        const std::lock_guard guard{lock_};
        at = std::exchange(first_, nullptr);
    }
    while (at != nullptr) {
        // The source's own share of this list must not be the last one to go while the list is in use.
        const std::unique_ptr<io_source> source{std::exchange(at, at->next_retired_)};
        source->home.reset();
    }
}

void io_source::closer::operator()(io_source* source) const noexcept {
    BIFILAR_CHECK(source->in.waiting == nullptr && source->out.waiting == nullptr,
                  "a socket was closed while an operation on it is in flight; cancel or await the operation first");
    if (source->descriptor_ >= 0) ::close(source->descriptor_);
    if (const std::shared_ptr<retired_sources> home = source->home)
        home->add(source);
    else
        delete source;
}

int io_source::attempt(op& which) noexcept {
    const std::lock_guard guard{lock};
    side& at = side_of(which.kind);
    if (!at.ready && !(hung_up && reads(which.kind))) return -EAGAIN;
    at.ready = false;
    const int result = try_now(which);
    learn(which, result);
    return result;
}

void io_source::learn(const op& which, int result) noexcept {
    // A read that did not fill its buffer has drained the socket: trying again before the next event is in vain.
    const bool drained = reads(which.kind) && result >= 0 && static_cast<std::size_t>(result) < which.bytes;
    side_of(which.kind).ready = !would_wait(result) && !drained;
}

int try_now(const op& which) noexcept {
    const int descriptor = which.source->descriptor();
    for (;;) {
        int result = 0;
        switch (which.kind) {
            case op_kind::accept: result = answer(::accept4(descriptor, nullptr, nullptr, SOCK_CLOEXEC)); break;
            case op_kind::connect: result = connection_state(descriptor); break;
            case op_kind::recv: result = answer(::recv(descriptor, which.buffer, which.bytes, MSG_DONTWAIT)); break;
            case op_kind::send: result = answer(::send(descriptor, which.buffer, which.bytes, MSG_DONTWAIT | MSG_NOSIGNAL)); break;
            case op_kind::read: result = answer(::read(descriptor, which.buffer, which.bytes)); break;
            case op_kind::write: result = answer(::write(descriptor, which.buffer, which.bytes)); break;
            case op_kind::poll_in: result = readable(descriptor); break;
        }
        if (result != -EINTR) return result;
    }
}

bool would_wait(int result) noexcept { return result == -EAGAIN || result == -EINPROGRESS; }

}  // namespace bifilar::drivers
