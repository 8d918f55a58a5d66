// The machine as far as scheduling cares: its processors, what they share, and which of them a thread may use.
// Read once through hwloc, which topology.cpp alone names; who may use what is asked anew each time.
#pragma once

#include <bifilar/base/detail/language.hpp>
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
    /// Any thread.
    [[nodiscard]] static const topology& of_machine();

    /// Neighbours beside each other. None where hwloc could not read the machine.
    [[nodiscard]] const std::vector<processor>& processors() const noexcept { return processors_; }
    /// "2 cores, 1 NUMA node, L2 512 KiB, L3 32 MiB": for reports.
    [[nodiscard]] const std::string& describe() const noexcept { return description_; }

private:
    topology();

    std::vector<processor> processors_;
    std::string description_;
};

/// The processors that the calling thread may use now, neighbours beside each other; at least one. Threads that it
/// starts may use the same ones.
[[nodiscard]] std::vector<processor> usable_processors();

}  // namespace bifilar::sched
