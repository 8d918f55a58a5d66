// Cache workloads: a growing number of tasks touched in turn, a neighbour who wants the cache too, and counters of
// two threads at a distance.
#pragma once

#include <cstddef>
#include <cstdint>
#include <harness/bare_ring.hpp>

namespace bifilar::experiments {

using ring_function = sample (*)(const ring_shape&);

/// Nanoseconds a line of a walk through 256 KiB in random order, each after `tasks` members of a shuffled `ring` were
/// resumed once. 0 tasks: the walk alone.
[[nodiscard]] sample walk_after(ring_function ring, std::size_t tasks, std::uint64_t walks);

/// Nanoseconds an addition of two threads, on a processor each, to counters that are `stride_bytes` apart.
[[nodiscard]] sample add_apart(std::size_t stride_bytes, std::uint64_t additions);

/// For a memory trace: prints a marker's address, then resumes members in turn and writes the marker after each.
/// `model` is "coroutine", "poll", "jump" or "fiber". Gives the process's exit code.
[[nodiscard]] int trace(const char* model);

/// For simulated caches: resumes `tasks` members of such a model `turns` times in random order, after a round of all.
/// Gives the process's exit code.
[[nodiscard]] int resume_often(const char* model, std::size_t tasks, std::uint64_t turns);

}  // namespace bifilar::experiments
