// The workloads of the page, by question. One file each; every contender has a process of its own, made by the harness
// before any runtime exists, because limits, threads and stacks outlast what is measured.
#pragma once

#include <harness/run.hpp>

namespace bifilar::experiments {

/// Calls deep on one stack of 8 MiB.
void add_depth(experiment& all);
/// Tasks in an array that the program set aside.
void add_preallocated(experiment& all);
/// What a thread costs, and how many there may be.
void add_threads(experiment& all);
/// The pool for calls that block: how far it grows, and what waits in it for what has not begun.
void add_blocking(experiment& all);
/// Many that wait for the clock, and many that wait for one event.
void add_waking(experiment& all);
/// Memory of connections that nobody uses.
void add_sockets(experiment& all);

}  // namespace bifilar::experiments
