// A number that one thread adds to and others read.
#pragma once

#include <bifilar/base/detail/atomic.hpp>
#include <cstdint>

namespace bifilar::base {

class counter {
public:
    /// Owner only.
    void add(std::uint64_t count = 1) noexcept {
        // Relaxed load: one writer. Pairs with get; so that scheduler::live sees what a task spawned before it ended.
        value_.store(value_.load(base::relaxed) + count, base::release);
    }
    [[nodiscard]] std::uint64_t get() const noexcept { return value_.load(base::acquire); }  // Pairs with add.

private:
    // Written by the owner, read by any.
    base::atomic<std::uint64_t> value_{0};
};

}  // namespace bifilar::base
