// The second implementation of the atomics door: each operation is a choice point of the search.
// Builds on model/hooks.hpp. Memory is that of C++20 for the orders that are given; see memory.hpp.
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
        if (!std::is_constant_evaluated()) model::detail::born(&value_);
    }
    constexpr ~atomic() {
        if (!std::is_constant_evaluated()) model::detail::gone(&value_);
    }
    atomic(const atomic&) = delete;
    atomic& operator=(const atomic&) = delete;

    T load(order_type order = std::memory_order_seq_cst) const noexcept {
        T value = value_;
        return model::detail::load(here(), &value, order) ? value : value_;
    }

    void store(T value, order_type order = std::memory_order_seq_cst) noexcept {
        if (!model::detail::store(here(), &value, order)) value_ = value;
    }

    T exchange(T value, order_type order = std::memory_order_seq_cst) noexcept {
        return update(model::access::exchange, order, [value](T) noexcept { return value; });
    }

    bool compare_exchange_strong(T& expected, T desired, order_type success, order_type failure) noexcept {
        switch (model::detail::compare_exchange(here(), &expected, &desired, success, failure)) {
            case model::detail::exchanged::yes:
                return true;
            case model::detail::exchanged::no:
                return false;
            case model::detail::exchanged::by_caller:
                break;
        }
        const bool equal = std::memcmp(&value_, &expected, sizeof(T)) == 0;
        (equal ? value_ : expected) = equal ? desired : value_;
        return equal;
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
        T old = value_;
        const bool searched = model::detail::begin_update(what, here(), &old, order);
        const T made = function(old);
        if (searched)
            model::detail::end_update(what, here(), &made, order);
        else
            value_ = made;
        return old;
    }

    // A load changes nothing; the engine takes one kind of place for all operations.
    [[nodiscard]] model::detail::place here() const noexcept { return {const_cast<T*>(&value_), sizeof(T)}; }

    static constexpr order_type failure_order(order_type success) noexcept {
        if (success == std::memory_order_acq_rel) return std::memory_order_acquire;
        if (success == std::memory_order_release) return std::memory_order_relaxed;
        return success;
    }

    static constexpr bool power_of_two = (sizeof(T) & (sizeof(T) - 1)) == 0 && sizeof(T) <= 16;
    // The newest value in modification order. Written and read by the one OS thread that plays all threads.
    alignas(power_of_two && sizeof(T) > alignof(T) ? sizeof(T) : alignof(T)) T value_;
};

inline void fence_seq_cst() noexcept { model::detail::fence(std::memory_order_seq_cst); }

/// "I cannot proceed until another thread writes what I just read." Never counted as a preemption. What was stored
/// becomes visible in finite time, so the thread's next loads of what it has read since its last pause give what is
/// newest now, or later stores.
inline void spin_pause() noexcept { model::detail::pause(); }
inline void spin_pauses(int /*times*/) noexcept { model::detail::pause(); }  // Time does not matter here.
/// A wait that ends by itself, before anybody writes anything.
inline void short_wait(int /*times*/) noexcept { model::detail::short_wait(); }

}  // namespace bifilar::base
