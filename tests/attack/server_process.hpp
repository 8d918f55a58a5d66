// An example server as a process of its own: started on a port of its choice, looked at from outside, ended by ctrl-C.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <sys/types.h>
#include <vector>

namespace attack {

class server_process {
public:
    /// Runs PROGRAM --port 0 ARGUMENT... and waits until it says where it listens. `max_descriptors`: its limit; 0:
    /// ours. Throws std::runtime_error.
    explicit server_process(const std::string& program, const std::vector<std::string>& arguments,
                            std::size_t max_descriptors = 0);
    server_process(const server_process&) = delete;
    server_process& operator=(const server_process&) = delete;
    /// Kills it when stop() was not called.
    ~server_process();

    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
    [[nodiscard]] pid_t id() const noexcept { return process_; }
    [[nodiscard]] bool runs() const;
    /// How many it has open.
    [[nodiscard]] std::size_t descriptors() const;
    /// Of memory: what it has, and the most that it had.
    [[nodiscard]] std::size_t resident_bytes() const;
    [[nodiscard]] std::size_t peak_bytes() const;
    /// What it wrote to the standard error: the reports of sanitizers are there.
    [[nodiscard]] std::string errors() const;

    /// Ctrl-C. What is wrong with the end: a code other than 0, a report of a sanitizer, or that it did not come within
    /// the patience; empty: nothing.
    [[nodiscard]] std::string stop(std::chrono::milliseconds patience = std::chrono::seconds{60});

private:
    [[nodiscard]] std::size_t status_bytes(const char* field) const;
    void listen_to(int output);

    pid_t process_ = -1;
    int output_ = -1;
    int errors_ = -1;
    std::uint16_t port_ = 0;
};

}  // namespace attack
