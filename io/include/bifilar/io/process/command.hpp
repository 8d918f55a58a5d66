// A program to start: which, with what arguments, environment, folder and streams. Starting it gives a `process`.
// Built on posix_spawn (glibc 2.29), which runs nothing of ours between fork and exec, and on pidfds (Linux 5.4).
#pragma once

#include <array>
#include <bifilar/io/process/command_output.hpp>
#include <bifilar/io/process/process.hpp>
#include <bifilar/io/process/stdio.hpp>
#include <concepts>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace bifilar {

/// May be used again, copied, and changed between starts.
/// Throws: std::bad_alloc, by setters.
/// Thread: one at a time.
class command {
public:
    /// `program`: a path, relative ones from the program's working directory, or a name without a slash, looked for in
    /// the PATH of this process. It is the program's argument 0 as well.
    template <std::convertible_to<std::string>... Arguments>
    explicit command(std::string program, Arguments&&... arguments) : arguments_{} {
        arguments_.reserve(1 + sizeof...(Arguments));
        arguments_.push_back(std::move(program));
        (arguments_.emplace_back(std::forward<Arguments>(arguments)), ...);
    }

    /// One more argument, as it is: no shell looks at it.
    command& arg(std::string argument);
    /// Sets a variable of the program's environment, which is that of this process otherwise, at the time of the start.
    command& env(std::string name, std::string value);
    /// Leaves out a variable.
    command& env_remove(std::string name);
    /// Starts from an empty environment; variables that were set before are forgotten too.
    command& env_clear() noexcept;
    /// The program's working directory.
    command& directory(std::string path);

    /// The program's streams. Unset: inherited by spawn(); for output() no input, and both outputs are collected.
    command& standard_input(stdio where) noexcept;
    /// As standard_input, of its output.
    command& standard_output(stdio where) noexcept;
    /// As standard_input, of its errors.
    command& standard_error(stdio where) noexcept;

    /// The program leads a process group of its own, which signals of the terminal (ctrl-C) do not reach. Its number is
    /// the process's, so that `kill(-id, …)` reaches all that belong to it.
    command& new_process_group(bool wanted = true) noexcept;
    /// The program leads a session of its own, without a terminal, and a process group of its own.
    command& new_session(bool wanted = true) noexcept;
    /// Whether the program is killed when its `process` is dropped; so it is unless this says false.
    command& kill_on_drop(bool wanted) noexcept;

    /// Starts the program. It has no signal blocked and none ignored, and of descriptors its three streams and those of
    /// this process that are not closed at exec; all of the library's are. Does not suspend.
    /// Throws: std::bad_alloc.
    /// Errors: the system's; nothing is left behind then. ENOENT and EACCES for program or directory, E2BIG, ENOEXEC,
    /// EAGAIN (too many processes), ENOMEM, EMFILE; EINVAL for a zero byte in a string or a bad name of a variable;
    /// EBADF for a bad descriptor; ENOSYS when Linux is older than 5.4, EPERM where a container's filter of system
    /// calls refuses pidfd_open(2): allow it there; ECHILD when SIGCHLD is ignored and it has ended already.
    /// Thread: any.
    /// Blocks: until the kernel has loaded the program, about a millisecond.
    [[nodiscard]] io_result<process> spawn() const;

    /// Starts the program when it is first awaited, collects what it writes, and waits for its end. Keeps a copy of the
    /// command. Standard input, unless set, is empty. See command_output.
    [[nodiscard]] command_output output(const output_limits& limits = {}) const;

private:
    // It starts the program with other streams where none was set.
    friend class command_output;

    [[nodiscard]] bool is_well_formed() const noexcept;
    [[nodiscard]] std::vector<std::string> environment() const;
    [[nodiscard]] io_result<process> spawn_with(const std::array<stdio, 3>& streams) const;

    std::vector<std::string> arguments_;
    std::map<std::string, std::optional<std::string>> variables_;  // Empty values: left out.
    std::optional<std::string> directory_;
    std::array<std::optional<stdio>, 3> streams_{};
    bool inherits_environment_ = true;
    bool new_process_group_ = false;
    bool new_session_ = false;
    bool kill_on_drop_ = true;
};

}  // namespace bifilar
