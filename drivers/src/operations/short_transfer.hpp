// An operation whose next call moves less than it could, as the system calls of streams may.
#pragma once

#include <bifilar/base/detail/random.hpp>
#include <bifilar/drivers/contract/detail/file_request.hpp>
#include <bifilar/drivers/contract/detail/op.hpp>

#include <sys/socket.h>
#include <sys/uio.h>

namespace bifilar::drivers {

/// Whether a call may move less than there is without a meaning of its own: not where it would cut a message, or a
/// write that the kernel promises to make as a whole, nor where fewer than `least` bytes would be left.
[[nodiscard]] bool may_be_cut(const op& which, std::size_t least) noexcept;

/// The same of a call on a file: a read or write of a regular one, but not past the page cache, where it is of blocks.
[[nodiscard]] bool may_be_cut(const file_request& what, std::size_t least) noexcept;

/// What a cut leaves of more than `least` bytes.
[[nodiscard]] std::size_t cut_bytes(std::size_t bytes, std::size_t least, base::random& random) noexcept;

/// Makes the operation smaller, and restores it at the end of its scope. Within one thread, between calls.
class short_transfer {
public:
    short_transfer(op& which, std::size_t least, base::random& random) noexcept;
    short_transfer(const short_transfer&) = delete;
    short_transfer& operator=(const short_transfer&) = delete;
    ~short_transfer();

private:
    void cut_vector(const iovec* buffers, std::size_t count, std::size_t least, base::random& random) noexcept;

    op* which_;
    call_arguments whole_;
    iovec part_{};
    msghdr message_{};
};

}  // namespace bifilar::drivers
