// What all tasks of a runtime are doing: a picture of a running program, taken while it runs. See runtime::dump.
#pragma once

#include <bifilar/base/detail/language.hpp>
#include <bifilar/task/task_visitor.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <source_location>
#include <string>
#include <string_view>
#include <vector>

namespace bifilar {
namespace dump {
class assembly;
}

/// A function that waits or runs, and where in it.
struct dumped_frame {
    std::string function;    ///< Empty when nobody knows.
    std::string file;        ///< Empty without debug information.
    unsigned line = 0;       ///< Counts from 1; 0 without debug information.
    std::uint64_t code = 0;  ///< The address at which it goes on; 0 of an inlined function: see the next frame.
};

/// What waits: functions, and what the innermost of them waits for.
struct dumped_wait {
    std::string_view type;         ///< The type of the future; empty when it waits for nothing.
    std::vector<wait_fact> facts;  ///< What the future knows.
    std::uint64_t on_task = 0;     ///< The task that it joins, or that holds the lock; 0: none is known.
    task_visitor::arms how = task_visitor::arms::any;  ///< Whether one or all of these has to be ready.
    std::vector<dumped_wait> arms;                     ///< Of a future that waits for several.
    std::vector<dumped_frame> frames;                  ///< Innermost first.
};

/// One task, as it was at a moment of the dump.
struct dumped_task {
    /// What it was doing.
    enum class state : std::uint8_t {
        parked,   ///< It waits for a wake.
        ready,    ///< It is queued, or runs a child within its own wait.
        running,  ///< A worker runs it.
    };

    std::uint64_t address = 0;          ///< Of the task: tells it from others that are alive.
    std::string name;                   ///< spawn_options::name; empty without one.
    std::source_location spawned_at{};  ///< Where a task with a name was spawned; line 0 without one.
    std::string_view model;             ///< "coroutine", "future", "call" or "fiber".
    state now = state::ready;           ///< See there.
    std::uint32_t worker = 0;           ///< Of one that runs.
    bool cancelling = false;            ///< Its cancellation was asked for.
    std::size_t stack_used = 0;         ///< Bytes of the stack of a parked fiber in use; else 0.
    std::size_t stack_bytes = 0;        ///< Bytes that this stack has.
    dumped_wait waits;                  ///< What it waits for and where; of one that runs, where it is.

    // Those below need runtime_options::task_records or trace_bytes, and are 0 otherwise.
    std::uint64_t number = 0;             ///< Of all tasks of such runtimes in the process, from 1.
    std::uint64_t parent = 0;             ///< The number of the task that has spawned it; 0: a thread has.
    std::chrono::nanoseconds age{0};      ///< Since it was spawned.
    std::chrono::nanoseconds since{0};    ///< How long it has been in this state.
    std::uint64_t polls = 0;              ///< How often it has run.
    std::chrono::nanoseconds busy{0};     ///< Wall time of these, children inside included; not of a present run.
    std::chrono::nanoseconds longest{0};  ///< The longest of these runs.
};

/// Tasks that wait for each other, so that none goes on.
struct dumped_deadlock {
    /// Each waits for the next, and the last for the first: places in runtime_dump::tasks.
    std::vector<std::size_t> tasks;
    /// All these waits were seen at one moment. False: one after the other, of very many tasks.
    bool certain = false;
};

/// All tasks of a runtime.
class runtime_dump {
public:
    /// Every task that lived through the dump, once, and maybe some that were spawned or ended meanwhile. Some are
    /// missing where problem() says so.
    [[nodiscard]] const std::vector<dumped_task>& tasks() const noexcept { return tasks_; }
    /// Locks and joins that wait in a circle.
    [[nodiscard]] const std::vector<dumped_deadlock>& deadlocks() const noexcept { return deadlocks_; }
    /// Workers of the runtime.
    [[nodiscard]] std::uint32_t workers() const noexcept { return workers_; }
    /// When it ended, in nanoseconds of the clock that the runtime's timers go by.
    [[nodiscard]] std::int64_t taken_at_ns() const noexcept { return taken_at_ns_; }
    /// How often all workers were stopped.
    [[nodiscard]] std::uint32_t pauses() const noexcept { return pauses_; }
    /// The longest of these stops.
    [[nodiscard]] std::chrono::nanoseconds longest_pause() const noexcept { return longest_pause_; }
    /// What the dump could not tell and why, for people; empty when nothing is missing.
    [[nodiscard]] const std::string& problem() const noexcept { return problem_; }

    /// For people: tasks that look the same together, the most first, and then the deadlocks. `max_groups` of them.
    /// Throws: std::bad_alloc.
    [[nodiscard]] std::string text(std::size_t max_groups = SIZE_MAX) const;
    /// For programs: see docs/guides/dump.md.
    /// Throws: std::bad_alloc.
    [[nodiscard]] std::string json() const;

    /// For flame graphs of what tasks wait for: a line for all tasks that look the same, with their state and model,
    /// their functions from the outermost to the innermost and what they wait for, `;` between these, and behind a
    /// space how many they are.
    /// Throws: std::bad_alloc.
    [[nodiscard]] std::string folded() const;

private:
    // Takes it: nobody else makes one.
    friend class dump::assembly;

    std::vector<dumped_task> tasks_;
    std::vector<dumped_deadlock> deadlocks_;
    std::uint32_t workers_ = 0;
    std::int64_t taken_at_ns_ = 0;
    std::uint32_t pauses_ = 0;
    std::chrono::nanoseconds longest_pause_{0};
    std::string problem_;
};

}  // namespace bifilar
