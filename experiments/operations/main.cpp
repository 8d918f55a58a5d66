// Question: what do the eighteen operations of blitz-io's benchmark cost here, in both models, beside Go and Tokio?
// Unit: nanoseconds, allocations and bytes an operation. Threats: two virtual processors; warm caches.
#include "rows.hpp"

int main(int argc, char** argv) {
    using namespace bifilar::experiments;
    experiment all{"operations", 25, 3};
    all.parse(argc, argv);
    for (auto make : {&lock_rows, &channel_rows, &contended_rows, &waiting_rows}) {
        std::vector<row> rows = make();
        add_threads(rows);
        for (row& one : rows) {
            workload work{one.id,
                          one.title,
                          std::move(one.unit),
                          static_cast<double>(one.operations),
                          one.oracle,
                          std::move(one.contenders)};
            add_peers(all, work, std::move(one.peers), one.processors);
            all.add(std::move(work));
        }
    }
    add_by_workers(all);
    return all.run();
}
