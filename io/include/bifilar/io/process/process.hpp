// A program that runs: wait for its end, signal it, talk to its standard streams. `command` starts it.
#pragma once

#include <bifilar/drivers/contract/detail/io_wait.hpp>
#include <bifilar/io/process/detail/child.hpp>
#include <bifilar/io/process/pipe.hpp>
#include <csignal>
#include <optional>
#include <utility>

namespace bifilar {

/// Move-only. Dropped while the program runs, it kills it (SIGKILL; unless the command said otherwise) and does not
/// block; a thread of the library, which exists only while there is something to wait for, then takes the program's
/// status, so that no zombie stays. What the program has started itself is not killed. Stopped by a SIGSTOP, a program
/// has not ended.
/// Thread: one at a time, except kill().
class process {
public:
    /// For the library.
    process(detail::child_ptr child, std::optional<pipe_writer> input, std::optional<pipe_reader> output,
            std::optional<pipe_reader> error) noexcept
        : child_{std::move(child)}, input_{std::move(input)}, output_{std::move(output)}, error_{std::move(error)} {}
    process(const process&) = delete;  // A process has one owner: std::move it.
    process(process&&) noexcept = default;
    process& operator=(process&&) noexcept = default;
    ~process() = default;

    class wait_future;
    /// Ready when the program has ended; again: the same answer. A program that waits for the end of its standard input
    /// ends only after that was closed. The process may move meanwhile, but not be destroyed.
    /// Throws: a poll, as reads of pipes.
    /// Errors: ECHILD when somebody else has waited for it, or SIGCHLD is ignored; EBUSY while another wait() waits;
    /// ENOMEM, ENOSPC or ENOBUFS when the driver cannot wait.
    /// Cancellation: loses nothing.
    /// Suspends: until the program has ended.
    [[nodiscard]] wait_future wait() noexcept;
    /// What wait() would answer at once; empty: the program runs. Does not block.
    /// Errors: ECHILD, as wait().
    io_result<std::optional<exit_status>> try_wait() noexcept { return alive().reap(); }
    /// Sends a signal. Never to another process.
    /// Errors: ESRCH once the program's end was waited for; EPERM when it runs as somebody else; EINVAL for what is no
    /// signal.
    /// Thread: any.
    io_result<void> kill(int signal = SIGKILL) noexcept { return alive().send(signal); }

    /// Its number, which other processes may have once wait() was ready.
    [[nodiscard]] pid_t id() const noexcept { return alive().id(); }

    /// Our ends of its streams, where the command said stdio::pipe(); aborts otherwise. They may be closed, and moved
    /// out. From output that nobody reads the program waits when the pipe is full.
    [[nodiscard]] pipe_writer& standard_input() noexcept;
    /// The end to read its output from. Aborts where the command had no pipe there.
    [[nodiscard]] pipe_reader& standard_output() noexcept;
    /// The end to read its errors from. Aborts where the command had no pipe there.
    [[nodiscard]] pipe_reader& standard_error() noexcept;

private:
    [[nodiscard]] detail::child& alive() const noexcept;

    detail::child_ptr child_;
    std::optional<pipe_writer> input_;
    std::optional<pipe_reader> output_;
    std::optional<pipe_reader> error_;
};

class [[nodiscard]] process::wait_future {
public:
    using output = io_result<exit_status>;

    explicit wait_future(detail::child& of) noexcept : of_{&of}, wait_{op_kind::poll_in, of.source()} {}
    polled<output> poll(context& cx);
    polled<void> poll_cancel(context& cx) noexcept { return wait_.poll_rest(cx); }
    void describe_wait(task_visitor& to) const noexcept { wait_.describe<wait_future>(to); }

private:
    detail::child* of_;
    drivers::io_wait wait_;
};

inline process::wait_future process::wait() noexcept { return wait_future{alive()}; }

}  // namespace bifilar
