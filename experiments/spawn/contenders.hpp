// Tasks that add one to a counter: spawned and awaited one by one, or all together.
// Values are nanoseconds a task, of the second of two runs in the same runtime; "cold" is the first.
#pragma once

#include <bifilar/runtime/spawn_options.hpp>
#include <cstdint>
#include <harness/run.hpp>

namespace bifilar::experiments {

/// Each runs inside of its parent's poll, as awaiting it at once lets it.
[[nodiscard]] sample spawn_sequential(backend on, std::uint64_t tasks);
/// Each goes through the queue, as in Go and Tokio.
[[nodiscard]] sample spawn_scheduled(backend on, std::uint64_t tasks);
[[nodiscard]] sample spawn_concurrent(backend on, std::uint64_t tasks, std::uint32_t workers);
/// Without handles; a wait_group notices the last. One worker.
[[nodiscard]] sample spawn_and_let_go(backend on, std::uint64_t tasks);
[[nodiscard]] sample threads_sequential(std::uint64_t tasks);
[[nodiscard]] sample threads_concurrent(std::uint64_t tasks);

}  // namespace bifilar::experiments
