// Contenders that are programs of their own: the same workloads in other languages.
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
peer rust_thread(peer_arguments workload) { return rust("Rust, std::thread", "std", std::move(workload)); }
peer python(peer_arguments workload) { return {"Python asyncio", "python_peer", std::move(workload)}; }
peer node(peer_arguments workload) { return {"Node", "node_peer", std::move(workload)}; }
peer ruby(peer_arguments workload) { return {"Ruby", "ruby_peer", std::move(workload)}; }
peer lua(peer_arguments workload) { return {"Lua", "lua_peer", std::move(workload)}; }
peer gjs(peer_arguments workload) { return {"GJS", "gjs_peer", std::move(workload)}; }
peer boost_fiber(peer_arguments workload) { return {"Boost.Fiber", "fiber_peer", std::move(workload)}; }
peer asio(peer_arguments workload) { return {"Asio", "asio_peer", std::move(workload)}; }
peer libuv(peer_arguments workload) { return {"libuv", "uv_peer", std::move(workload)}; }
peer one_tbb(peer_arguments workload) { return {"oneTBB", "tbb_peer", std::move(workload)}; }

std::vector<peer> go_and_tokio(const peer_arguments& workload) { return {go(workload), tokio(workload)}; }

peer by_waker(peer one) {
    one.column += ", waker";
    return one;
}

std::vector<peer> every_channel(const peer_arguments& workload) {
    return {go(workload), tokio(workload), flume(workload), async_channel(workload)};
}

void add_peers(const experiment& all, workload& work, std::vector<peer> peers, std::size_t processors, bool slow) {
    const std::string& folder = all.options().peers;
    if (folder.empty()) return;
    for (peer& one : peers)
        work.contenders.push_back(
            {std::move(one.column),
             [program = folder + "/" + one.program, arguments = std::move(one.arguments), processors] {
                 const pinned here{processors};
                 return run_peer(program, arguments);
             },
             slow, true});
}

}  // namespace bifilar::experiments
