// A binary gate on which one thread sleeps until any thread opens it: the futex at the bottom of block_on.
// Under BIFILAR_MODEL, tests/model gives it a second implementation.
#pragma once

#if defined(BIFILAR_MODEL)
#include <model/gate.hpp>  // IWYU pragma: export
#else
#include <bifilar/base/detail/atomic.hpp>
#include <cstdint>

namespace bifilar::base {

class baton;

/// One waiter, any number of openers. An opening is remembered until a wait consumes it.
class thread_gate {
public:
    thread_gate() noexcept = default;
    thread_gate(const thread_gate&) = delete;
    thread_gate& operator=(const thread_gate&) = delete;

    /// Sleeps until open() was called, then closes the gate again. Blocks the thread. Owner only.
    void wait() noexcept;
    /// As wait(), but gives up after `timeout_ns` nanoseconds. True when the gate was open.
    [[nodiscard]] bool wait_for(std::int64_t timeout_ns) noexcept;
    /// Opens the gate. Any thread; never blocks. The gate may already be gone when the kernel is told,
    /// which is harmless: a futex wake on an address that nobody waits on does nothing.
    void open() noexcept;

private:
    void wait_in(baton& simulation) noexcept;

    // 0 closed, 1 open, 2 closed and the owner sleeps. The owner writes 0 and 2, openers write 1.
    atomic<std::uint32_t> state_{0};
};

}  // namespace bifilar::base
#endif
