// Signals as values: a set of them that tasks wait for, instead of a handler in which nearly nothing is allowed.
// From their first wait on they no longer do what they do by default.
#pragma once

#include <bifilar/drivers/contract/detail/io_wait.hpp>
#include <bifilar/drivers/contract/io_result.hpp>
#include <array>
#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

namespace bifilar {

namespace detail {
class signal_listener;
}

/// Signals to listen for, from its construction to its destruction. Any number of sets may listen for the same signal;
/// each gets it. A signal that comes several times before it is asked for is told once, as the kernel does it too, so
/// that after the last one there is at least one answer. While a set exists for a signal, that has a handler of ours;
/// with the last set for it the disposition of before is restored, unless somebody else has changed it meanwhile, and
/// signals that came and were not asked for are forgotten.
///
/// Signals reach the process in any thread that does not block them; one that all threads block is not told. Programs
/// that the process executes do not inherit the handler. A forked child has the dispositions of before, and its copies
/// of sets hear nothing. Move-only; not while a next() of it waits.
class signal_set {
public:
    /// Begins to listen.
    /// Throws: std::invalid_argument for what cannot be waited for: SIGKILL and SIGSTOP, those that a fault raises in
    /// the faulting thread (SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS), SIGABRT, and numbers that are no signals
    /// or the C library's own; for no signal at all. std::system_error when no descriptor can be had; std::bad_alloc.
    template <std::same_as<int>... More>
    explicit signal_set(int first, More... more)
        : signal_set{std::span<const int>{std::array<int, 1 + sizeof...(More)>{first, more...}}} {}
    /// As the other constructor.
    explicit signal_set(std::span<const int> signals);
    signal_set(const signal_set&) = delete;  // A set of signals has one owner: std::move it.
    signal_set(signal_set&&) noexcept;
    signal_set& operator=(signal_set&&) noexcept;
    ~signal_set();

    class next_future;
    /// The next signal: one that has come since the set was made and was not told yet, else one that comes. When
    /// several have, they take turns.
    /// Throws: a poll, as reads of pipes.
    /// Errors: EBUSY while another task waits; ENOMEM, ENOSPC and ENOBUFS when the driver cannot watch one more
    /// descriptor.
    /// Thread: any; one task may wait at a time.
    /// Cancellation: loses nothing: a signal that came is told by the following next().
    /// Suspends: until a signal comes.
    [[nodiscard]] next_future next() noexcept;
    /// What next() would answer at once; empty: it would wait. Neither suspends, allocates nor blocks.
    /// Thread: any.
    [[nodiscard]] std::optional<int> try_next() noexcept;

private:
    [[nodiscard]] detail::signal_listener& listener() const noexcept;

    std::unique_ptr<detail::signal_listener> listener_;
};

class [[nodiscard]] signal_set::next_future {
public:
    /// The signal's number.
    using output = io_result<int>;

    explicit next_future(detail::signal_listener& of) noexcept;
    polled<output> poll(context& cx);
    polled<void> poll_cancel(context& cx) noexcept { return wait_.poll_rest(cx); }
    void describe_wait(task_visitor& to) const noexcept { wait_.describe<next_future>(to); }

private:
    detail::signal_listener* of_;
    bool waits_ = false;
    std::uint64_t count_ = 0;  // What the eventfd tells. Before wait_: the operation ends first.
    drivers::io_wait wait_;
};

}  // namespace bifilar
