// A server under measurement: a program in a process of its own, pinned to the first processor.
// Its load belongs on the last one (pinned{1}), which is another one where there are two.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace bifilar::experiments {

/// The program says "listening on ADDRESS" in its first line. Ends with SIGTERM, and after a second with SIGKILL.
class server_process {
public:
    /// Throws std::system_error when there can be no process, std::runtime_error when the program does not start.
    explicit server_process(const std::vector<std::string>& command);
    server_process(const server_process&) = delete;
    server_process& operator=(const server_process&) = delete;
    ~server_process();

    [[nodiscard]] const std::string& address() const noexcept { return address_; }
    [[nodiscard]] pid_t process() const noexcept { return process_; }
    /// What its threads have run so far, in ns of processor time, those that have ended as well.
    [[nodiscard]] double cpu_ns() const;

private:
    pid_t process_ = -1;
    std::string address_;
};

}  // namespace bifilar::experiments
