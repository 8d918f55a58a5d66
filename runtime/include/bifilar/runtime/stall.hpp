// A task that keeps its worker for long without a wait: who, and where in the code. See runtime_options::stall_limit.
#pragma once

#include <bifilar/base/detail/language.hpp>
#include <bifilar/runtime/dump.hpp>
#include <chrono>
#include <cstdint>
#include <source_location>
#include <string>
#include <string_view>
#include <vector>

namespace bifilar {

/// One poll of one task that has lasted longer than runtime_options::stall_limit, seen while it goes on.
struct task_stall {
    std::uint32_t worker = 0;            ///< Which one it holds up.
    std::string name;                    ///< spawn_options::name, its first 255 letters; empty without one.
    std::source_location spawned_at{};   ///< Where a task with a name was spawned; line 0 without one.
    std::string_view model;              ///< "coroutine", "future", "call" or "fiber"; empty when nobody knows.
    std::chrono::nanoseconds lasted{0};  ///< How long it has been seen to go on so far; it began a little before.
    std::chrono::nanoseconds waited{0};  ///< How much of that its thread waited for a processor: not counted.
    std::vector<dumped_frame> frames;    ///< Where it is, innermost first, up to the worker's own.
    std::uint64_t unreported = 0;        ///< Stalls at this place since its last report that were not reported.
    std::string problem;                 ///< Why frames are missing, for people; empty when none are.

    /// Some lines for people. Throws: std::bad_alloc.
    [[nodiscard]] std::string text() const;
};

}  // namespace bifilar
