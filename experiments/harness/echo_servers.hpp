// The echo servers that pages put beside each other: ours in each model over each driver, and the peers'.
#pragma once

#include <string>
#include <vector>

namespace bifilar::experiments {

struct echo_server {
    std::string column;
    std::vector<std::string> command;
};

/// The column of io/bare_threads.c.
inline constexpr const char* bare_threads = "bare threads in C, one per connection";

/// examples/echo, with so many workers; 0: on its main thread, as the peers whose runtimes can.
inline echo_server own_echo_server(const std::string& program, const std::string& backend, const std::string& driver,
                                   const std::string& workers) {
    return {backend + ", " + driver,
            {program, "--port", "0", "--workers", workers, "--backend", backend, "--driver", driver}};
}

/// In each model over each driver, on its main thread.
inline std::vector<echo_server> own_echo_servers(const std::string& program) {
    std::vector<echo_server> all;
    for (const char* const backend : {"stackless", "stackful"})
        for (const char* const driver : {"epoll", "uring"})
            all.push_back(own_echo_server(program, backend, driver, "0"));
    return all;
}

/// Those in the peers' folder; empty where there are no peers in this run.
inline std::vector<echo_server> peers_echo_servers(const std::string& folder) {
    if (folder.empty()) return {};
    return {{"Go", {folder + "/go_peer", "echo"}},
            {"Tokio", {folder + "/rust_peer", "tokio", "echo"}},
            {"Asio", {folder + "/asio_echo"}},
            {"libuv", {folder + "/uv_echo"}}};
}

}  // namespace bifilar::experiments
