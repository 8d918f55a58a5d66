// Who waits for whom: circles of tasks of which none can go on.
#pragma once

#include <bifilar/runtime/dump.hpp>

#include <cstddef>
#include <vector>

namespace bifilar::dump {

/// A task that waits for another one, and by what it knows: the facts of that wait.
struct wait_edge {
    std::size_t from = 0;                           ///< A place in the tasks.
    std::size_t to = 0;                             ///< Likewise.
    const std::vector<wait_fact>* facts = nullptr;  ///< Of the tasks that were given.
};

/// Circles, each once. A task is in one when whatever it waits for comes from tasks that wait for ever themselves:
/// of several futures of which one suffices, all do. Only a lock's holder and a task that is joined are known.
/// Throws std::bad_alloc.
[[nodiscard]] std::vector<std::vector<wait_edge>> find_circles(const std::vector<dumped_task>& tasks);

}  // namespace bifilar::dump
