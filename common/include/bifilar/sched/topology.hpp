// The machine as far as scheduling cares: which processors this process may use and what they share.
// Read once through hwloc, which topology.cpp alone names.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace bifilar::sched {

/// One processor, by the operating system's number, and what it shares with others, by hwloc's numbers; -1: unknown.
class processor {
public:
    processor(std::uint32_t number, int core, int l2, int l3, int node) noexcept
        : number_{number}, shares_{core, l2, l3, node} {}

    [[nodiscard]] std::uint32_t number() const noexcept { return number_; }
    [[nodiscard]] int node() const noexcept { return shares_[3]; }

    /// 0: same core, 1: same L2, 2: same L3, 3: same NUMA node, 4: same machine.
    [[nodiscard]] std::uint32_t distance(const processor& other) const noexcept;

private:
    std::uint32_t number_;
    int shares_[4];
};

class topology {
public:
    /// The processors that this process may use, neighbours beside each other; at least one. Any thread.
    [[nodiscard]] static const topology& of_machine();

    [[nodiscard]] const std::vector<processor>& processors() const noexcept { return processors_; }
    /// "2 cores, 1 NUMA node, L2 512 KiB, L3 32 MiB": for reports.
    [[nodiscard]] const std::string& describe() const noexcept { return description_; }

private:
    topology();

    std::vector<processor> processors_;
    std::string description_;
};

}  // namespace bifilar::sched
