// Attempts side by side: the whole race is one future, whose task every attempt and the timer wake.
#include <bifilar/io/net/connect.hpp>

#include <algorithm>
#include <new>
#include <stdexcept>
#include <utility>

namespace bifilar {
namespace {

class host_and_service {
public:
    host_and_service(std::string_view of, std::string_view at) noexcept : host{of}, service{at} {}
    std::string_view host;
    std::string_view service;
};

// Numeric IPv6 addresses have colons of their own, hence the brackets.
std::optional<host_and_service> split(std::string_view text) noexcept {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    std::string_view host = text.substr(0, colon);
    const std::string_view service = text.substr(colon + 1);
    const bool in_brackets = host.starts_with('[') && host.ends_with(']');
    if (in_brackets) host = host.substr(1, host.size() - 2);
    if (host.find_first_of("[]") != std::string_view::npos || (host.find(':') != std::string_view::npos) != in_brackets)
        return std::nullopt;
    if (host.empty() || service.empty()) return std::nullopt;
    return host_and_service{host, service};
}

// Whether a failure is about this machine's networks rather than about the host: a family that it has no way for.
bool no_way(const std::error_code& error) noexcept {
    return error == std::errc::network_unreachable || error == std::errc::address_not_available ||
           error == std::errc::address_family_not_supported;
}

}  // namespace

host_connect_future connect(std::string_view host, std::string_view service, const connect_options& options) {
    resolver& asked = options.resolver != nullptr ? *options.resolver : default_resolver();
    return host_connect_future{asked.resolve(host, service), options};
}

host_connect_future connect(std::string_view host_and_service, const connect_options& options) {
    const auto parts = split(host_and_service);
    if (!parts) return host_connect_future{make_error_code(resolve_errc::bad_text)};
    return connect(parts->host, parts->service, options);
}

std::vector<socket_address> detail::attempt_order(const std::vector<socket_address>& found,
                                                  const connect_options& options) {
    int leads = found.empty() ? AF_UNSPEC : found.front().family();
    if (options.prefer != family_preference::as_resolved)
        leads = options.prefer == family_preference::ipv6 ? AF_INET6 : AF_INET;
    std::vector<socket_address> order;
    order.reserve(std::min(found.size(), options.max_addresses));
    // Two readers of the same list, of which each skips what the other takes.
    std::size_t next[2] = {0, 0};
    for (int turn = 0, missed = 0; missed < 2 && order.size() < options.max_addresses; turn = 1 - turn) {
        std::size_t& at = next[turn];
        while (at < found.size() && (found[at].family() == leads) != (turn == 0)) ++at;
        if (at == found.size()) {
            ++missed;
            continue;
        }
        missed = 0;
        order.push_back(found[at++]);
    }
    return order;
}

host_connect_future::host_connect_future(resolve_future addresses, const connect_options& options)
    : options_{options}, resolving_{std::move(addresses)} {
    if (options.max_addresses == 0)
        throw std::invalid_argument{"connect_options::max_addresses is 0; give at least 1, or leave the default of 8"};
}

polled<io_result<tcp_stream>> host_connect_future::poll(context& cx) {
    if (resolving_) {
        polled<resolve_future::output> answer = resolving_->poll(cx);
        if (!answer) return not_ready;
        const resolve_future::output found = answer.take();
        resolving_.reset();
        if (!found) return output{std::unexpected{found.error()}};
        addresses_ = detail::attempt_order(*found, options_);
        attempts_ = std::vector<attempt>(addresses_.size());
    }
    if (!decided_) {
        if (!race(cx)) return not_ready;
        decided_ = true;
        delay_.reset();
    }
    // The losers are at rest before the answer is given.
    if (!settle(cx)) return not_ready;
    if (winner_) return output{std::move(*winner_)};
    return output{std::unexpected{error_}};
}

// True when there is a winner, or nobody is left who could be one.
bool host_connect_future::race(context& cx) {
    for (;;) {
        const bool failed = look(cx);
        if (winner_) return true;
        if (begun_ == attempts_.size()) return in_flight_ == 0;
        // The next attempt begins when one has failed, when none is in flight, or when the delay is over.
        if (!failed && in_flight_ != 0 && !delay_->poll(cx)) return false;
        begin_next();
    }
}

// Polls what is in flight. True when one has failed.
bool host_connect_future::look(context& cx) {
    bool failed = false;
    for (std::size_t at = 0; at < begun_; ++at) {
        if (!attempts_[at]) continue;
        polled<output> answer = attempts_[at]->poll(cx);
        if (!answer) continue;
        attempts_[at].reset();
        --in_flight_;
        output result = answer.take();
        if (result) {
            winner_.emplace(std::move(*result));
            return failed;
        }
        note(result.error());
        failed = true;
    }
    return failed;
}

void host_connect_future::describe_wait(task_visitor& to) const noexcept {
    if (resolving_) return resolving_->describe_wait(to);
    to.begin_arms(detail::type_name<host_connect_future>, task_visitor::arms::any);
    for (const attempt& one : attempts_) {
        if (!one) continue;
        to.next_arm();
        one->describe_wait(to);
    }
    if (delay_) {
        to.next_arm();
        delay_->describe_wait(to);
    }
    to.end_arms();
}

void host_connect_future::begin_next() noexcept {
    attempt& next = attempts_[begun_++];
    try {
        next.emplace(addresses_[begun_ - 1]);
    } catch (const std::bad_alloc&) {
        // Others may be in flight: a failure like the others, and no exception past them.
        return note(std::make_error_code(std::errc::not_enough_memory));
    }
    ++in_flight_;
    delay_.emplace(sleep_for(options_.attempt_delay));
}

void host_connect_future::note(std::error_code error) noexcept {
    // What a host has said is worth more than that there is no way to one of its addresses.
    if (!error_ || (no_way(error_) && !no_way(error))) error_ = error;
}

// True when no attempt is in flight any more.
bool host_connect_future::settle(context& cx) noexcept {
    for (attempt& one : attempts_) {
        if (!one || !one->poll_cancel(cx)) continue;
        one.reset();
        --in_flight_;
    }
    return in_flight_ == 0;
}

polled<void> host_connect_future::poll_cancel(context& cx) noexcept {
    decided_ = true;
    resolving_.reset();
    delay_.reset();
    // Nobody will get it.
    winner_.reset();
    if (!settle(cx)) return not_ready;
    return done;
}

}  // namespace bifilar
