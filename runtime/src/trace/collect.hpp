// Takes the trace of a runtime.
#pragma once

#include <bifilar/runtime/trace.hpp>

namespace bifilar::sched {
class scheduler;
}

namespace bifilar::trace {

/// Any thread, while the workers go on. Throws std::bad_alloc.
[[nodiscard]] runtime_trace collect(const sched::scheduler& of);

}  // namespace bifilar::trace
