// What the page on input and output measures besides echo servers: reads in batches, rings that are
// shared, and wakes of a sleeping thread.
// Bare rings here go through liburing alone, as bare_uring.c does.
#pragma once

#include <harness/run.hpp>

namespace bifilar::experiments {

/// Reads of 512 bytes from a file in the page cache: one submission of many, one call each, and the library's files.
void add_batches(experiment& all);

/// The library's reads alone, for a tool that counts system calls: reads KIND BATCH ROUNDS. The process's exit code.
[[nodiscard]] int read_for_a_tool(const char* driver, std::uint64_t batch, std::uint64_t rounds);

/// Echoes over socket pairs on two threads: a ring each, or one under a lock.
void add_rings(experiment& all);

/// A thread wakes another that sleeps, by the ways that a driver could use.
void add_wakes(experiment& all);

}  // namespace bifilar::experiments
