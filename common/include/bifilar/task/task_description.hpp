// A task as people see it: its name, its model, and what it waits on.
// Filled in by the operation `describe` of its kind.
#pragma once

#include <bifilar/base/detail/language.hpp>
#include <cstdint>
#include <source_location>
#include <string>
#include <string_view>

namespace bifilar {

/// A task, for people.
struct task_description {
    std::string name;                 ///< spawn_options::name; empty without one.
    std::source_location spawned_at;  ///< Where a task with a name was spawned; line 0 without one.
    std::string_view model;           ///< "coroutine", "future", "call" or "fiber"; empty when it could not be asked.
    bool parked = false;              ///< Waits for a wake. Otherwise it runs or is about to.
    std::string_view waits_on;        ///< The type of the future that a parked task waits on.
};

/// One line: "task reader (coroutine), spawned at server.cpp:12, waits on bifilar::event::wait_future".
/// Throws: std::bad_alloc.
[[nodiscard]] std::string to_string(const task_description& task);

}  // namespace bifilar
