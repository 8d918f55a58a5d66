// Connections by name: all addresses of a host, each tried a moment after the one before it, the first that answers
// wins. Happy Eyeballs, RFC 8305, over the resolver, tcp_stream and the timers; but for its part about asking for each
// family by itself, since getaddrinfo(3) answers for both together.
#pragma once

#include <bifilar/io/net/tcp_stream.hpp>
#include <bifilar/io/resolve/resolver.hpp>
#include <bifilar/time/sleep.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace bifilar {

/// Whose address is tried first. The families then take turns.
enum class family_preference : std::uint8_t {
    as_resolved,  ///< The first address of the resolver's answer: what the system's rules (RFC 6724) prefer.
    ipv6,
    ipv4,
};

struct connect_options {
    /// How long an attempt is alone before the next one begins beside it. It begins at once when one fails. 0 or less:
    /// all at once. RFC 8305 asks for 10 ms at the least.
    std::chrono::nanoseconds attempt_delay = std::chrono::milliseconds{250};
    /// Addresses that are tried; further ones are left out. Each attempt in flight has a descriptor.
    std::size_t max_addresses = 8;
    /// Which addresses are tried first.
    family_preference prefer = family_preference::as_resolved;
    /// Who knows the addresses; null: default_resolver(). It may end before the future does.
    bifilar::resolver* resolver = nullptr;
};

class host_connect_future;

/// A future of a connection to `host`, a name or a numeric address without brackets, at `service`, a port number or a
/// name in /etc/services. Counts by now() of the task.
///
/// Throws: std::invalid_argument for max_addresses 0; std::bad_alloc, also from a poll.
/// Errors: those of resolver::resolve; else, when all attempts failed, what connect(2) or socket(2) said about the
/// first that failed for another reason than that this machine has no way to such addresses.
/// Cancellation: all attempts are brought to rest and closed, and a name lookup under way is left to itself. So are the
/// attempts that lost before the future is ready, also one that came about a moment too late.
/// Suspends: until the first connection is there, or all attempts have failed. It has no limit on its time but the
/// kernel's (two minutes and more): timeout(connect(…), 5s).
/// Allocates: once per attempt and a few times besides.
[[nodiscard]] host_connect_future connect(std::string_view host, std::string_view service,
                                          const connect_options& options = {});

/// The same for "example.org:443" or "[::1]:80".
/// Errors: as the other connect; resolve_errc::bad_text for what is neither.
[[nodiscard]] host_connect_future connect(std::string_view host_and_service, const connect_options& options = {});

namespace detail {

/// The addresses to try and their order. Throws std::bad_alloc.
[[nodiscard]] std::vector<socket_address> attempt_order(const std::vector<socket_address>& found,
                                                        const connect_options& options);

}  // namespace detail

/// See connect.
class [[nodiscard]] host_connect_future {
public:
    using output = io_result<tcp_stream>;

    host_connect_future(resolve_future addresses, const connect_options& options);
    /// One that fails.
    explicit host_connect_future(std::error_code error) noexcept : error_{error} {}

    polled<output> poll(context& cx);
    polled<void> poll_cancel(context& cx) noexcept;
    void describe_wait(task_visitor& to) const noexcept;

private:
    [[nodiscard]] bool race(context& cx);
    [[nodiscard]] bool look(context& cx);
    void begin_next() noexcept;
    void note(std::error_code error) noexcept;
    [[nodiscard]] bool settle(context& cx) noexcept;

    using attempt = std::optional<tcp_stream::connect_future>;

    connect_options options_;
    std::optional<resolve_future> resolving_;  // Until it is ready.
    std::vector<socket_address> addresses_;
    std::vector<attempt> attempts_;  // One for each address; empty where it has not begun or is over.
    std::size_t begun_ = 0;
    std::size_t in_flight_ = 0;
    std::optional<sleep> delay_;  // Until the next attempt; since the last one began.
    bool decided_ = false;        // Nothing is left to be polled: the rest is brought to rest.
    std::optional<tcp_stream> winner_;
    std::error_code error_;  // Until there is a winner.
};

static_assert(cancellable_future<host_connect_future>);

}  // namespace bifilar
