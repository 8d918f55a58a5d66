// A connection within this machine (AF_UNIX): bytes, descriptors, and who is at the other end.
#pragma once

#include <bifilar/io/net/descriptor_futures.hpp>
#include <bifilar/io/net/socket_accept_future.hpp>
#include <bifilar/io/net/socket_connect_future.hpp>
#include <bifilar/io/net/socket_stream.hpp>
#include <string_view>
#include <sys/types.h>
#include <utility>

namespace bifilar {

/// Who made the other end of a connection: as it was when it connected or listened.
struct peer_credentials {
    pid_t process;  ///< 0 when it is of a namespace that this process does not see.
    /// Its user.
    uid_t user;
    /// Its group.
    gid_t group;
};

/// What may be done with it besides is in socket_stream. A plain read closes descriptors that come with its bytes.
class unix_stream : public socket_stream {
public:
    using connect_future = socket_connect_future<unix_stream>;

    /// Takes over a connected Unix stream socket, wherever it comes from.
    /// Throws: std::bad_alloc; the descriptor is closed then.
    explicit unix_stream(int descriptor);

    /// Connects to a path, or to an abstract name by its address.
    /// Throws: std::bad_alloc.
    /// Errors: ENOENT: nobody has bound the path; ECONNREFUSED: nobody listens any more; EACCES: no right to write the
    /// file; EAFNOSUPPORT: no address of a Unix socket; else what socket_address::unix_path, socket(2) and connect(2)
    /// say.
    /// Cancellation: a connection that was made by then is closed.
    /// Suspends: while the listener's backlog is full. It is tried again, after 50 microseconds at first and up to 5
    /// milliseconds, because the kernel tells no event of it; who would not wait so long uses timeout.
    [[nodiscard]] static connect_future connect(std::string_view path) {
        return connect_future{socket_address::unix_path(path)};
    }
    /// As the other connect.
    [[nodiscard]] static connect_future connect(const socket_address& address);
    /// Two ends of one connection, for tasks or for a child process.
    /// Throws: std::bad_alloc.
    /// Errors: socketpair(2)'s.
    [[nodiscard]] static io_result<std::pair<unix_stream, unix_stream>> pair();

    /// Sends all of `from`, and at least one byte; the descriptors, at most max_descriptors, go with the first. They
    /// are copied: the caller's stay open, both in this process and, until they are received, in the kernel. Bytes and
    /// descriptors stay valid until the future is ready or destroyed.
    /// Errors: EINVAL: no bytes or too many descriptors; EBADF: one is not open; ETOOMANYREFS: too many of this user's
    /// are on their way; else those of writes.
    [[nodiscard]] descriptor_send_future send_descriptors(std::span<const std::byte> from,
                                                          std::span<const int> descriptors) noexcept {
        return {source(), from, descriptors};
    }
    /// Reads what is there, as read does, and takes the descriptors that came with it. Never takes bytes of two
    /// messages with descriptors at once.
    /// Throws: a poll std::bad_alloc; the descriptors are closed then, and the bytes are lost.
    /// Cancellation: descriptors that had been received by then are closed, and the bytes are lost.
    /// Allocates: the list of descriptors.
    [[nodiscard]] descriptor_receive_future recv_descriptors(std::span<std::byte> into) noexcept {
        return {source(), into};
    }

    /// The kernel's word, not the peer's. SO_PEERCRED.
    /// Errors: getsockopt(2)'s.
    [[nodiscard]] io_result<peer_credentials> credentials() const noexcept;

private:
    // What accepts and connects has a source already, which no application can have.
    friend struct detail::stream_access;
    explicit unix_stream(drivers::source_ptr source) noexcept;
};

}  // namespace bifilar
