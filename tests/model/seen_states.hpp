// The states that the search has been in, so that it goes on from each once.
// Builds on digest. Stateful search by hashes after Holzmann (bit-state hashing, SPIN); with 128 bits two of 10^8
// states share a hash with a probability below 10^-22. Why it loses nothing is in the head of search.hpp.
#pragma once

#include "digest.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace model {

/// What an execution may still spend. One that may spend more finds all that one with less would.
struct allowance {
    static constexpr std::uint8_t nobody = 0xff;
    std::uint8_t running = nobody;  // To switch away from this thread costs a preemption.
    std::uint8_t preemptions = 0;
    std::uint8_t stale_reads = 0;
    std::uint8_t early_stores = 0;

    [[nodiscard]] bool covers(const allowance& other) const noexcept {
        const bool same = running == nobody || running == other.running;
        return preemptions >= other.preemptions + (same ? 0 : 1) && stale_reads >= other.stale_reads &&
               early_stores >= other.early_stores;
    }
};

class seen_states {
public:
    /// True when the search has gone on from that state with at least as much left; remembers it otherwise.
    [[nodiscard]] bool seen(const digest& state, allowance left);
    [[nodiscard]] std::size_t size() const noexcept { return used_; }

private:
    struct entry {
        digest state;
        allowance left;
        bool used = false;
    };
    void grow();
    entry& slot_of(const digest& state, const allowance& left, bool& covered) noexcept;

    // Beyond that nothing is remembered: the search takes longer, and finds the same.
    static constexpr std::size_t max_slots = std::size_t{1} << 24U;
    std::vector<entry> entries_ = std::vector<entry>(std::size_t{1} << 12U);
    std::size_t used_ = 0;
};

}  // namespace model
