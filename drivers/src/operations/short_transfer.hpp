// An operation whose next call moves less than it could, as the system calls of streams may.
#pragma once

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

/// Those that a cut is about: of the first buffer, which alone is left then; 0 for what cannot be cut.
[[nodiscard]] std::size_t bytes_to_cut(const op& which) noexcept;

/// Makes the operation smaller, to `left` of its bytes_to_cut, and restores it at the end of its scope. Within one
/// thread, between calls.
class short_transfer {
public:
    short_transfer(op& which, std::size_t left) noexcept;
    short_transfer(const short_transfer&) = delete;
    short_transfer& operator=(const short_transfer&) = delete;
    ~short_transfer();

private:
    void cut_vector(const iovec* buffers, std::size_t count, std::size_t left) noexcept;

    op* which_;
    call_arguments whole_;
    iovec part_{};
    msghdr message_{};
};

}  // namespace bifilar::drivers
