// What the model's atomics tell the engine: every operation is announced before and reported after.
// Builds on nothing. Outside an execution every hook does nothing, so static initialisers may use atomics.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace model {

/// Kinds of operation, as the trace prints them.
enum class access : unsigned char {
    load,
    store,
    exchange,
    compare_exchange,
    fetch,
    fence,
    pause,
    gate_wait,
    gate_open
};

namespace detail {

/// A choice point: another thread may run before this returns. `reads_only` keeps delayed stores delayed.
void before(bool reads_only = false) noexcept;

/// What an operation did. `changed`: memory differs now, so whoever spins on this address may look again.
struct effect {
    access what;
    const void* address;
    std::memory_order order;
    bool reads;
    bool writes;
    bool changed;
    std::uint64_t value;
};
void after(const effect& done) noexcept;

/// Offers the engine to keep a store in the thread's store buffer. True when it was kept.
bool delay_store(void* address, const void* bytes, std::size_t size, std::memory_order order) noexcept;

/// A thread sees its own delayed stores. Overwrites `bytes` when the newest value is still in the buffer.
void forward_own_store(const void* address, void* bytes, std::size_t size) noexcept;

/// A new atomic lives at this address: whatever was known about the old one is forgotten.
void forget(const void* address) noexcept;

void fence() noexcept;
void pause() noexcept;

/// The gate's two halves; `open` is the gate's own flag.
void gate_wait(bool& open) noexcept;
[[nodiscard]] bool gate_wait_for(bool& open) noexcept;
void gate_open(bool& open) noexcept;

/// The last access of a plain variable by each thread, for the search for data races.
struct plain_history {
    static constexpr std::size_t max_threads = 8;
    std::uint32_t read[max_threads]{};
    std::uint32_t written[max_threads]{};
};
void plain_read(plain_history& history, const char* name) noexcept;
void plain_write(plain_history& history, const char* name) noexcept;

}  // namespace detail
}  // namespace model
