// Work that forks into tasks and joins them, as coroutines and as fibers.
// Values are milliseconds of the second of two runs in one runtime; the first warms its pools.
#pragma once

#include <harness/run.hpp>

namespace bifilar::experiments {

/// A number of Fibonacci's: two calls each, of which one is a task.
void add_fibonacci(experiment& all);
/// Ten tasks each down to the leaves, which give their numbers; their sum.
void add_skynet(experiment& all);
/// A task for each place of a queen that the queens before it leave free; the number of solutions.
void add_queens(experiment& all);
/// The product of two matrices by quarters; the sum of its elements.
void add_matrix(experiment& all);
/// A task for each node of a tree whose shape nobody can foresee; how many there are.
void add_tree(experiment& all);

}  // namespace bifilar::experiments
