// What an execution knows of places in memory, found by their addresses, so that what lies there keeps its size.
// Builds on nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace model {

/// `Entry` has `address` and `meet(address, number)`, which makes it anew: so many were met before it.
template <class Entry>
class address_table {
public:
    address_table() : slots_(first_slots) {}

    void clear() noexcept {
        ++generation_;
        used_.clear();
    }
    /// The entry of this address, a new one when nothing is known of it.
    Entry& at(const void* address) {
        if (Entry* const known = find(address)) return *known;
        if (used_.size() * 2 >= slots_.size()) grow();
        if (used_.size() == pool_.size()) pool_.push_back(std::make_unique<Entry>());
        Entry* const made = pool_[used_.size()].get();
        made->meet(address, used_.size());
        used_.push_back(made);
        slot_of(address) = {address, generation_, made};
        return *made;
    }
    /// The entry of this address, or null.
    [[nodiscard]] Entry* find(const void* address) noexcept {
        const slot& here = slot_of(address);
        return here.generation == generation_ ? here.at : nullptr;
    }
    /// Those met since clear, in any order.
    [[nodiscard]] std::span<Entry* const> all() const noexcept { return used_; }

private:
    struct slot {
        const void* address = nullptr;
        std::uint64_t generation = 0;
        Entry* at = nullptr;
    };
    slot& slot_of(const void* address) noexcept {
        const auto number = reinterpret_cast<std::uintptr_t>(address);
        for (std::size_t probe = (number * 0x9e3779b97f4a7c15U) >> 20U;; ++probe) {
            slot& here = slots_[probe & (slots_.size() - 1)];
            if (here.generation != generation_ || here.address == address) return here;
        }
    }
    void grow() {
        slots_ = std::vector<slot>(slots_.size() * 2);
        for (Entry* const each : used_) slot_of(each->address) = {each->address, generation_, each};
    }

    static constexpr std::size_t first_slots = 1024;  // A power of two, as all that follow.
    std::vector<slot> slots_;
    std::vector<std::unique_ptr<Entry>> pool_;
    std::vector<Entry*> used_;
    std::uint64_t generation_ = 1;
};

}  // namespace model
