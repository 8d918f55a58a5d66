// What the model's atomics ask of the engine: every operation is carried out there.
// Builds on nothing. Outside an execution, and in the set-up and the checks of one, the hooks answer that the caller's
// own value counts, so static initialisers may use atomics.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace model {

/// Kinds of operation, as the trace prints them.
enum class access : unsigned char {
    load,
    store,
    exchange,
    compare_exchange,
    fetch,
    fence,
    heavy_fence,
    light_fence,
    pause,
    gate_wait,
    gate_open,
    choice
};

namespace detail {

/// An atomic: where it lives, and how long its value is. The value at that address is the newest in modification order.
struct place {
    void* address;
    std::size_t size;
};

/// Reads into `value`. False: the caller reads its own.
[[nodiscard]] bool load(place from, void* value, std::memory_order order) noexcept;
/// False: the caller writes its own.
[[nodiscard]] bool store(place to, const void* value, std::memory_order order) noexcept;
/// The two halves of a read-modify-write; nothing runs in between. False: the caller does both itself.
[[nodiscard]] bool begin_update(access what, place of, void* old, std::memory_order order) noexcept;
void end_update(access what, place of, const void* value, std::memory_order order) noexcept;

enum class exchanged : unsigned char { yes, no, by_caller };
[[nodiscard]] exchanged compare_exchange(place of, void* expected, const void* desired, std::memory_order success,
                                         std::memory_order failure) noexcept;

/// A new atomic or gate lives at this address: whatever was known about the old one is forgotten.
void born(const void* address) noexcept;
/// It is destroyed: who touches it from now on, or has not ended with it, is at fault.
void gone(const void* address) noexcept;

void fence(std::memory_order order) noexcept;
void heavy_fence() noexcept;
void light_fence() noexcept;
void pause() noexcept;
/// The thread waits a little, and goes on by itself.
void short_wait() noexcept;

/// The gate's two halves; `open` is the gate's own flag.
void gate_wait(bool& open) noexcept;
[[nodiscard]] bool gate_wait_for(bool& open, std::int64_t ns) noexcept;
void gate_open(bool& open) noexcept;

/// The clock, which stands while anybody can run.
[[nodiscard]] std::int64_t now_ns() noexcept;
/// Adds a thread to an execution that is under way; what its maker did comes before it.
void start_thread(std::function<void()> body);

/// What is done with a plain variable. No choice points; what nothing orders, and what comes after its end, fails the
/// execution.
void plain_born(const void* address) noexcept;
void plain_read(const void* address, const char* name) noexcept;
void plain_write(const void* address, const char* name) noexcept;
void plain_gone(const void* address, const char* name) noexcept;

/// Of one execution.
inline constexpr std::size_t max_threads = 8;

}  // namespace detail
}  // namespace model
