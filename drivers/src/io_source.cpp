// The system calls behind the operations, but for those of call_now.hpp. errno is taken right behind each.
#include <bifilar/drivers/io_source.hpp>

#include "call_now.hpp"
#include "send_file_now.hpp"
#include "shared_call.hpp"
#include "splice_now.hpp"

#include <bifilar/base/assert.hpp>

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
#include <utility>

namespace bifilar::drivers {
namespace {

// The error second: one that comes in between is told. The other way round a refusal in between would look like a
// connection.
int connection_state(int descriptor) noexcept {
    if (const int ready = ready_for(descriptor, POLLOUT); ready != 0) return ready;
    int error = 0;
    socklen_t bytes = sizeof error;
    return ::getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &bytes) == 0 ? -error : -errno;
}

}  // namespace

int receive_on_heap(const op& which) noexcept {
    received_bytes lent = lent_buffers::lend_heap();
    std::byte* const room = lent_buffers::room_in(lent);
    if (room == nullptr) return -ENOMEM;
    const int result = receive_now(which.source->descriptor(), room, which.bytes, 0);
    if (result > 0) {
        lent_buffers::fill(lent, static_cast<std::size_t>(result));
        *static_cast<received_bytes*>(which.buffer) = std::move(lent);
    }
    return result;
}

int call_others(const op& which) noexcept {
    const int descriptor = which.source->descriptor();
    switch (which.kind) {
        case op_kind::accept: {
            // A Unix listener that was shut down tells those who poll it, but not an accept that does not block.
            const int result = answer(::accept4(descriptor, nullptr, nullptr, SOCK_CLOEXEC));
            return would_wait(result) && which.source->hung_up ? -EINVAL : result;
        }
        case op_kind::connect:
            return connection_state(descriptor);
        case op_kind::read:
            return answer(::read(descriptor, which.buffer, std::min(which.bytes, most_per_call)));
        case op_kind::write:
            return answer(::write(descriptor, which.buffer, std::min(which.bytes, most_per_call)));
        case op_kind::read_ready:
            return read_if_ready(descriptor, which.buffer, std::min(which.bytes, most_per_call));
        case op_kind::write_ready:
            return write_if_ready(descriptor, which.buffer, std::min(which.bytes, most_per_call));
        case op_kind::recv_message:
            return answer(::recvmsg(descriptor, static_cast<msghdr*>(which.buffer),
                                    MSG_DONTWAIT | MSG_CMSG_CLOEXEC | which.flags));
        case op_kind::send_message:
            return answer(::sendmsg(descriptor, static_cast<const msghdr*>(which.buffer),
                                    MSG_DONTWAIT | MSG_NOSIGNAL | which.flags));
        case op_kind::recv_many:
            return answer(::recvmmsg(descriptor, static_cast<mmsghdr*>(which.buffer),
                                     static_cast<unsigned>(which.bytes), MSG_DONTWAIT | MSG_CMSG_CLOEXEC, nullptr));
        case op_kind::send_many:
            return answer(::sendmmsg(descriptor, static_cast<mmsghdr*>(which.buffer),
                                     static_cast<unsigned>(which.bytes), MSG_DONTWAIT | MSG_NOSIGNAL));
        case op_kind::read_vector:
            return answer(::readv(descriptor, static_cast<const iovec*>(which.buffer), static_cast<int>(which.bytes)));
        case op_kind::write_vector:
            return answer(::writev(descriptor, static_cast<const iovec*>(which.buffer), static_cast<int>(which.bytes)));
        case op_kind::send_file:
            return send_file_now(descriptor, *static_cast<file_part*>(which.buffer), which.bytes);
        case op_kind::splice_in:
            return splice_in_now(descriptor, *static_cast<const int*>(which.buffer), which.bytes);
        case op_kind::splice_out:
            return splice_out_now(*static_cast<const int*>(which.buffer), descriptor, which.bytes);
        case op_kind::accept_multishot:
        case op_kind::recv_multishot:
            return -EOPNOTSUPP;  // The kernel's alone.
        case op_kind::poll_in:
            return ready_for(descriptor, POLLIN);
        case op_kind::poll_out:
            return ready_for(descriptor, POLLOUT);
        case op_kind::recv_lent:
        case op_kind::recv:
        case op_kind::send:
            break;  // See call_now.
        case op_kind::file_call:
            break;  // Has no source; see file_wait.
    }
    return -EINVAL;
}

op::op(op&& other) noexcept
    : source{other.source}, buffer{other.buffer}, bytes{other.bytes}, flags{other.flags}, kind{other.kind} {
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

bool epoll_homes::serve(const void* group) const noexcept {
    if (first_ != nullptr && first_->serves(group)) return true;
    return others_ != nullptr &&
           std::any_of(others_->begin(), others_->end(), [&](const auto& home) { return home->serves(group); });
}

void epoll_homes::make_room() {
    if (first_ != nullptr && first_->closed()) first_.reset();
    if (first_ == nullptr) return;
    if (others_ == nullptr) others_ = std::make_unique<std::vector<std::shared_ptr<epoll_home>>>();
    std::erase_if(*others_, [](const auto& home) { return home->closed(); });
    others_->reserve(others_->size() + 1);
}

void epoll_homes::add(std::shared_ptr<epoll_home> home) noexcept {
    if (first_ != nullptr) others_->push_back(std::move(first_));
    first_ = std::move(home);
}

std::shared_ptr<epoll_home> epoll_homes::take() noexcept {
    if (others_ == nullptr || others_->empty()) return std::exchange(first_, nullptr);
    std::shared_ptr<epoll_home> last = std::move(others_->back());
    others_->pop_back();
    return last;
}

void epoll_homes::forget(const io_source& source) const noexcept {
    if (first_ != nullptr) first_->forget(source);
    if (others_ == nullptr) return;
    for (const auto& home : *others_) home->forget(source);
}

void io_source::retire(io_source* source) noexcept {
    while (const std::shared_ptr<epoll_home> home = source->homes.take())
        if (home->add(source)) return;
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
    const int descriptor = give_up(source);
    if (descriptor >= 0) ::close(descriptor);
}

int io_source::release(source_ptr source) noexcept {
    io_source* const given = source.release();
    // Pairs with closer, as there.
    const bool last = given->owners_.fetch_sub(1, base::acq_rel) == 1;
    BIFILAR_CHECK(last, "a descriptor was released that has another owner");
    return give_up(given);
}

int io_source::give_up(io_source* source) noexcept {
    BIFILAR_CHECK(source->waiting[in] == nullptr && source->waiting[out] == nullptr,
                  "a socket was closed while an operation on it is in flight; cancel or await the operation first");
    source->homes.forget(*source);
    const int descriptor = source->descriptor_;
    retire(source);
    return descriptor;
}

int try_now(const op& which) noexcept { return call_now(which); }

}  // namespace bifilar::drivers
