// A listening Unix socket.
#pragma once

#include <bifilar/io/net/detail/bound_path.hpp>
#include <bifilar/io/net/incoming.hpp>
#include <bifilar/io/net/unix_stream.hpp>
#include <string_view>
#include <utility>

namespace bifilar {

/// Move-only; not while an accept is in flight. It is ended by cancelling its accept: shutdown(2) of its descriptor
/// does not wake one that waits, and a later one fails with EINVAL or waits as well, as the kernel has it. Its end
/// removes the file that it made, unless the options say otherwise, from the process that ends it.
/// Thread: one accept waits at a time; for more holds what socket_stream says.
class unix_listener {
public:
    using accept_future = socket_accept_future<unix_stream>;

    unix_listener(const unix_listener&) = delete;  // A listener has one owner: std::move it.
    unix_listener(unix_listener&&) noexcept = default;
    unix_listener& operator=(unix_listener&& other) noexcept {
        path_ = std::move(other.path_);
        source_ = std::move(other.source_);
        return *this;
    }
    ~unix_listener() = default;

    /// Binds a path, or an abstract name by its address, and listens.
    /// Throws: std::bad_alloc.
    /// Errors: EADDRINUSE: the path exists, because somebody listens there or because it was left behind;
    /// options.replace_stale tells the two apart and takes over what was left behind. Else what
    /// socket_address::unix_path, socket(2), bind(2) and listen(2) say; EAFNOSUPPORT: no address of a Unix socket.
    /// Blocks: for the file system alone; with replace_stale up to 100 ms for others who have their turn.
    [[nodiscard]] static io_result<unix_listener> bind(std::string_view path, const unix_bind_options& options = {});
    /// As the other bind.
    [[nodiscard]] static io_result<unix_listener> bind(const socket_address& address,
                                                       const unix_bind_options& options = {});

    /// The next connection.
    /// Errors: accept(2)'s, as socket_accept_future says them, and those of socket_stream's waits.
    /// Cancellation: a connection that was accepted by then is closed.
    /// Suspends: until a connection comes.
    [[nodiscard]] accept_future accept() noexcept;

    /// All connections from here on. The listener is used up.
    [[nodiscard]] incoming_connections<unix_stream, detail::bound_path> incoming() && noexcept;

    [[nodiscard]] io_result<socket_address> local_address() const noexcept;
    [[nodiscard]] int descriptor() const noexcept { return source_ ? source_->descriptor() : -1; }

private:
    unix_listener(drivers::source_ptr source, detail::bound_path path) noexcept
        : source_{std::move(source)}, path_{std::move(path)} {}

    drivers::source_ptr source_;
    detail::bound_path path_;  // Behind source_, and assigned before it: the path goes before the socket does.
};

}  // namespace bifilar
