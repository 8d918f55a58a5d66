// A program run to its end, with what it wrote: the future that command::output gives.
#pragma once

#include <bifilar/io/process/process.hpp>
#include <cstddef>
#include <memory>
#include <string>

namespace bifilar {

class command;

/// What is collected at most, in bytes, of each stream.
struct output_limits {
    /// Bytes of output; more is an error.
    std::size_t standard_output_bytes = std::size_t{16} << 20;
    /// Bytes of errors; more is an error.
    std::size_t standard_error_bytes = std::size_t{16} << 20;
};

/// How a program ended, and what it wrote. A stream that the command sent elsewhere is empty here.
class process_output {
public:
    /// For the library.
    process_output(exit_status ended, std::string output, std::string error) noexcept
        : status{ended}, standard_output{std::move(output)}, standard_error{std::move(error)} {}

    /// How it ended.
    exit_status status;
    /// All that it wrote there.
    std::string standard_output;
    /// All that it wrote there.
    std::string standard_error;
};

/// Ready when the program has ended and nobody has its outputs open any more: a program that it left behind may hold
/// them.
/// Throws: std::bad_alloc, also from a poll.
/// Errors: EMSGSIZE when a stream exceeds its limit; otherwise those of command::spawn, process::wait and reads of
/// pipes. The program is killed then (unless the command says kill_on_drop(false)), and what it wrote is lost.
/// Cancellation: as after an error; likewise when it is destroyed.
/// Suspends: until it is ready.
/// Allocates: a copy of the command, and room for what the program writes, which grows by doubling.
/// Blocks: the first poll, as command::spawn.
class [[nodiscard]] command_output {
public:
    using output = io_result<process_output>;

    /// Starts the program with the first poll.
    command_output(const command& what, const output_limits& limits);
    command_output(command_output&&) noexcept;
    command_output& operator=(command_output&&) = delete;
    ~command_output();

    polled<output> poll(context& cx);
    polled<void> poll_cancel(context& cx) noexcept;

private:
    class running;

    std::unique_ptr<command> what_;
    output_limits limits_;
    std::unique_ptr<running> running_;  // Null before the first poll.
};

}  // namespace bifilar
