// The second implementation of the atomics door: each operation is a choice point of the search.
// Builds on model/hooks.hpp. Memory is sequentially consistent; the given orders feed the race search and the
// store buffers (see engine.hpp).
#pragma once

#include <model/hooks.hpp>

#include <cstring>
#include <type_traits>

namespace bifilar::base {

/// As std::atomic<T>, with the same size and alignment. Not atomic between real threads.
template <class T>
class atomic {
    static_assert(std::is_trivially_copyable_v<T>);
    using order_type = std::memory_order;
    // Integers take integers, pointers take distances.
    using difference = std::conditional_t<std::is_pointer_v<T>, std::ptrdiff_t, T>;

public:
    using value_type = T;
    static constexpr bool is_always_lock_free = sizeof(T) <= 16;

    constexpr atomic() noexcept : atomic(T{}) {}
    constexpr atomic(T value) noexcept : value_(value) {
        if (!std::is_constant_evaluated()) model::detail::forget(this);
    }
    atomic(const atomic&) = delete;
    atomic& operator=(const atomic&) = delete;

    T load(order_type order = std::memory_order_seq_cst) const noexcept {
        model::detail::before(true);
        T value = value_;
        model::detail::forward_own_store(&value_, &value, sizeof(T));
        model::detail::after({model::access::load, this, order, true, false, false, bits(value)});
        return value;
    }

    void store(T value, order_type order = std::memory_order_seq_cst) noexcept {
        model::detail::before(true);
        if (model::detail::delay_store(&value_, &value, sizeof(T), order)) return;
        const bool changed = !same(value_, value);
        value_ = value;
        model::detail::after({model::access::store, this, order, false, true, changed, bits(value)});
    }

    T exchange(T value, order_type order = std::memory_order_seq_cst) noexcept {
        return update(model::access::exchange, order, [value](T) noexcept { return value; });
    }

    bool compare_exchange_strong(T& expected, T desired, order_type success, order_type failure) noexcept {
        model::detail::before();
        if (!same(value_, expected)) {
            expected = value_;
            model::detail::after({model::access::compare_exchange, this, failure, true, false, false, bits(value_)});
            return false;
        }
        const bool changed = !same(value_, desired);
        value_ = desired;
        model::detail::after({model::access::compare_exchange, this, success, true, true, changed, bits(desired)});
        return true;
    }
    bool compare_exchange_strong(T& expected, T desired, order_type order = std::memory_order_seq_cst) noexcept {
        return compare_exchange_strong(expected, desired, order, failure_order(order));
    }
    /// Never fails spuriously here: a retry loop would only repeat a state that the search has seen.
    bool compare_exchange_weak(T& expected, T desired, order_type success, order_type failure) noexcept {
        return compare_exchange_strong(expected, desired, success, failure);
    }
    bool compare_exchange_weak(T& expected, T desired, order_type order = std::memory_order_seq_cst) noexcept {
        return compare_exchange_strong(expected, desired, order, failure_order(order));
    }

    T fetch_add(difference by, order_type order = std::memory_order_seq_cst) noexcept {
        return update(model::access::fetch, order, [by](T old) noexcept { return static_cast<T>(old + by); });
    }
    T fetch_sub(difference by, order_type order = std::memory_order_seq_cst) noexcept {
        return update(model::access::fetch, order, [by](T old) noexcept { return static_cast<T>(old - by); });
    }
    T fetch_and(T mask, order_type order = std::memory_order_seq_cst) noexcept {
        return update(model::access::fetch, order, [mask](T old) noexcept { return static_cast<T>(old & mask); });
    }
    T fetch_or(T mask, order_type order = std::memory_order_seq_cst) noexcept {
        return update(model::access::fetch, order, [mask](T old) noexcept { return static_cast<T>(old | mask); });
    }
    T fetch_xor(T mask, order_type order = std::memory_order_seq_cst) noexcept {
        return update(model::access::fetch, order, [mask](T old) noexcept { return static_cast<T>(old ^ mask); });
    }

    [[nodiscard]] bool is_lock_free() const noexcept { return is_always_lock_free; }

private:
    template <class Function>
    T update(model::access what, order_type order, Function function) noexcept {
        model::detail::before();
        const T old = value_;
        value_ = function(old);
        model::detail::after({what, this, order, true, true, !same(old, value_), bits(value_)});
        return old;
    }

    static bool same(const T& a, const T& b) noexcept { return std::memcmp(&a, &b, sizeof(T)) == 0; }

    // The low eight bytes, for the trace.
    static std::uint64_t bits(const T& value) noexcept {
        std::uint64_t low = 0;
        std::memcpy(&low, &value, sizeof(T) < sizeof(low) ? sizeof(T) : sizeof(low));
        return low;
    }

    static constexpr order_type failure_order(order_type success) noexcept {
        if (success == std::memory_order_acq_rel) return std::memory_order_acquire;
        if (success == std::memory_order_release) return std::memory_order_relaxed;
        return success;
    }

    static constexpr bool power_of_two = (sizeof(T) & (sizeof(T) - 1)) == 0 && sizeof(T) <= 16;
    // Any number of states; written and read by the one OS thread that plays all threads of the model.
    alignas(power_of_two && sizeof(T) > alignof(T) ? sizeof(T) : alignof(T)) T value_;
};

/// Empties this thread's store buffer and orders its earlier loads and later stores.
inline void fence_seq_cst() noexcept { model::detail::fence(); }

/// "I cannot proceed until another thread writes what I just read." Never counted as a preemption.
inline void spin_pause() noexcept { model::detail::pause(); }
inline void spin_pauses(int /*times*/) noexcept { model::detail::pause(); }  // Time does not matter here.

}  // namespace bifilar::base
