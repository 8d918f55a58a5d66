// Included before all else in a build with mutants: each of them is compiled beside the code that it changes, and
// BIFILAR_MUTANT=NUMBER turns one of them on for a process. BIFILAR_MUTANTS_SEEN=FILE appends the numbers of those that
// the process came by, or a child that it has forked. Needs no header of the library, because the library's own headers
// use it.
#pragma once

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <sys/mman.h>

namespace mutant {

inline constexpr int max_number = 1 << 17;
inline int active = -1;
inline unsigned char place[max_number] = {};
inline unsigned char* seen = place;

inline void write_seen() noexcept {
    const char* const path = std::getenv("BIFILAR_MUTANTS_SEEN");
    std::FILE* const file = path == nullptr ? nullptr : std::fopen(path, "a");
    if (file == nullptr) return;
    for (int number = 0; number < max_number; ++number)
        if (seen[number] != 0) std::fprintf(file, "%d\n", number);
    std::fclose(file);
}

inline int start() noexcept {
    if (const char* const number = std::getenv("BIFILAR_MUTANT")) active = std::atoi(number);
    if (std::getenv("BIFILAR_MUTANTS_SEEN") == nullptr) return 0;
    // Shared with forked children, many of which end by a signal or by _exit.
    void* const shared = ::mmap(nullptr, max_number, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared != MAP_FAILED) seen = static_cast<unsigned char*>(shared);
    std::atexit(write_seen);
    return 0;
}
// Before every other object of each file, because this header is the first.
inline const int started = start();

/// Whether the code does what the mutant says. Threads write the same byte, and nobody reads it before the end.
[[gnu::noinline]] inline bool on_now(int number) noexcept {
    if (__atomic_load_n(&seen[number], __ATOMIC_RELAXED) == 0) __atomic_store_n(&seen[number], 1, __ATOMIC_RELAXED);
    return active == number;
}
constexpr bool on(int number) noexcept { return __builtin_is_constant_evaluated() ? false : on_now(number); }

/// One of two values of the same type, such as memory orders.
template <class Value>
constexpr Value either(int number, Value usual, Value changed) noexcept {
    return on(number) ? changed : usual;
}

/// Comparisons that draw their line one further.
template <class Left, class Right>
constexpr auto less(int number, const Left& left, const Right& right) {
    return on(number) ? left <= right : left < right;
}
template <class Left, class Right>
constexpr auto less_equal(int number, const Left& left, const Right& right) {
    return on(number) ? left < right : left <= right;
}
template <class Left, class Right>
constexpr auto greater(int number, const Left& left, const Right& right) {
    return on(number) ? left >= right : left > right;
}
template <class Left, class Right>
constexpr auto greater_equal(int number, const Left& left, const Right& right) {
    return on(number) ? left > right : left >= right;
}

/// A compare-exchange that does not compare.
template <class Atomic, class Value, class Desired, class Order>
constexpr bool exchange_strong(int number, Atomic& word, Value& expected, Desired desired, Order success,
                               Order failure) noexcept {
    if (!on(number)) return word.compare_exchange_strong(expected, desired, success, failure);
    word.store(desired, std::memory_order_release);
    return true;
}
template <class Atomic, class Value, class Desired, class Order>
constexpr bool exchange_weak(int number, Atomic& word, Value& expected, Desired desired, Order success,
                             Order failure) noexcept {
    if (!on(number)) return word.compare_exchange_weak(expected, desired, success, failure);
    word.store(desired, std::memory_order_release);
    return true;
}

}  // namespace mutant
