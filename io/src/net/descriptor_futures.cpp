// Passing descriptors: SCM_RIGHTS. A descriptor that the kernel has put into a message is open already, so every way
// out of a receive takes or closes it.
#include <bifilar/io/net/descriptor_futures.hpp>

#include <cerrno>
#include <cstring>
#include <new>

namespace bifilar {
namespace {

// Calls `take` with each descriptor in a message that was received.
template <class Take>
void each_descriptor(msghdr& message, Take take) {
    for (cmsghdr* at = CMSG_FIRSTHDR(&message); at != nullptr; at = CMSG_NXTHDR(&message, at)) {
        if (at->cmsg_level != SOL_SOCKET || at->cmsg_type != SCM_RIGHTS) continue;
        const std::size_t count = (at->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t n = 0; n < count; ++n) {
            int descriptor = -1;
            std::memcpy(&descriptor, CMSG_DATA(at) + n * sizeof descriptor, sizeof descriptor);
            take(descriptor);
        }
    }
}

void close_all(msghdr& message) noexcept {
    each_descriptor(message, [](int descriptor) { owned_descriptor{descriptor}.reset(); });
}

std::vector<owned_descriptor> take_all(msghdr& message) {
    std::size_t count = 0;
    each_descriptor(message, [&count](int) { ++count; });
    std::vector<owned_descriptor> taken;
    try {
        taken.reserve(count);
    } catch (const std::bad_alloc&) {
        close_all(message);
        throw;
    }
    each_descriptor(message, [&taken](int descriptor) { taken.emplace_back(descriptor); });
    return taken;
}

}  // namespace

void descriptor_send_future::write_descriptors() noexcept {
    if (descriptors_.empty()) return;
    message_.msg_control = room_.data();
    message_.msg_controllen = CMSG_SPACE(descriptors_.size_bytes());
    std::memset(room_.data(), 0, message_.msg_controllen);
    cmsghdr* const head = CMSG_FIRSTHDR(&message_);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(descriptors_.size_bytes());
    std::memcpy(CMSG_DATA(head), descriptors_.data(), descriptors_.size_bytes());
}

polled<io_result<std::size_t>> descriptor_send_future::poll(context& cx) {
    if (message_.msg_iov == nullptr) {
        // Without a byte that they go with, the kernel would drop them in silence.
        if (descriptors_.size() > max_descriptors || from_.iov_len == 0) return output{io_failure(EINVAL)};
        message_.msg_iov = &from_;
        message_.msg_iovlen = 1;
        write_descriptors();
    }
    while (from_.iov_len != 0) {
        wait_.set(drivers::call_arguments::of_message(message_));
        const drivers::call_result result = wait_.poll(cx);
        if (!result) return not_ready;
        if (*result < 0) return output{io_failure(-*result)};
        const auto count = static_cast<std::size_t>(*result);
        taken_ += count;
        from_.iov_base = static_cast<std::byte*>(from_.iov_base) + count;
        from_.iov_len -= count;
        // The descriptors went with the first bytes; the rest goes without.
        message_.msg_control = nullptr;
        message_.msg_controllen = 0;
    }
    return output{taken_};
}

polled<io_result<received_descriptors>> descriptor_receive_future::poll(context& cx) {
    if (into_.iov_len == 0) return output{received_descriptors{}};
    if (message_.msg_iov == nullptr) {
        message_.msg_iov = &into_;
        message_.msg_iovlen = 1;
        message_.msg_control = room_.data();
        message_.msg_controllen = room_.size();
        wait_.set(drivers::call_arguments::of_message(message_));
    }
    const drivers::call_result result = wait_.poll(cx);
    if (!result) return not_ready;
    if (*result < 0) return output{io_failure(-*result)};
    received_descriptors got;
    got.bytes = static_cast<std::size_t>(*result);
    got.truncated = (message_.msg_flags & MSG_CTRUNC) != 0;
    got.descriptors = take_all(message_);
    return output{std::move(got)};
}

descriptor_receive_future::~descriptor_receive_future() {
    wait_.end();
    if (const std::optional<int> left = wait_.finished(); left && *left >= 0) close_all(message_);
}

}  // namespace bifilar
