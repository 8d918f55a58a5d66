// Paths: what is one call, and what is a few in a row.
#include <bifilar/drivers/contract/owned_descriptor.hpp>
#include <bifilar/io/files/file_system.hpp>

#include <cerrno>
#include <cstdlib>
#include <sys/stat.h>

namespace bifilar {
namespace {

using detail::job_arguments;
using drivers::file_request;

io_result<bool> exists_now(const job_arguments& on) {
    struct stat found{};
    if (::stat(on.path.c_str(), &found) == 0) return true;
    const int error = errno;
    // A part of the path may be a file: then nothing is there either.
    if (error == ENOENT || error == ENOTDIR) return false;
    return io_failure(error);
}

// 0, or the errno. A directory that is there is fine.
int make_directory(const std::string& path, mode_t mode) noexcept {
    if (::mkdir(path.c_str(), mode) == 0) return 0;
    const int error = errno;
    if (error != EEXIST && error != EISDIR) return error;
    struct stat found{};
    if (::stat(path.c_str(), &found) != 0) return errno;
    return S_ISDIR(found.st_mode) ? 0 : ENOTDIR;
}

io_result<void> create_directories_now(const job_arguments& on) {
    const std::string& path = on.path;
    const auto mode = static_cast<mode_t>(on.number);
    int error = ENOENT;
    // What is above must let its owner, us, make more in it.
    for (std::size_t end = path.find_first_not_of('/'); end != std::string::npos;) {
        if (on.cancel_asked()) return io_failure(ECANCELED);
        end = path.find('/', end);
        const bool last = end == std::string::npos || path.find_first_not_of('/', end) == std::string::npos;
        error = make_directory(path.substr(0, end), last ? mode : mode | 0300U);
        // Some directories cannot be made although they are there: of a read-only file system, or an automounter's.
        if (error != 0 && (last || (error != EROFS && error != EACCES && error != EPERM))) return io_failure(error);
        end = last ? std::string::npos : path.find_first_not_of('/', end);
    }
    if (error != 0 && (path.empty() || path.front() != '/')) return io_failure(error);
    return {};
}

io_result<std::string> read_link_now(const job_arguments& on) {
    std::string text(256, '\0');
    for (;;) {
        const ssize_t bytes = ::readlink(on.path.c_str(), text.data(), text.size());
        if (bytes < 0) return io_failure(errno);
        if (static_cast<std::size_t>(bytes) < text.size()) {
            text.resize(static_cast<std::size_t>(bytes));
            return text;
        }
        // Filled to the last byte, it may have been cut.
        text.resize(text.size() * 2);
    }
}

io_result<file> create_temporary_now(const job_arguments& on) {
    const char* const directory = on.path.c_str();
    owned_descriptor made{::open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)};
    if (made.get() < 0) {
        const int error = errno;
        // What old kernels and some file systems say instead of EOPNOTSUPP.
        if (error != EOPNOTSUPP && error != EISDIR && error != EINVAL && error != ENOSYS) return io_failure(error);
        std::string name = on.path + "/bifilar-" + std::string(6, 'X');
        made = owned_descriptor{::mkostemp(name.data(), O_CLOEXEC)};
        if (made.get() < 0) return io_failure(errno);
        // At once, so that nothing is left when the process ends in whatever way.
        (void)::unlink(name.c_str());
    }
    file owner{made.get()};
    (void)made.release();
    return owner;
}

job_arguments with_path(std::string_view path) {
    job_arguments made;
    made.path = path;
    return made;
}

}  // namespace

metadata_future metadata(std::string_view path) { return {path, true}; }
metadata_future symlink_metadata(std::string_view path) { return {path, false}; }
detail::file_job<bool> exists(std::string_view path) { return {&exists_now, with_path(path)}; }

path_action_future rename(std::string_view from, std::string_view to) {
    return {file_request{.kind = file_op::rename}, from, to};
}
path_action_future rename_new(std::string_view from, std::string_view to) {
    return {file_request{.kind = file_op::rename, .flags = RENAME_NOREPLACE}, from, to};
}
path_action_future remove_file(std::string_view path) { return {file_request{.kind = file_op::remove}, path}; }
path_action_future remove_directory(std::string_view path) {
    return {file_request{.kind = file_op::remove, .flags = AT_REMOVEDIR}, path};
}
path_action_future create_directory(std::string_view path, unsigned mode) {
    return {file_request{.kind = file_op::create_directory, .mode = mode}, path};
}

detail::file_job<void> create_directories(std::string_view path, unsigned mode) {
    job_arguments on = with_path(path);
    on.number = mode;
    return {&create_directories_now, std::move(on)};
}
detail::file_job<std::string> read_link(std::string_view path) { return {&read_link_now, with_path(path)}; }
detail::file_job<file> create_temporary(std::string_view directory) {
    return {&create_temporary_now, with_path(directory)};
}

}  // namespace bifilar
