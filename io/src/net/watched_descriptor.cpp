// Readiness by itself. A copy for those who keep their descriptor: epoll tells registrations apart by the number, which
// a stranger has soon after it was closed.
#include <bifilar/io/net/watched_descriptor.hpp>

#include <bifilar/base/detail/assert.hpp>
#include <bifilar/drivers/contract/detail/io_source.hpp>

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace bifilar {

polled<readiness_future::output> readiness_future::poll(context& cx) {
    const drivers::call_result result = wait_.poll(cx);
    if (!result) return not_ready;
    if (*result < 0) return output{io_failure(-*result)};
    return output{};
}

io_result<watched_descriptor> watched_descriptor::adopt(owned_descriptor descriptor) {
    if (::fcntl(descriptor.get(), F_GETFD) < 0) return io_failure(errno);
    return watched_descriptor{drivers::make_source(std::move(descriptor))};
}

io_result<watched_descriptor> watched_descriptor::duplicate(int descriptor) {
    // Not one of the three that programs have opened for what they mean.
    owned_descriptor copy{::fcntl(descriptor, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)};
    if (!copy) return io_failure(errno);
    return watched_descriptor{drivers::make_source(std::move(copy))};
}

owned_descriptor watched_descriptor::release() noexcept {
    // Checks that there is one.
    (void)source();
    return owned_descriptor{drivers::io_source::release(std::move(source_))};
}

drivers::io_source& watched_descriptor::source() const noexcept {
    BIFILAR_CHECK(source_ != nullptr, "a watched descriptor was used after it was closed, released or moved from");
    return *source_;
}

}  // namespace bifilar
