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

/// Of what the path names; symbolic links are followed. What follows holds for all calls on paths.
/// Throws: std::bad_alloc when they cannot copy their paths.
/// Errors: the system's codes: ENOENT, EACCES, ENOTDIR, ENAMETOOLONG, ELOOP, EROFS and so on; EINVAL for a path with a
/// zero byte; ENOMEM.
/// Cancellation: one that has not begun does nothing; one that has is waited for, and ends behind the present call of
/// several.
/// Suspends: until the ring, or a thread of the blocking pool, has made the calls.
/// Blocks: a plain thread, which makes them itself.
[[nodiscard]] metadata_future metadata(std::string_view path);
/// Of the symbolic link itself, where the path names one.
[[nodiscard]] metadata_future symlink_metadata(std::string_view path);
/// Whether the path names something that can be reached; a link to nothing does not.
/// Errors: all but ENOENT and ENOTDIR, which mean that it does not.
[[nodiscard]] detail::file_job<bool> exists(std::string_view path);

/// Replaces what is at `to`, in one step that others see whole.
/// Errors: EXDEV between file systems.
[[nodiscard]] path_action_future rename(std::string_view from, std::string_view to);
/// As rename.
/// Errors: EEXIST when something is at `to`.
[[nodiscard]] path_action_future rename_new(std::string_view from, std::string_view to);
/// Also symbolic links, sockets and the like, themselves.
/// Errors: EISDIR for directories.
[[nodiscard]] path_action_future remove_file(std::string_view path);
/// Removes an empty directory.
/// Errors: ENOTEMPTY when something is in it.
[[nodiscard]] path_action_future remove_directory(std::string_view path);
/// A directory with `mode`, less the process's umask.
/// Errors: EEXIST when something is there.
[[nodiscard]] path_action_future create_directory(std::string_view path, unsigned mode = 0777);
/// With all that are missing above it; fine when it is there.
/// Cancellation: some may have been made, as after a failure.
[[nodiscard]] detail::file_job<void> create_directories(std::string_view path, unsigned mode = 0777);
/// Where the symbolic link points.
/// Errors: EINVAL when it is none.
[[nodiscard]] detail::file_job<std::string> read_link(std::string_view path);

/// Contents and permissions of a regular file; holes may be filled. What is at `to` is overwritten. Answers how many
/// bytes were copied.
/// Errors: EINVAL when both are the same file; EISDIR for a directory.
/// Cancellation: `to` holds a part, as after a failure.
[[nodiscard]] detail::file_job<std::uint64_t> copy_file(std::string_view from, std::string_view to);

/// The whole file.
/// Errors: EFBIG when it has more than `max_bytes`; EISDIR for a directory.
/// Allocates: room for it, on the thread that reads.
[[nodiscard]] detail::file_job<std::vector<std::byte>> read_file(
    std::string_view path, std::uint64_t max_bytes = std::numeric_limits<std::uint64_t>::max());
/// The same as a string.
[[nodiscard]] detail::file_job<std::string> read_text_file(
    std::string_view path, std::uint64_t max_bytes = std::numeric_limits<std::uint64_t>::max());
/// Makes or empties the file and writes the bytes, which stay valid until the future is ready or destroyed.
/// Cancellation: a part is written, as after a failure.
[[nodiscard]] detail::file_job<void> write_file(std::string_view path, std::span<const std::byte> bytes);
/// The file has all of the bytes or its old contents, whatever happens, a power failure even: they are written to a new
/// file beside it, brought to the disk, and renamed. Permissions stay as they are, and owner and group where the system
/// permits; a group that cannot be kept gets no more than everybody. Links are replaced, not followed. The bytes stay
/// valid until the future is ready or destroyed.
/// Errors: leave no trace; only the last step, the directory's way to the disk, may fail when the new contents can be
/// seen already.
/// Cancellation: without a trace, or it was done.
[[nodiscard]] detail::file_job<void> write_file_atomically(std::string_view path, std::span<const std::byte> bytes);

/// A file without a name, open for reading and writing, which is gone when it is closed. In a directory where it has
/// to have a name for a moment, it gets one that nobody can guess. Permissions 0600.
[[nodiscard]] detail::file_job<file> create_temporary(std::string_view directory = "/tmp");

}  // namespace bifilar
