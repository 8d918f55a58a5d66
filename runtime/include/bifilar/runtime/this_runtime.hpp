// What a task may ask of the runtime that it runs in, as handlers of a server do that tell of it.
#pragma once

#include <bifilar/runtime/dump.hpp>
#include <bifilar/runtime/metrics.hpp>
#include <bifilar/runtime/trace.hpp>

namespace bifilar::this_runtime {

/// runtime::metrics of the runtime whose worker calls this.
/// Throws: std::logic_error outside of a runtime's tasks; std::bad_alloc.
/// Thread: in a task.
/// Allocates: some KiB for each worker.
[[nodiscard]] runtime_metrics metrics();

/// runtime::dump, likewise. Meanwhile the calling worker does nothing else; a fiber needs 64 KiB of stack for it.
/// Throws: std::logic_error outside of a runtime's tasks; std::bad_alloc; std::system_error when SIGURG cannot be
/// handled.
/// Thread: in a task.
/// Blocks: as runtime::dump.
/// Allocates: for each task, and each function in which one stands.
[[nodiscard]] runtime_dump dump();

/// runtime::trace, likewise.
/// Throws: std::logic_error outside of a runtime's tasks; std::bad_alloc.
/// Thread: in a task.
/// Allocates: about four times as much as the workers keep.
[[nodiscard]] runtime_trace trace();

}  // namespace bifilar::this_runtime
