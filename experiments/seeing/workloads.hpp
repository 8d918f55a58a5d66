// The parts of this page.
#pragma once

#include <harness/run.hpp>

namespace bifilar::experiments {

/// A dump of many tasks while the workers have work.
void add_dumps(experiment& all);
/// What runs all the time: metrics, records of tasks, traces.
void add_costs(experiment& all);
/// Tasks that keep their worker, and the thread that looks for them.
void add_stalls(experiment& all);

}  // namespace bifilar::experiments
