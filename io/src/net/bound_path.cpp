// Files of Unix sockets. A file tells nothing of its owner, so a connection is tried before one is called stale.
#include <bifilar/io/net/detail/bound_path.hpp>

#include <bifilar/io/net/detail/socket_option.hpp>

#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <utility>

namespace bifilar::detail {
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

// The lock of the folder: between the look at a file and its end nobody else may bind there, nor before it listens.
io_result<owned_descriptor> lock_folder(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    owned_descriptor opened{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (!opened) return io_failure(errno);
    constexpr int tries = 100;
    for (int n = 0; ::flock(opened.get(), LOCK_EX | LOCK_NB) != 0; ++n) {
        const int error = errno;
        if ((error != EWOULDBLOCK && error != EINTR) || n == tries) return io_failure(error);
        std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
    return opened;
}

}  // namespace

bound_path::bound_path(bound_path&& other) noexcept
    : path_{std::exchange(other.path_, {})},
      device_{other.device_},
      inode_{other.inode_},
      turn_{std::move(other.turn_)} {}

bound_path& bound_path::operator=(bound_path&& other) noexcept {
    if (this == &other) return *this;
    remove();
    path_ = std::exchange(other.path_, {});
    device_ = other.device_;
    inode_ = other.inode_;
    turn_ = std::move(other.turn_);
    return *this;
}

io_result<bound_path> bound_path::bind(int descriptor, const socket_address& address, int type,
                                       const unix_bind_options& options) {
    if (!address.is_unix()) return io_failure(EAFNOSUPPORT);
    std::string path{address.path()};
    // The file takes its permissions from the socket, so there is no moment with others.
    if (!path.empty() && ::fchmod(descriptor, options.mode) != 0) return io_failure(errno);
    bound_path made;
    if (options.replace_stale && !path.empty()) {
        // Held until the socket listens (settle): before that a connection is refused, as by a stale one.
        io_result<owned_descriptor> turn = lock_folder(path);
        if (!turn) return std::unexpected{turn.error()};
        made.turn_ = std::move(*turn);
    }
    int error = bind_to(descriptor, address);
    if (error == EADDRINUSE && made.turn_ && is_stale(path, address, type)) {
        ::unlink(path.c_str());
        error = bind_to(descriptor, address);
    }
    if (error != 0) return io_failure(error);
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
    // Only the own file: another server may have put its own there since.
    if (::lstat(path_.c_str(), &file) == 0 && file.st_dev == device_ && file.st_ino == inode_) ::unlink(path_.c_str());
    path_.clear();
}

}  // namespace bifilar::detail
