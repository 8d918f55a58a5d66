// Which calls on files and paths there are. The comments name the members of file_request that each reads; the calls
// themselves are in src/operations/file_operations.hpp.
#pragma once

#include <cstdint>

namespace bifilar {

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

}  // namespace bifilar
