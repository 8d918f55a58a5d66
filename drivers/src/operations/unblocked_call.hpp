// For system calls that only O_NONBLOCK keeps from waiting for a socket: sendfile(2), splice(2).
#pragma once

#include <cerrno>
#include <fcntl.h>

namespace bifilar::drivers {

/// Makes a descriptor non-blocking for its own lifetime, which is that of one call. A stream blocks in the kernel's
/// eyes otherwise; a ring's operation on it that starts meanwhile may be answered with EAGAIN, and waits for readiness
/// then. Under the lock of the descriptor's io_source.
class unblocked_call {
public:
    explicit unblocked_call(int descriptor) noexcept : descriptor_{descriptor}, flags_{::fcntl(descriptor, F_GETFL)} {
        if (flags_ < 0 || (blocks() && ::fcntl(descriptor, F_SETFL, flags_ | O_NONBLOCK) != 0)) error_ = errno;
    }
    unblocked_call(const unblocked_call&) = delete;
    unblocked_call& operator=(const unblocked_call&) = delete;
    ~unblocked_call() {
        if (error_ == 0 && blocks()) (void)::fcntl(descriptor_, F_SETFL, flags_);
    }

    /// Not 0: the call must not be made, for this reason.
    [[nodiscard]] int error() const noexcept { return error_; }

private:
    [[nodiscard]] bool blocks() const noexcept { return (flags_ & O_NONBLOCK) == 0; }

    int descriptor_;
    int flags_;
    int error_ = 0;
};

}  // namespace bifilar::drivers
