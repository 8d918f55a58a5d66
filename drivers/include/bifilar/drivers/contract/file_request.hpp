// What is asked of a file system in one system call, for a ring, a pool's thread or the calling thread to make.
// File systems know no readiness: a call on them waits in the kernel, so some thread or ring has to wait with it.
#pragma once

#include <bifilar/base/language.hpp>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <fcntl.h>

struct statx;

namespace bifilar::drivers {

enum class file_op : std::uint8_t {
    read,              ///< pread(2) into [buffer, buffer + bytes) from `offset`. `flags` are RWF_….
    write,             ///< pwrite(2), likewise.
    sync,              ///< fsync(2); fdatasync(2) when `flags` is not 0.
    truncate,          ///< ftruncate(2) to `offset` bytes.
    allocate,          ///< fallocate(2) of `bytes` from `offset`, which makes a shorter file longer.
    open,              ///< openat(2) of `path` with `flags` and `mode`. Result: the new descriptor.
    close,             ///< close(2).
    status,            ///< statx(2) of `path` with `flags`, into `status`.
    rename,            ///< renameat2(2) of `path` to `to_path`, with `flags`. Both from the same directory.
    remove,            ///< unlinkat(2) of `path`; AT_REMOVEDIR in `flags` for a directory.
    create_directory,  ///< mkdirat(2) of `path` with `mode`.
    read_entries,      ///< getdents64(2) into [buffer, buffer + bytes).
    fetch,             ///< Brings `bytes` from `offset` into the page cache, and waits for the last of them.
    job,               ///< Calls `work` with `argument`. Several calls in a row, which only a thread can make.
};

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
