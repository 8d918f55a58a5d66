// What the members of a crowd do: yields, locks, messages, timers. Each as a coroutine and as a fiber.
#pragma once

#include <bifilar/runtime/spawn_options.hpp>
#include <cstdint>
#include <harness/run.hpp>

namespace bifilar::experiments {

/// Nanoseconds a yield of `tasks` that yield `each` times.
[[nodiscard]] sample yield_together(backend on, std::uint64_t tasks, std::uint64_t each, std::uint32_t workers);
/// Nanoseconds a lock and unlock of tasks with a mutex each, which nobody else wants.
[[nodiscard]] sample lock_apart(backend on, std::uint64_t tasks, std::uint64_t each, std::uint32_t workers);
/// The same of one mutex that all want. `suspends`: each yields while it has it, so that all others wait for it.
[[nodiscard]] sample lock_together(backend on, std::uint64_t tasks, std::uint64_t each, std::uint32_t workers,
                                   bool suspends);
/// Nanoseconds a message of one channel with this capacity: half of the tasks send, the others receive as many.
[[nodiscard]] sample talk_together(backend on, std::uint64_t tasks, std::uint64_t each, std::uint32_t workers,
                                   std::uint32_t capacity);
/// Nanoseconds a timer of an hour that is set and, after a yield, cancelled. All tasks have one at the same time.
[[nodiscard]] sample set_timers_together(backend on, std::uint64_t tasks, std::uint64_t each, std::uint32_t workers);
/// Nanoseconds a task that waits for an event, is woken with all others, and comes to wait for the next; one worker.
[[nodiscard]] sample park_together(backend on, std::uint64_t tasks, std::uint64_t each);

}  // namespace bifilar::experiments
