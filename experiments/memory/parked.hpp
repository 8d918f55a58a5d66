// The work of the memory experiment: n tasks that all wait for one event, measured, then released and counted.
// One file a contender; the harness gives each measurement a process of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <harness/memory.hpp>
#include <harness/run.hpp>

namespace bifilar::experiments {

[[nodiscard]] sample park_coroutines(std::uint64_t tasks);
[[nodiscard]] sample park_future_tasks(std::uint64_t tasks);
/// `touched_bytes` of each stack are written before the wait.
[[nodiscard]] sample park_fibers(std::uint64_t tasks, std::size_t stack_bytes, std::size_t touched_bytes);
[[nodiscard]] sample park_threads(std::uint64_t tasks);

/// What one of `tasks` costs more than nothing. `value` is resident bytes with page tables.
[[nodiscard]] sample per_task(const memory_use& before, const memory_use& after, std::uint64_t tasks);

/// Tasks that end at once, all there before the first of them runs; `value` is the growth of the peak.
[[nodiscard]] sample run_coroutines_through(std::uint64_t tasks);
[[nodiscard]] sample run_fibers_through(std::uint64_t tasks, std::size_t stack_bytes);

/// Bytes of the type that a spawn makes of the future by hand above.
[[nodiscard]] std::size_t hand_task_bytes() noexcept;
/// Bytes that are asked for while one such task is spawned, by the frame pool's door and by operator new together.
/// Throws std::runtime_error when the task did not come to its end.
[[nodiscard]] std::size_t hand_task_bytes_asked_for();

/// Adds the table of frame sizes. Makes no runtime, for the measurements fork.
void add_frame_sizes(experiment& all);

}  // namespace bifilar::experiments
