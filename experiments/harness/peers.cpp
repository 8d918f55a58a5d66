// Contenders that are programs of their own: the same workloads in Go and in Rust.
// Each repetition is a process, started and read by run_peer.
#include "peers.hpp"

#include <utility>

#include "pin.hpp"

namespace bifilar::experiments {

namespace {

peer rust(std::string column, std::string library, peer_arguments workload) {
    workload.insert(workload.begin(), std::move(library));
    return {std::move(column), "rust_peer", std::move(workload)};
}

}  // namespace

peer go(peer_arguments workload) { return {"Go", "go_peer", std::move(workload)}; }
peer tokio(peer_arguments workload) { return rust("Tokio", "tokio", std::move(workload)); }
peer flume(peer_arguments workload) { return rust("flume", "flume", std::move(workload)); }
peer async_channel(peer_arguments workload) { return rust("async-channel", "async-channel", std::move(workload)); }

std::vector<peer> go_and_tokio(const peer_arguments& workload) { return {go(workload), tokio(workload)}; }

std::vector<peer> every_channel(const peer_arguments& workload) {
    return {go(workload), tokio(workload), flume(workload), async_channel(workload)};
}

void add_peers(const experiment& all, workload& work, std::vector<peer> peers, std::size_t processors) {
    const std::string& folder = all.options().peers;
    if (folder.empty()) return;
    for (peer& one : peers)
        work.contenders.push_back({std::move(one.column), [program = folder + "/" + one.program,
                                                           arguments = std::move(one.arguments), processors] {
                                       const pinned here{processors};
                                       return run_peer(program, arguments);
                                   }});
}

}  // namespace bifilar::experiments
