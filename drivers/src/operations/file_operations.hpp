// All calls on files and paths. Each is a type:
//   kind         which file_op it is;
//   call         makes its system call: the result, or a negative errno, which is taken right behind it;
//   call_cached  the same if that needs no wait, else -EAGAIN; none: it may always have to wait;
//   opcode       and prepare: a ring's entry for it; none: only a thread can make it.
#pragma once

#include "operation_list.hpp"
#include "system_call.hpp"

#include <bifilar/drivers/contract/detail/file_request.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <liburing.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

namespace bifilar::drivers {

/// What is asked of statx(2).
inline constexpr unsigned wanted_status = STATX_BASIC_STATS | STATX_BTIME;
inline constexpr int opcode_ftruncate = 55;  // Linux 6.9; liburing 2.3 does not know it.

/// The results by which a file system says that it cannot tell without a wait, as the one of them: -EAGAIN. Interrupted
/// calls are made again where they may wait.
[[nodiscard]] constexpr int unless_it_waits(int result) noexcept {
    return is_unknown_call(result) || result == -EOPNOTSUPP || result == -EINTR ? -EAGAIN : result;
}

/// Reads or writes at the offset, by the second call where there are flags, which the first does not take.
template <class Plain, class Flagged>
[[nodiscard]] int transfer_with(const file_request& what, int flags, Plain plain, Flagged flagged) noexcept {
    const iovec part{what.buffer, std::min(what.bytes, max_per_call)};
    const auto offset = static_cast<off64_t>(what.offset);
    return flags == 0 ? result_of(plain(what.descriptor, part.iov_base, part.iov_len, offset))
                      : result_of(flagged(what.descriptor, &part, 1, offset, flags));
}

struct file_read {
    static constexpr file_op kind = file_op::read;
    static constexpr int opcode = IORING_OP_READ;
    static int call(const file_request& what) noexcept {
        return transfer_with(what, what.flags, ::pread64, ::preadv64v2);
    }
    /// An end of the file that was seen without waiting is one.
    static int call_cached(const file_request& what) noexcept {
        return unless_it_waits(transfer_with(what, what.flags | RWF_NOWAIT, ::pread64, ::preadv64v2));
    }
    static void prepare(io_uring_sqe& entry, const file_request& what) noexcept {
        io_uring_prep_read(&entry, what.descriptor, what.buffer, ring_bytes(what.bytes), what.offset);
        entry.rw_flags = what.flags;
    }
};

struct file_write {
    static constexpr file_op kind = file_op::write;
    static constexpr int opcode = IORING_OP_WRITE;
    static int call(const file_request& what) noexcept {
        return transfer_with(what, what.flags, ::pwrite64, ::pwritev64v2);
    }
    static int call_cached(const file_request& what) noexcept {
        return unless_it_waits(transfer_with(what, what.flags | RWF_NOWAIT, ::pwrite64, ::pwritev64v2));
    }
    static void prepare(io_uring_sqe& entry, const file_request& what) noexcept {
        io_uring_prep_write(&entry, what.descriptor, what.buffer, ring_bytes(what.bytes), what.offset);
        entry.rw_flags = what.flags;
    }
};

struct file_sync {
    static constexpr file_op kind = file_op::sync;
    static constexpr int opcode = IORING_OP_FSYNC;
    static int call(const file_request& what) noexcept {
        return result_of(what.flags != 0 ? ::fdatasync(what.descriptor) : ::fsync(what.descriptor));
    }
    static void prepare(io_uring_sqe& entry, const file_request& what) noexcept {
        io_uring_prep_fsync(&entry, what.descriptor, what.flags != 0 ? IORING_FSYNC_DATASYNC : 0U);
    }
};

struct file_truncate {
    static constexpr file_op kind = file_op::truncate;
    static constexpr int opcode = opcode_ftruncate;
    static int call(const file_request& what) noexcept {
        return result_of(::ftruncate64(what.descriptor, static_cast<off64_t>(what.offset)));
    }
    static void prepare(io_uring_sqe& entry, const file_request& what) noexcept {
        io_uring_prep_rw(opcode, &entry, what.descriptor, nullptr, 0, what.offset);
    }
};

struct file_allocate {
    static constexpr file_op kind = file_op::allocate;
    static constexpr int opcode = IORING_OP_FALLOCATE;
    static int call(const file_request& what) noexcept {
        return result_of(
            ::fallocate64(what.descriptor, 0, static_cast<off64_t>(what.offset), static_cast<off64_t>(what.bytes)));
    }
    static void prepare(io_uring_sqe& entry, const file_request& what) noexcept {
        io_uring_prep_fallocate(&entry, what.descriptor, 0, static_cast<off_t>(what.offset),
                                static_cast<off_t>(what.bytes));
    }
};

struct file_open {
    static constexpr file_op kind = file_op::open;
    static constexpr int opcode = IORING_OP_OPENAT;
    static int call(const file_request& what) noexcept {
        return result_of(::openat64(what.descriptor, what.path, what.flags, what.mode));
    }
    /// Opens what the directory cache leads to, with O_NONBLOCK.
    static int call_cached(const file_request& what) noexcept;
    static void prepare(io_uring_sqe& entry, const file_request& what) noexcept {
        io_uring_prep_openat(&entry, what.descriptor, what.path, what.flags, what.mode);
    }
};

struct file_close {
    static constexpr file_op kind = file_op::close;
    static constexpr int opcode = IORING_OP_CLOSE;
    static int call(const file_request& what) noexcept { return result_of(::close(what.descriptor)); }
    static void prepare(io_uring_sqe& entry, const file_request& what) noexcept {
        io_uring_prep_close(&entry, what.descriptor);
    }
};

struct path_status {
    static constexpr file_op kind = file_op::status;
    static constexpr int opcode = IORING_OP_STATX;
    static int call(const file_request& what) noexcept;
    static void prepare(io_uring_sqe& entry, const file_request& what) noexcept {
        io_uring_prep_statx(&entry, what.descriptor, what.path, what.flags, wanted_status, what.status);
    }
};

struct path_rename {
    static constexpr file_op kind = file_op::rename;
    static constexpr int opcode = IORING_OP_RENAMEAT;
    static int call(const file_request& what) noexcept {
        return result_of(
            ::renameat2(what.descriptor, what.path, what.descriptor, what.to_path, static_cast<unsigned>(what.flags)));
    }
    static void prepare(io_uring_sqe& entry, const file_request& what) noexcept {
        io_uring_prep_renameat(&entry, what.descriptor, what.path, what.descriptor, what.to_path,
                               static_cast<unsigned>(what.flags));
    }
};

struct path_remove {
    static constexpr file_op kind = file_op::remove;
    static constexpr int opcode = IORING_OP_UNLINKAT;
    static int call(const file_request& what) noexcept {
        return result_of(::unlinkat(what.descriptor, what.path, what.flags));
    }
    static void prepare(io_uring_sqe& entry, const file_request& what) noexcept {
        io_uring_prep_unlinkat(&entry, what.descriptor, what.path, what.flags);
    }
};

struct path_create_directory {
    static constexpr file_op kind = file_op::create_directory;
    static constexpr int opcode = IORING_OP_MKDIRAT;
    static int call(const file_request& what) noexcept {
        return result_of(::mkdirat(what.descriptor, what.path, what.mode));
    }
    static void prepare(io_uring_sqe& entry, const file_request& what) noexcept {
        io_uring_prep_mkdirat(&entry, what.descriptor, what.path, what.mode);
    }
};

struct directory_read_entries {
    static constexpr file_op kind = file_op::read_entries;
    static int call(const file_request& what) noexcept {
        return result_of(::syscall(SYS_getdents64, what.descriptor, what.buffer, what.bytes));
    }
};

struct file_fetch {
    static constexpr file_op kind = file_op::fetch;
    static int call(const file_request& what) noexcept;
};

struct file_calls_in_a_row {
    static constexpr file_op kind = file_op::job;
    static int call(const file_request& what) noexcept { return what.work(what.argument); }
};

using file_operations = operation_list<file_read, file_write, file_sync, file_truncate, file_allocate, file_open,
                                       file_close, path_status, path_rename, path_remove, path_create_directory,
                                       directory_read_entries, file_fetch, file_calls_in_a_row>;

static_assert(file_operations::covers_up_to(file_op{static_cast<int>(file_op::job) + 1}),
              "each file_op, of which job is the last, is one operation's");

}  // namespace bifilar::drivers
