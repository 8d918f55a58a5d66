// The echo servers that pages put beside each other: ours in each model over each driver, and the peers'.
#pragma once

#include <string>
#include <vector>

namespace bifilar::experiments {

struct echo_server {
    std::string column;
    std::vector<std::string> command;
};

/// examples/echo, with so many workers; 0: on its main thread, as the peers whose runtimes can.
inline std::vector<echo_server> own_echo_servers(const std::string& program, const std::string& workers) {
    std::vector<echo_server> all;
    for (const std::string backend : {"stackless", "stackful"})
        for (const std::string driver : {"epoll", "uring"})
            all.push_back({backend + ", " + driver,
                           {program, "--port", "0", "--workers", workers, "--backend", backend, "--driver", driver}});
    return all;
}

/// The same with a worker that has a thread of its own.
inline echo_server own_echo_server_with_worker(const std::string& program) {
    return {"stackless, epoll, own thread",
            {program, "--port", "0", "--workers", "1", "--backend", "stackless", "--driver", "epoll"}};
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
