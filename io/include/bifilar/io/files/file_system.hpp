// What is done with paths: metadata, renaming, removing, directories, whole files at once.
// Relative paths start at the process's working directory. Futures own copies of the paths.
#pragma once

#include <bifilar/io/files/detail/file_job.hpp>
#include <bifilar/io/files/file.hpp>
#include <bifilar/io/files/file_futures.hpp>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bifilar {

// Errors are the system's codes: ENOENT, EACCES, ENOTDIR, ENAMETOOLONG, ELOOP, EROFS and so on. All may suspend; on
// plain threads they block. All copy their paths and throw std::bad_alloc when they cannot.

/// Of what the path names; symbolic links are followed.
[[nodiscard]] metadata_future metadata(std::string_view path);
/// Of the symbolic link itself, where the path names one.
[[nodiscard]] metadata_future symlink_metadata(std::string_view path);
/// Whether the path names something that can be reached; a link to nothing does not. Errors but ENOENT and ENOTDIR are
/// told.
[[nodiscard]] detail::file_job<bool> exists(std::string_view path);

/// Replaces what is at `to`, in one step that others see whole. EXDEV between file systems.
[[nodiscard]] path_action_future rename(std::string_view from, std::string_view to);
/// As rename; EEXIST when something is at `to`.
[[nodiscard]] path_action_future rename_new(std::string_view from, std::string_view to);
/// Also symbolic links, sockets and the like, themselves. EISDIR for directories.
[[nodiscard]] path_action_future remove_file(std::string_view path);
/// ENOTEMPTY when something is in it.
[[nodiscard]] path_action_future remove_directory(std::string_view path);
/// EEXIST when something is there. `mode` less the process's umask.
[[nodiscard]] path_action_future create_directory(std::string_view path, unsigned mode = 0777);
/// With all that are missing above it; fine when it is there. Cancelled or failed: some may have been made.
[[nodiscard]] detail::file_job<void> create_directories(std::string_view path, unsigned mode = 0777);
/// Where the symbolic link points. EINVAL when it is none.
[[nodiscard]] detail::file_job<std::string> read_link(std::string_view path);

/// Contents and permissions of a regular file; holes may be filled. What is at `to` is overwritten. Answers how many
/// bytes were copied. EINVAL when both are the same file. Cancelled or failed: `to` holds a part.
[[nodiscard]] detail::file_job<std::uint64_t> copy_file(std::string_view from, std::string_view to);

/// The whole file. EFBIG when it has more than `max_bytes`.
[[nodiscard]] detail::file_job<std::vector<std::byte>> read_file(
    std::string_view path, std::uint64_t max_bytes = std::numeric_limits<std::uint64_t>::max());
/// The same as a string.
[[nodiscard]] detail::file_job<std::string> read_text_file(
    std::string_view path, std::uint64_t max_bytes = std::numeric_limits<std::uint64_t>::max());
/// Makes or empties the file and writes the bytes, which stay valid until the future is ready. Cancelled or failed: a
/// part is written.
[[nodiscard]] detail::file_job<void> write_file(std::string_view path, std::span<const std::byte> bytes);
/// The file has all of the bytes or its old contents, whatever happens, a power failure even: they are written to a
/// new file beside it, brought to the disk, and renamed. Permissions stay as they are, and owner and group where the
/// system permits; a group that cannot be kept gets no more than everybody. Links are replaced, not followed. Fails or
/// is cancelled without a trace; only the last step, the directory's way to the disk, may fail when the new contents
/// can be seen already.
[[nodiscard]] detail::file_job<void> write_file_atomically(std::string_view path, std::span<const std::byte> bytes);

/// A file without a name, open for reading and writing, which is gone when it is closed. In a directory where it has
/// to have a name for a moment, it gets one that nobody can guess. Permissions 0600.
[[nodiscard]] detail::file_job<file> create_temporary(std::string_view directory = "/tmp");

}  // namespace bifilar
