// Files of Unix sockets. A file tells nothing of its owner, so a connection is tried before one is called stale.
#include <bifilar/drivers/bound_path.hpp>

#include <bifilar/drivers/socket_option.hpp>

#include <cerrno>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace bifilar::drivers {
namespace {

int bind_to(int descriptor, const socket_address& address) noexcept {
    return ::bind(descriptor, address.data(), address.size()) == 0 ? 0 : errno;
}

// Whether the path is a socket's that nobody has. Connecting to what is no socket is refused too, hence the look.
bool is_stale(const std::string& path, const socket_address& address, int type) noexcept {
    struct stat file{};
    if (::lstat(path.c_str(), &file) != 0 || !S_ISSOCK(file.st_mode)) return false;
    const io_result<owned_descriptor> probe = open_socket(AF_UNIX, type | SOCK_NONBLOCK);
    if (!probe) return false;
    return ::connect(probe->get(), address.data(), address.size()) != 0 && errno == ECONNREFUSED;
}

}  // namespace

bound_path::bound_path(bound_path&& other) noexcept
    : path_{std::exchange(other.path_, {})}, device_{other.device_}, inode_{other.inode_} {}

bound_path& bound_path::operator=(bound_path&& other) noexcept {
    if (this == &other) return *this;
    remove();
    path_ = std::exchange(other.path_, {});
    device_ = other.device_;
    inode_ = other.inode_;
    return *this;
}

io_result<bound_path> bound_path::bind(int descriptor, const socket_address& address, int type,
                                       const unix_bind_options& options) {
    if (!address.is_unix()) return io_failure(EAFNOSUPPORT);
    std::string path{address.path()};
    // The file takes its permissions from the socket, so there is no moment with others.
    if (!path.empty() && ::fchmod(descriptor, options.mode) != 0) return io_failure(errno);
    int error = bind_to(descriptor, address);
    if (error == EADDRINUSE && options.replace_stale && !path.empty() && is_stale(path, address, type)) {
        ::unlink(path.c_str());
        error = bind_to(descriptor, address);
    }
    if (error != 0) return io_failure(error);
    bound_path made;
    struct stat file{};
    if (path.empty() || !options.remove_at_end || ::lstat(path.c_str(), &file) != 0) return made;
    made.path_ = std::move(path);
    made.device_ = file.st_dev;
    made.inode_ = file.st_ino;
    return made;
}

void bound_path::remove() noexcept {
    if (path_.empty()) return;
    struct stat file{};
    if (::lstat(path_.c_str(), &file) == 0 && file.st_dev == device_ && file.st_ino == inode_) ::unlink(path_.c_str());
    path_.clear();
}

}  // namespace bifilar::drivers
