// The workloads of a work: a row for each number of workers.
#include "timed.hpp"

#include <algorithm>
#include <harness/worker_counts.hpp>

namespace bifilar::experiments {

std::vector<peer> peers_of(const forked_work& of, std::uint32_t workers) {
    const peer_arguments forks{"fork", of.id, std::to_string(of.size), std::to_string(workers)};
    return {go(forks), tokio(forks), one_tbb(forks)};
}

void add_forked(experiment& all, const forked_work& of) {
    std::vector<std::uint32_t> counts{1, 2};
    std::ranges::copy_if(all.options().workers, std::back_inserter(counts),
                         [](std::uint32_t count) { return count > 2; });
    for (const std::uint32_t workers : counts) {
        workload work{of.id, of.title + ", " + workers_here(workers), "ms", static_cast<double>(workers), of.answer,
                      {}};
        work.contenders = {
            {"coroutine", [=] { return of.run(backend::stackless, workers); }},
            {"fiber", [=] { return of.run(backend::stackful, workers); }},
        };
        work.warm_up = 0;  // Each repetition is the second of two runs.
        add_peers(all, work, peers_of(of, workers), workers);
        all.add(std::move(work));
    }
}

}  // namespace bifilar::experiments
