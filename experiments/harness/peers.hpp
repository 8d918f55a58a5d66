// Contenders that are programs of their own: the same workloads in Go and in Rust, built by experiments/run --peers.
// What could not be built here throws when its turn comes, and the report says so.
#pragma once

#include <string>
#include <vector>

#include "run.hpp"

namespace bifilar::experiments {

/// One column of a peer.
struct peer {
    std::string column;
    std::string program;  ///< In the peers' folder.
    std::vector<std::string> arguments;
};

using peer_arguments = std::vector<std::string>;

[[nodiscard]] peer go(peer_arguments workload);
[[nodiscard]] peer tokio(peer_arguments workload);
[[nodiscard]] peer flume(peer_arguments workload);
[[nodiscard]] peer async_channel(peer_arguments workload);

[[nodiscard]] std::vector<peer> go_and_tokio(const peer_arguments& workload);
/// Go, Tokio, flume and async-channel.
[[nodiscard]] std::vector<peer> every_channel(const peer_arguments& workload);

/// Adds them to `work`, narrowed to so many processors, if this run has peers.
void add_peers(const experiment& all, workload& work, std::vector<peer> peers, std::size_t processors = 1);

}  // namespace bifilar::experiments
