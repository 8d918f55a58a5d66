// Work that forks into tasks and joins them, as coroutines and as fibers.
// Values are milliseconds of the second of two runs in one runtime; the first warms its pools.
#pragma once

#include "timed.hpp"

namespace bifilar::experiments {

/// A number of Fibonacci's: two calls each, of which one is a task.
[[nodiscard]] forked_work fibonacci();
/// Ten tasks each down to the leaves, which give their numbers; their sum.
[[nodiscard]] forked_work skynet();
/// A task for each place of a queen that the queens before it leave free; the number of solutions.
[[nodiscard]] forked_work queens();
/// The product of two matrices by quarters; the sum of its elements.
[[nodiscard]] forked_work matrix();
/// A task for each node of a tree whose shape nobody can foresee; how many there are.
[[nodiscard]] forked_work tree();

}  // namespace bifilar::experiments
