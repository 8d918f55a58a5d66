// What is asked of a file system in one system call, for a ring, a pool's thread or the calling thread to make.
// File systems know no readiness: a call on them waits in the kernel, so some thread or ring has to wait with it.
#pragma once

#include <bifilar/base/detail/language.hpp>
#include <bifilar/drivers/contract/file_op.hpp>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <fcntl.h>

struct statx;

namespace bifilar::drivers {

/// One call. What it points to stays valid until the call is over.
struct file_request {
    file_op kind = file_op::job;
    int descriptor = AT_FDCWD;  ///< The file, or the directory from which relative paths start.
    int flags = 0;
    unsigned mode = 0;
    const char* path = nullptr;
    const char* to_path = nullptr;   ///< Of a rename.
    struct statx* status = nullptr;  ///< Of a status: where it goes.
    void* buffer = nullptr;
    std::size_t bytes = 0;
    std::uint64_t offset = 0;
    /// Of a job. Answers as a system call does: a negative errno for a failure.
    int (*work)(void* argument) noexcept = nullptr;
    void* argument = nullptr;
};

/// What it means when a transfer of more than 0 bytes moved none, for who wants all of them: the end of what is read,
/// or a file that takes no more.
[[nodiscard]] constexpr int error_of_nothing(file_op kind) noexcept { return kind == file_op::read ? ENODATA : ENOSPC; }

/// Makes the call and waits for it; interrupted calls are repeated. The result, or a negative errno. Blocks.
[[nodiscard]] int make_call(const file_request& what) noexcept;

/// Makes a read or write if the page cache can answer it without waiting, or opens what exists, with O_NONBLOCK, if the
/// directory cache leads there. The result, which may be short, or a negative errno; -EAGAIN: it would wait, or is
/// none of these calls. Does not block.
[[nodiscard]] int try_cached(const file_request& what) noexcept;

}  // namespace bifilar::drivers
