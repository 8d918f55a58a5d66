// The runtime that most experiments measure: so many workers, and fibers with stacks of 16 KiB.
#pragma once

#include <bifilar/runtime/runtime.hpp>
#include <cstddef>
#include <cstdint>

namespace bifilar::experiments {

[[nodiscard]] inline runtime_options workers(std::uint32_t count) {
    runtime_options options;
    options.workers = count;
    options.stack_bytes = std::size_t{16} << 10;
    return options;
}

}  // namespace bifilar::experiments
