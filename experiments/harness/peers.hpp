// Contenders that are programs of their own: the same workloads in other languages, built by experiments/peers/build.
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
/// Threads of Rust's standard library: the column "Rust, std::thread".
[[nodiscard]] peer rust_thread(peer_arguments workload);
[[nodiscard]] peer python(peer_arguments workload);       ///< The column "Python asyncio".
[[nodiscard]] peer node(peer_arguments workload);         ///< The column "Node".
[[nodiscard]] peer ruby(peer_arguments workload);         ///< The column "Ruby"; fibers.
[[nodiscard]] peer lua(peer_arguments workload);          ///< The column "Lua"; coroutines.
[[nodiscard]] peer gjs(peer_arguments workload);          ///< The column "GJS"; async functions, parked ones alone.
[[nodiscard]] peer boost_fiber(peer_arguments workload);  ///< The column "Boost.Fiber".
[[nodiscard]] peer asio(peer_arguments workload);         ///< The column "Asio"; awaitable coroutines.
[[nodiscard]] peer libuv(peer_arguments workload);        ///< The column "libuv".
[[nodiscard]] peer one_tbb(peer_arguments workload);      ///< The column "oneTBB"; no tasks that wait.

[[nodiscard]] std::vector<peer> go_and_tokio(const peer_arguments& workload);
/// The same, in the column "NAME, waker": where its tasks give way they wake themselves, by the arguments.
[[nodiscard]] peer by_waker(peer one);
/// Go, Tokio, flume and async-channel.
[[nodiscard]] std::vector<peer> every_channel(const peer_arguments& workload);

/// Adds them to `work`, narrowed to so many processors, if this run has peers. `slow`: as of a contender.
void add_peers(const experiment& all, workload& work, std::vector<peer> peers, std::size_t processors = 1,
               bool slow = false);

}  // namespace bifilar::experiments
