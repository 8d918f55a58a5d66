// All calls on files and paths. Each is a type:
//   kind         which file_op it is;
//   call         makes its system call: the result, or a negative errno, which is taken right behind it;
//   call_cached  the same if that needs no wait, else -EAGAIN; none: it may always have to wait;
//   opcode       and prepare: a ring's entry for it; none: only a thread can make it.
#pragma once

#include "system_call.hpp"

#include <bifilar/drivers/contract/file_request.hpp>

#include <algorithm>
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

/// A ring's entry is told so much at most.
[[nodiscard]] inline unsigned entry_bytes(const file_request& what) noexcept {
    return static_cast<unsigned>(std::min(what.bytes, max_file_bytes));
}

struct file_read {
    static constexpr file_op kind = file_op::read;
    static constexpr int opcode = IORING_OP_READ;
    static int call(const file_request& what) noexcept { return read_with(what, what.flags); }
    static int call_cached(const file_request& what) noexcept { return read_with(what, what.flags | RWF_NOWAIT); }
    static void prepare(io_uring_sqe& entry, const file_request& what) noexcept {
        io_uring_prep_read(&entry, what.descriptor, what.buffer, entry_bytes(what), what.offset);
        entry.rw_flags = what.flags;
    }

private:
    static int read_with(const file_request& what, int flags) noexcept {
        const iovec part{what.buffer, std::min(what.bytes, max_file_bytes)};
        const auto offset = static_cast<off64_t>(what.offset);
        return flags == 0 ? result_of(::pread64(what.descriptor, part.iov_base, part.iov_len, offset))
                          : result_of(::preadv64v2(what.descriptor, &part, 1, offset, flags));
    }
};

struct file_write {
    static constexpr file_op kind = file_op::write;
    static constexpr int opcode = IORING_OP_WRITE;
    static int call(const file_request& what) noexcept { return write_with(what, what.flags); }
    static int call_cached(const file_request& what) noexcept { return write_with(what, what.flags | RWF_NOWAIT); }
    static void prepare(io_uring_sqe& entry, const file_request& what) noexcept {
        io_uring_prep_write(&entry, what.descriptor, what.buffer, entry_bytes(what), what.offset);
        entry.rw_flags = what.flags;
    }

private:
    static int write_with(const file_request& what, int flags) noexcept {
        const iovec part{what.buffer, std::min(what.bytes, max_file_bytes)};
        const auto offset = static_cast<off64_t>(what.offset);
        return flags == 0 ? result_of(::pwrite64(what.descriptor, part.iov_base, part.iov_len, offset))
                          : result_of(::pwritev64v2(what.descriptor, &part, 1, offset, flags));
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

template <class... Operations>
struct file_operation_list {};

using file_operations = file_operation_list<file_read, file_write, file_sync, file_truncate, file_allocate, file_open,
                                            file_close, path_status, path_rename, path_remove, path_create_directory,
                                            directory_read_entries, file_fetch, file_calls_in_a_row>;

/// use(operation) for the one of that kind.
template <class Use, class... Operations>
inline void with_file_operation(file_op kind, Use use, file_operation_list<Operations...>) noexcept {
    (void)((kind == Operations::kind && (use(Operations{}), true)) || ...);
}

}  // namespace bifilar::drivers
