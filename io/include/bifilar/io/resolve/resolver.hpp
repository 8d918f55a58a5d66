// Names to addresses by getaddrinfo(3), which blocks: on a few threads of the resolver's own, never on a runtime's
// blocking pool. So silent name servers hold up neither files nor other blocking calls, and a lookup under way, which
// nothing can interrupt, holds up neither the end of a task nor that of a runtime.
#pragma once

#include <bifilar/future/future.hpp>
#include <bifilar/io/address/socket_address.hpp>
#include <bifilar/io/resolve/resolve_error.hpp>
#include <bifilar/sync/event.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bifilar {

class resolve_future;

namespace detail {
class lookup;
class resolver_queue;
}  // namespace detail

/// The addresses of a name, or why there are none.
using lookup_result = io_result<std::vector<socket_address>>;

struct resolver_options {
    /// How long an answer is given again, counted from when it was asked for. getaddrinfo does not tell how long the
    /// name servers mean it. 0: not at all.
    std::chrono::nanoseconds time_to_live{0};
    /// The same for an answer that there is no such host, address or service. Failures that may pass, try_again for
    /// one, are never kept.
    std::chrono::nanoseconds negative_time_to_live{0};
    /// Answers that are kept; the oldest go first.
    std::size_t max_entries = 1024;
    /// Lookups under way at the same time, each on a thread of its own; others wait in order, without one. Of this
    /// resolver: most processes have default_resolver() alone.
    std::uint32_t max_at_once = 32;
    /// Lookups that may wait for a thread. Further ones are refused with resolve_errc::too_many, so that slow names,
    /// which can hold every thread for half a minute, cost no more memory than this.
    std::size_t max_queued = 1024;
    /// Whether hosts may be old forms of IPv4 addresses, which the C library takes and other programs do not see for
    /// what they are: 2130706433, 0177.1 and 0x7f.1 for 127.0.0.1. Else they are resolve_errc::old_address.
    bool old_addresses = false;
    /// Asks instead of getaddrinfo, on one of the resolver's threads; may block. What it throws counts as
    /// resolve_errc::out_of_memory. Kept until the last lookup has ended, which may be after the resolver.
    std::function<lookup_result(const std::string& host, const std::string& service)> look_up{};
};

/// Counted since the resolver was made, and how things are at the moment.
struct resolver_stats {
    std::uint64_t lookups = 0;  ///< Handed to a thread.
    std::uint64_t shared = 0;   ///< Waited for a lookup that another had asked for.
    std::uint64_t kept = 0;     ///< Answered by what was known.
    std::uint64_t refused = 0;  ///< Found too many in the queue.
    std::size_t entries = 0;    ///< Answers that are kept now, old ones among them.
    std::size_t queued = 0;     ///< Lookups that wait for a thread.
    std::size_t under_way = 0;  ///< Lookups that have one.
    std::uint32_t threads = 0;  ///< They end after 10 s without work.
};

/// Answers and lookups of one kind. Whoever asks for what another waits for already shares the lookup. Times are those
/// of now() in the task that asks; tasks of runtimes with different clocks are better off with a resolver each. A
/// lookup under way does not hold a simulated clock that moves by itself.
/// Thread: any.
class resolver {
public:
    /// Starts no thread.
    /// Throws: std::invalid_argument for max_at_once 0 and for negative times; std::bad_alloc.
    explicit resolver(resolver_options options = {});
    resolver(const resolver&) = delete;
    resolver& operator=(const resolver&) = delete;
    /// Does not wait: lookups under way go on for who waits for them, and free themselves.
    ~resolver();

    /// A future of the addresses of `host`, at least one, the system's choice first (RFC 6724). `host`: a name, or a
    /// numeric address without brackets, four decimal numbers for IPv4 (RFC 3986) and IPv6 as in RFC 4291, which
    /// together with a port is answered at once and without a thread. `service`: a port, or a name in /etc/services as
    /// TCP has it; empty: port 0. Begins with the first poll.
    ///
    /// Throws: std::bad_alloc, also from a poll.
    /// Errors: resolve_errc, codes of getaddrinfo(3) in the same category, errno where it says so (EAI_SYSTEM), and
    /// std::errc::resource_unavailable_try_again where no thread can be made.
    /// Cancellation: it is over at once, as when it is destroyed: a lookup that waits for a thread is dropped with the
    /// last who waits for it, one under way goes on alone, and its answer is kept where the options say so.
    /// Suspends: until the lookup has ended, which may take half a minute where name servers are silent.
    /// Allocates: copies of host and service, the lookup, and the answer.
    [[nodiscard]] resolve_future resolve(std::string_view host, std::string_view service);

    /// Forgets what is known. Lookups under way answer those who wait for them already, and nobody else.
    void clear() noexcept;

    /// What has happened so far, and how things are. Does not block.
    [[nodiscard]] resolver_stats stats() const noexcept;

private:
    std::shared_ptr<detail::resolver_queue> queue_;
};

/// The process's own, for those who bring none: keeps answers for 5 s and failures for 1 s. That is enough to spare
/// name servers a burst of connections to one host, and shorter than any time within which a change of address is
/// expected to be noticed. Made by the first call, never destroyed.
/// Throws: std::bad_alloc, by the first call.
/// Thread: any.
[[nodiscard]] resolver& default_resolver();

/// default_resolver().resolve(host, service).
[[nodiscard]] resolve_future resolve(std::string_view host, std::string_view service);

/// See resolver::resolve. It may outlive the resolver.
class [[nodiscard]] resolve_future {
public:
    using output = lookup_result;

    resolve_future(std::shared_ptr<detail::resolver_queue> queue, std::string_view host, std::string_view service);
    resolve_future(resolve_future&&) noexcept = default;
    resolve_future& operator=(resolve_future&&) = delete;
    ~resolve_future();

    polled<output> poll(context& cx);
    void describe_wait(task_visitor& to) const noexcept {
        detail::visit_facts<resolve_future>(to, wait_fact::object(asked_.get()));
    }

private:
    std::shared_ptr<detail::resolver_queue> queue_;
    std::string host_;
    std::string service_;
    std::shared_ptr<detail::lookup> asked_;  // Before wait_, which waits in it.
    std::optional<event::wait_future> wait_;
};

static_assert(future<resolve_future>);

}  // namespace bifilar
