// What a file system knows about a file, without its contents.
#pragma once

#include <bifilar/base/detail/language.hpp>
#include <chrono>
#include <cstdint>
#include <optional>

struct statx;

namespace bifilar {

enum class file_kind : unsigned char {
    unknown,
    regular,
    directory,
    symlink,
    fifo,
    socket,
    character_device,
    block_device
};

/// As statx(2) gives it. Times have nanoseconds where the file system keeps them.
struct file_metadata {
    /// A moment, as file systems keep it.
    using time = std::chrono::time_point<std::chrono::system_clock, std::chrono::nanoseconds>;

    /// A file, a folder, and so on.
    file_kind kind = file_kind::unknown;
    /// Of a file; of others what the file system says.
    std::uint64_t size_bytes = 0;
    std::uint64_t allocated_bytes = 0;  ///< On the disk: less than the size for files with holes.
    unsigned mode = 0;                  ///< The permission bits, set-id and sticky bits: 07777.
    /// Its owner.
    std::uint32_t uid = 0;
    /// Its group.
    std::uint32_t gid = 0;
    /// Its number in the file system.
    std::uint64_t inode = 0;
    std::uint64_t device = 0;  ///< Two files are the same one when inode and device are equal.
    /// How many names it has.
    std::uint64_t links = 0;
    /// When it was last read, as far as the file system keeps that.
    time accessed;
    time modified;                ///< The contents.
    time changed;                 ///< Contents or metadata.
    std::optional<time> created;  ///< Empty where the file system does not keep it.
};

namespace detail {
/// From a mode with its kind bits, S_IFMT.
[[nodiscard]] file_kind kind_of_mode(unsigned mode) noexcept;
/// From a directory entry's DT_….
[[nodiscard]] file_kind kind_of_entry(unsigned char type) noexcept;
[[nodiscard]] file_metadata metadata_of(const struct statx& from) noexcept;
}  // namespace detail

}  // namespace bifilar
