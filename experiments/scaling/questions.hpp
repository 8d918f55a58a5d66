// How the runtime scales: a function a question, each of which adds its workloads.
// What more workers lose, what more tasks cost, one object of many, a busy neighbour, memory after it, shared lines.
#pragma once

#include <harness/run.hpp>

namespace bifilar::experiments {

/// Do more workers than processors lose anything? The same work on 1, 2, 4, … workers, up to 4 for each processor.
void add_by_workers(experiment& all);
/// Is the cost of a task the same, however many there are?
void add_by_tasks(experiment& all);
/// Is it where all of them want one channel, one mutex, or timers of one runtime?
void add_one_object(experiment& all);
/// Beside a busy loop on each processor, are two workers ever slower than one?
void add_beside(experiment& all);
/// How soon does an idle runtime give memory back?
void add_given_back(experiment& all);
/// How many cache lines does an operation write, and how many of them do other workers touch?
void add_lines(experiment& all);

}  // namespace bifilar::experiments
