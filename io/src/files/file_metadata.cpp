// The kernel's words for metadata in ours.
#include <bifilar/io/files/file_metadata.hpp>

#include <sys/stat.h>
#include <sys/sysmacros.h>

namespace bifilar::detail {

file_kind kind_of_mode(unsigned mode) noexcept {
    switch (mode & S_IFMT) {
        case S_IFREG:
            return file_kind::regular;
        case S_IFDIR:
            return file_kind::directory;
        case S_IFLNK:
            return file_kind::symlink;
        case S_IFIFO:
            return file_kind::fifo;
        case S_IFSOCK:
            return file_kind::socket;
        case S_IFCHR:
            return file_kind::character_device;
        case S_IFBLK:
            return file_kind::block_device;
        default:
            return file_kind::unknown;
    }
}

// As DTTOIF(3), whose macro is signed.
file_kind kind_of_entry(unsigned char type) noexcept { return kind_of_mode(unsigned{type} << 12U); }

file_metadata metadata_of(const struct statx& from) noexcept {
    const auto moment = [](const statx_timestamp& at) {
        return file_metadata::time{std::chrono::seconds{at.tv_sec} + std::chrono::nanoseconds{at.tv_nsec}};
    };
    file_metadata made;
    made.kind = kind_of_mode(from.stx_mode);
    made.size_bytes = from.stx_size;
    // In units of 512 bytes, whatever the file system's blocks are.
    made.allocated_bytes = from.stx_blocks * 512;
    made.mode = from.stx_mode & 07777U;
    made.uid = from.stx_uid;
    made.gid = from.stx_gid;
    made.inode = from.stx_ino;
    made.device = ::makedev(from.stx_dev_major, from.stx_dev_minor);
    made.links = from.stx_nlink;
    made.accessed = moment(from.stx_atime);
    made.modified = moment(from.stx_mtime);
    made.changed = moment(from.stx_ctime);
    // Some file systems do not keep it.
    if ((from.stx_mask & STATX_BTIME) != 0) made.created = moment(from.stx_btime);
    return made;
}

}  // namespace bifilar::detail
