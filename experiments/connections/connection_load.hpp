// The parts of connection_load: what it is asked to do, and its two ways of loading a server.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <harness/server_address.hpp>
#include <map>
#include <string>

namespace bifilar::experiments {

/// What the load may have open beside its idle and slow connections: those that pass, and its own files.
inline constexpr std::size_t spare_descriptors = 5'000;

struct load_options {
    server_address server;
    pid_t process = 0;  ///< The server's.
    std::size_t idle = 0;
    std::size_t churn_per_second = 0;
    double seconds = 2;
    bool resets = false;  ///< Half of the connections that go end with a reset.
    std::size_t half_open = 0;
    std::size_t slow = 0;
};

struct load_result {
    double value = 0;
    std::string doubt;  ///< What was left undone or leaked, as far as can be seen; empty: nothing.
    std::map<std::string, double> also;
};

/// The server's resident bytes for each of the idle connections.
[[nodiscard]] load_result measure_idle(const load_options& given);
/// p99.9 of the healthy connection's latencies, in us, while others come and go.
[[nodiscard]] load_result measure_churn(const load_options& given);

}  // namespace bifilar::experiments
