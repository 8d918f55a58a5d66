// One proxied connection in both models: to the server, and then both ways until both have ended.
#pragma once

#include <bifilar/bifilar.hpp>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

namespace proxy {

/// Counted by the connections, on several workers.
struct traffic {
    std::atomic<std::uint64_t> up{0};
    std::atomic<std::uint64_t> down{0};
    std::atomic<std::uint64_t> unreachable{0};
    std::atomic<std::uint64_t> idle{0};
};

/// Where connections go on to. Outlives them.
struct route {
    std::string to;  ///< HOST:SERVICE.
    std::chrono::milliseconds connect_time;
    bool splices;  ///< The kernel passes the bytes on.
    std::chrono::milliseconds idle_time;
    traffic& counts;
};

bifilar::task<void> pass_on(bifilar::tcp_stream client, const route& way);
void pass_on_in_fiber(bifilar::tcp_stream client, const route& way);

}  // namespace proxy
