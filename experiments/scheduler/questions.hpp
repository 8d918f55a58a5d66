// The rules of the scheduler, a function a question and a file a handful of them: each adds its workloads.
// All run the library's own scheduler; where a rule is changed, in a detail::tuned_runtime.
#pragma once

#include <bifilar/runtime/detail/tuned_runtime.hpp>
#include <harness/measure.hpp>
#include <string>
#include <vector>

namespace bifilar::experiments {

/// So many workers under such rules.
struct ruled {
    std::uint32_t count;
    sched::tuning rules;
    pin where = pin::none;
};

class ruled_runtime : public detail::tuned_runtime {
public:
    explicit ruled_runtime(const ruled& how) : tuned_runtime{options_of(how), how.rules} {}

private:
    [[nodiscard]] static runtime_options options_of(const ruled& how) {
        runtime_options options = experiments::workers(how.count);
        options.pin = how.where;
        return options;
    }
};

/// A choice for one rule, under the name of its column.
struct choice {
    std::string name;
    sched::tuning rules;
};

/// The three caps of the LIFO slot.
[[nodiscard]] std::vector<choice> lifo_caps();

/// Is the child of a moment ago worth running next, and are workers worth pinning?
void add_locality(experiment& all);
void add_placement(experiment& all);
/// Does the cap of the LIFO slot keep a pair from starving the rest?
void add_starvation(experiment& all);
/// How many messages does a task take before another has its turn?
void add_budget(experiment& all);
/// How large is the ring, how much does a theft take, and from whom?
void add_ring(experiment& all);
void add_steal(experiment& all);
void add_victims(experiment& all);
/// What does a task of these bursts do?
void add_toil(experiment& all);
/// What do more workers do with the same bursts? Only with --workers.
void add_by_workers(experiment& all);
/// What does it cost to find the idle worker?
void add_idle_lookup(experiment& all);
/// What is a wait before the sleep worth, how long is a pause of it, and what does an idle runtime cost?
void add_pause(experiment& all);
void add_wake(experiment& all);
void add_idle(experiment& all);
/// A list under a lock or a lock-free stack, and how often does a busy worker look there?
void add_global_queue(experiment& all);
void add_global_check(experiment& all);

}  // namespace bifilar::experiments
