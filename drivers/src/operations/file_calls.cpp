// The system calls behind file requests, but for those that are one line. errno is taken right behind each.
#include "file_operations.hpp"

#include <cerrno>
#include <linux/openat2.h>
#include <sys/sysmacros.h>

namespace bifilar::drivers {

int file_fetch::call(const file_request& what) noexcept {
    if (what.bytes == 0) return 0;
    // Starts the reads; then the last byte waits for its own.
    (void)::readahead(what.descriptor, static_cast<off64_t>(what.offset), what.bytes);
    char last = 0;
    return result_of(::pread64(what.descriptor, &last, 1, static_cast<off64_t>(what.offset + what.bytes - 1)));
}

// What may create or empty something is more than a look.
int file_open::call_cached(const file_request& what) noexcept {
    if ((what.flags & (O_CREAT | O_TRUNC | O_TMPFILE)) != 0 || (what.flags & O_NONBLOCK) == 0) return -EAGAIN;
    open_how how{};
    how.flags = static_cast<std::uint64_t>(what.flags);
    how.resolve = RESOLVE_CACHED;  // Linux 5.12.
    const int result = result_of(::syscall(SYS_openat2, what.descriptor, what.path, &how, sizeof how));
    // EINVAL: a kernel that has openat2 (5.6) but does not know RESOLVE_CACHED. The blocking way decides then.
    return is_unknown_call(result) || result == -EINVAL || result == -EINTR ? -EAGAIN : result;
}

int path_status::call(const file_request& what) noexcept {
    struct statx& into = *what.status;
    const int result = result_of(::statx(what.descriptor, what.path, what.flags, wanted_status, &into));
    // Where a filter of calls does not know statx: the older call has all but the time of birth, whose bit stays out.
    if (!is_unknown_call(result)) return result;
    struct stat64 old {};
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

int make_call(const file_request& what) noexcept {
    for (;;) {
        int result = -EINVAL;
        with_operation(
            what.kind, [&]<class Operation>(Operation) { result = Operation::call(what); }, file_operations{});
        if (result != -EINTR) return result;
        // Linux has closed the descriptor by then, and somebody else may have its number already.
        if (what.kind == file_op::close) return 0;
    }
}

int try_cached(const file_request& what) noexcept {
    // What cannot be tried in place goes the long way, by ring or pool.
    int result = -EAGAIN;
    with_operation(
        what.kind,
        [&]<class Operation>(Operation) {
            if constexpr (requires { Operation::call_cached(what); }) result = Operation::call_cached(what);
        },
        file_operations{});
    return result;
}

}  // namespace bifilar::drivers
