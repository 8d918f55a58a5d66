// What a server is told before it starts, and what it tells when it has ended.
// Ordinary values; serve() itself is in serve.hpp.
#pragma once

#include <bifilar/runtime/spawn_options.hpp>
#include <bifilar/sync/byte_budget.hpp>
#include <bifilar/task/task_description.hpp>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <system_error>
#include <vector>

namespace bifilar {

namespace detail {
/// Half of the process's limit on descriptors (RLIMIT_NOFILE, the soft one) as it is now, at least 1.
[[nodiscard]] std::uint32_t connections_within_limit() noexcept;
}  // namespace detail

/// How connections are served.
struct serve_options {
    /// The model of the connections' tasks.
    backend on = backend::stackless;
    /// Usable bytes of a connection's stack where it is a fiber; 0: the runtime's default.
    std::size_t stack_bytes = 0;
    /// What the connections' tasks are called in messages. A name costs an entry in a table for each of them.
    detail::task_label name = {};
    /// How many connections may live at a time. While so many do, none is accepted, and the kernel keeps the others
    /// waiting. Each listener holds one of them back for its next connection. By default half as many as the process
    /// may have descriptors when the options are made (ulimit -n): the other half is for what handlers open.
    std::uint32_t max_connections = detail::connections_within_limit();
    /// What serving::budget() has: bytes that all connections together may hold for their peers. It counts what
    /// handlers take from it, and nothing else.
    std::uint64_t budget_bytes = std::uint64_t{256} << 20;
    /// How long connections may go on after the stop before they are cancelled. 0 cancels at once.
    std::chrono::nanoseconds drain = std::chrono::seconds{10};
    /// Gets what a handler threw, on the worker that ran it, maybe several at once; must neither wait nor throw. Unset:
    /// a line on stderr. The other connections go on in any case.
    std::function<void(std::exception_ptr)> on_error = {};
    /// Told why connections cannot be accepted for want of descriptors or memory: once, and again after a second
    /// without such trouble. Must neither wait nor throw. Unset: a line on stderr.
    std::function<void(std::error_code)> on_exhausted = {};
};

/// What serve() did. `accepted` is the sum of `ended`, `failed` and `cancelled`.
struct serve_report {
    std::uint64_t accepted = 0;   ///< Connections that got a task.
    std::uint64_t ended = 0;      ///< Their handler returned.
    std::uint64_t failed = 0;     ///< It threw.
    std::uint64_t cancelled = 0;  ///< It was cancelled, after the time to drain or with the server.
    std::uint64_t refused = 0;    ///< Connections that were closed at once, for want of memory for their task.
    /// Attempts to accept that failed for want of descriptors or memory. The connections themselves wait in the kernel.
    std::uint64_t exhausted = 0;
    /// What accept(2) said, or the wait for `stop`, when accepting ended by itself; else what the wait for `stop_now`
    /// said, if it failed. Without an error it was stopped.
    std::error_code error = {};
    /// Who was still there when the time to drain was up, and what they waited on: at most 1,000 of them. One that was
    /// about to end is told as well.
    std::vector<task_description> left = {};
};

}  // namespace bifilar
