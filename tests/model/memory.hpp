// The memory of one execution as C++20 describes it: which stores a load may read, where a store may go, and what the
// threads know of each other. Builds on history and seq_cst; decides nothing, so the search is above it.
// As CDSChecker (Norris and Demsky 2013) and the operational model of Kang et al. (2017) keep it: a list of stores for
// each location. Together with every order of the operations this gives every execution that C++20 allows, but for
// those in which a load reads from what comes after it in program order and reads-from; see promises.hpp for these.
#pragma once

#include "address_table.hpp"
#include "history.hpp"
#include "promises.hpp"
#include "seq_cst.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace model {

[[nodiscard]] constexpr bool acquires(std::memory_order order) noexcept {
    return order != std::memory_order_relaxed && order != std::memory_order_release;
}
[[nodiscard]] constexpr bool releases(std::memory_order order) noexcept {
    return order == std::memory_order_release || order == std::memory_order_acq_rel ||
           order == std::memory_order_seq_cst;
}

/// What one thread knows.
struct view {
    knowledge known;         // What happens before its next operation, its own ones included.
    knowledge unacquired;    // What its relaxed loads met; known after the next acquire fence.
    knowledge fenced;        // What its last release fence offers to the stores behind it.
    knowledge before_light;  // What comes before its last light fence: before what is behind the next heavy one.
    knowledge behind_heavy;  // What comes before others' heavy fences: before what is behind its next light one.
    std::uint32_t made = 0;  // How many locations it has made.
};

class memory {
public:
    void clear() noexcept;

    /// A new atomic or gate lives there; made by that thread, or by the set-up (-1).
    void make(const void* address, int thread);
    /// It is no more.
    void destroy(location& there) noexcept;
    /// The location, which has its initial value now.
    location& at(const void* address, const void* newest, std::size_t size);
    [[nodiscard]] location& gate_at(const void* address) { return locations_.at(address); }
    [[nodiscard]] std::span<location* const> all() const noexcept { return locations_.all(); }
    [[nodiscard]] location* find(const void* address) noexcept { return locations_.find(address); }

    /// Begins an operation: its stamp.
    event step(std::size_t thread) noexcept { return {static_cast<int>(thread), ++happened(thread).at[thread]}; }
    [[nodiscard]] const view& of(std::size_t thread) const noexcept { return views_[thread]; }
    /// The thread, or -1, whose work with the location is not ordered before what `thread` does now.
    [[nodiscard]] int unordered_maker(const location& there, std::size_t thread) const noexcept;
    [[nodiscard]] int unordered_user(const location& there, std::size_t thread) const noexcept;

    /// Whether S allows it. Coherence is the caller's: see location.
    [[nodiscard]] bool may_read(const location& from, std::size_t index, std::size_t thread,
                                std::memory_order order) const noexcept;
    [[nodiscard]] bool may_write(const location& to, std::size_t place, std::size_t thread, std::memory_order order,
                                 bool update) const noexcept;
    /// Does it. `place`: the index that the store will have; an update reads the one before.
    void read(location& from, std::size_t index, std::size_t thread, std::memory_order order);
    stored& write(location& to, std::size_t place, std::size_t thread, std::memory_order order, bool update);

    /// Reads what that operation of another thread is yet to store.
    promise& read_promised(location& from, const future_store& wanted, std::size_t thread, std::memory_order order);
    /// The number of the promise of that location that the thread knows of, which it must read again; 0: there is none.
    [[nodiscard]] unsigned known_promise(const location& there, std::size_t thread) const noexcept;
    /// The store at this place has its value: it may be one that was promised.
    void keep_promises(location& to, std::size_t place);
    [[nodiscard]] bool has_open_promises() const noexcept;
    /// One can no longer be kept.
    [[nodiscard]] bool broke_promises() const noexcept;

    /// A fence of any order. Returns its number in S, when it is seq_cst.
    std::uint32_t fence(std::size_t thread, std::memory_order order);

    /// As P1202 proposes: of a light fence and a heavy one, one comes first, and what is before it happens before what
    /// is behind the other. The heavy one is a seq_cst fence too.
    void heavy_fence(std::size_t thread);
    void light_fence(std::size_t thread) noexcept;

    /// What `maker` has done comes before all that the new thread does.
    void hand_over(std::size_t maker, std::size_t made) noexcept;

    void open_gate(location& gate, std::size_t thread) noexcept;
    void pass_gate(location& gate, std::size_t thread) noexcept;
    /// From now on the thread reads of this location what is newest now, or later stores.
    void see_newest(location& there, std::size_t thread) noexcept;

    /// The modification orders.
    [[nodiscard]] const digest& orders() const noexcept { return orders_; }

private:
    vector_clock& happened(std::size_t thread) noexcept { return views_[thread].known.happened; }
    [[nodiscard]] bool fits(const location& there, std::size_t writes, std::size_t reads, std::size_t thread,
                            std::memory_order order, const stored* acquired) const noexcept;
    [[nodiscard]] vector_clock preceding(const location& there, std::size_t writes, std::size_t reads,
                                         std::size_t thread) const noexcept;
    [[nodiscard]] first_of_each sinks(const location& there, std::size_t first) const noexcept;
    void acquire(const stored& from, std::size_t thread, std::memory_order order) noexcept;
    std::uint32_t enter_s(std::size_t thread, const vector_clock& before);
    [[nodiscard]] vector_clock sources_of(std::size_t thread, std::uint32_t in_s) const noexcept;
    void digest_store(location& there, bool at_end) noexcept;
    void acquire_promised(std::size_t thread);
    void note_behind_promises(const location& there, event which, std::size_t thread);
    [[nodiscard]] bool keeps(const promise& each, const location& to, std::size_t place) const noexcept;
    [[nodiscard]] bool orders(const promise& each, location& to, std::size_t place) noexcept;

    address_table<location> locations_;
    seq_cst_order s_;
    std::array<view, max_threads> views_;
    std::vector<promise> promises_;
    bool broken_ = false;
    digest orders_;
    std::uint32_t made_by_set_up_ = 0;
};

}  // namespace model
