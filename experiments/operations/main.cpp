// Question: what do the eighteen operations of blitz-io's benchmark cost here, in both models, beside Go?
// Unit: nanoseconds, allocations and bytes an operation. Threats: two virtual processors; warm caches.
#include <harness/pin.hpp>

#include "rows.hpp"

int main(int argc, char** argv) {
    using namespace bifilar::experiments;
    experiment all{"operations", 15, 3};
    all.parse(argc, argv);
    const std::string& peers = all.options().peers;
    for (auto make : {&lock_rows, &channel_rows, &contended_rows})
        for (row& one : make()) {
            workload work{one.id,
                          one.title,
                          "ns per operation",
                          static_cast<double>(one.operations),
                          one.oracle,
                          std::move(one.contenders)};
            if (!peers.empty() && !one.go.empty())
                work.contenders.push_back({"Go", [program = peers + "/go_peer", arguments = one.go] {
                                               const pinned here{arguments.size() > 3 ? std::stoul(arguments[3]) : 1};
                                               return run_peer(program, arguments);
                                           }});
            all.add(std::move(work));
        }
    return all.run();
}
