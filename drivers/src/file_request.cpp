// The system calls behind file requests. errno is taken right behind each.
#include <bifilar/drivers/file_request.hpp>

#include "answer.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <unistd.h>

namespace bifilar::drivers {
namespace {

int transfer_bytes(const file_request& what, int flags) noexcept {
    const iovec part{what.buffer, std::min(what.bytes, most_file_bytes)};
    const auto offset = static_cast<off64_t>(what.offset);
    if (flags == 0 && what.kind == file_op::read)
        return answer(::pread64(what.descriptor, part.iov_base, part.iov_len, offset));
    if (flags == 0) return answer(::pwrite64(what.descriptor, part.iov_base, part.iov_len, offset));
    if (what.kind == file_op::read) return answer(::preadv64v2(what.descriptor, &part, 1, offset, flags));
    return answer(::pwritev64v2(what.descriptor, &part, 1, offset, flags));
}

int fetch(const file_request& what) noexcept {
    if (what.bytes == 0) return 0;
    // Starts the reads; then the last byte waits for its own.
    (void)::readahead(what.descriptor, static_cast<off64_t>(what.offset), what.bytes);
    char last = 0;
    return answer(::pread64(what.descriptor, &last, 1, static_cast<off64_t>(what.offset + what.bytes - 1)));
}

// Opens what the directory cache leads to. What may create or empty something is more than a look.
int open_cached(const file_request& what) noexcept {
    if ((what.flags & (O_CREAT | O_TRUNC | O_TMPFILE)) != 0 || (what.flags & O_NONBLOCK) == 0) return -EAGAIN;
    open_how how{};
    how.flags = static_cast<std::uint64_t>(what.flags);
    how.resolve = RESOLVE_CACHED;  // Linux 5.12.
    const int result = answer(::syscall(SYS_openat2, what.descriptor, what.path, &how, sizeof how));
    return is_unknown_call(result) || result == -EINVAL || result == -EINTR ? -EAGAIN : result;
}

int status_of(const file_request& what) noexcept {
    auto& into = *static_cast<struct statx*>(what.buffer);
    constexpr unsigned wanted = STATX_BASIC_STATS | STATX_BTIME;
    const int result = answer(::statx(what.descriptor, what.path, what.flags, wanted, &into));
    if (!is_unknown_call(result)) return result;
    struct stat64 old{};
    if (::fstatat64(what.descriptor, what.path, &old, what.flags) != 0) return -errno;
    const auto moment = [](const timespec& at) {
        return statx_timestamp{at.tv_sec, static_cast<std::uint32_t>(at.tv_nsec), 0};
    };
    into = {};
    into.stx_mask = STATX_BASIC_STATS;
    into.stx_blksize = static_cast<std::uint32_t>(old.st_blksize);
    into.stx_nlink = static_cast<std::uint32_t>(old.st_nlink);
    into.stx_uid = old.st_uid;
    into.stx_gid = old.st_gid;
    into.stx_mode = static_cast<std::uint16_t>(old.st_mode);
    into.stx_ino = old.st_ino;
    into.stx_size = static_cast<std::uint64_t>(old.st_size);
    into.stx_blocks = static_cast<std::uint64_t>(old.st_blocks);
    into.stx_atime = moment(old.st_atim);
    into.stx_mtime = moment(old.st_mtim);
    into.stx_ctime = moment(old.st_ctim);
    into.stx_rdev_major = ::major(old.st_rdev);
    into.stx_rdev_minor = ::minor(old.st_rdev);
    into.stx_dev_major = ::major(old.st_dev);
    into.stx_dev_minor = ::minor(old.st_dev);
    return 0;
}

int call_once(const file_request& what) noexcept {
    switch (what.kind) {
        case file_op::read:
        case file_op::write:
            return transfer_bytes(what, what.flags);
        case file_op::sync:
            return answer(what.flags != 0 ? ::fdatasync(what.descriptor) : ::fsync(what.descriptor));
        case file_op::truncate:
            return answer(::ftruncate64(what.descriptor, static_cast<off64_t>(what.offset)));
        case file_op::open:
            return answer(::openat64(what.descriptor, what.path, what.flags, what.mode));
        case file_op::close:
            return answer(::close(what.descriptor));
        case file_op::status:
            return status_of(what);
        case file_op::rename:
            return answer(::renameat2(what.descriptor, what.path, what.descriptor,
                                      static_cast<const char*>(what.buffer), static_cast<unsigned>(what.flags)));
        case file_op::remove:
            return answer(::unlinkat(what.descriptor, what.path, what.flags));
        case file_op::create_directory:
            return answer(::mkdirat(what.descriptor, what.path, what.mode));
        case file_op::read_entries:
            return answer(::syscall(SYS_getdents64, what.descriptor, what.buffer, what.bytes));
        case file_op::fetch:
            return fetch(what);
        case file_op::job:
            return what.work(what.buffer);
    }
    return -EINVAL;
}

}  // namespace

int make_call(const file_request& what) noexcept {
    for (;;) {
        const int result = call_once(what);
        if (result != -EINTR) return result;
        // Linux has closed the descriptor by then, and somebody else may have its number already.
        if (what.kind == file_op::close) return 0;
    }
}

int try_cached(const file_request& what) noexcept {
    if (what.kind == file_op::open) return open_cached(what);
    if (what.kind != file_op::read && what.kind != file_op::write) return -EAGAIN;
    const int result = transfer_bytes(what, what.flags | RWF_NOWAIT);
    // File systems that cannot answer so say EOPNOTSUPP; interrupted calls are made again where they may wait. An end
    // of the file that was seen without waiting is one.
    return is_unknown_call(result) || result == -EOPNOTSUPP || result == -EINTR ? -EAGAIN : result;
}

}  // namespace bifilar::drivers
