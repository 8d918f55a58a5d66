// Which worker sits where: its processors, and the other workers by distance.
// Built on topology.hpp, which knows the machine.
#pragma once

#include <bifilar/sched/pin.hpp>
#include <cstdint>
#include <string>
#include <vector>

namespace bifilar::sched {

struct worker_layout {
    /// Per worker the operating system's numbers of its processors; empty lists without pinning.
    std::vector<std::vector<std::uint32_t>> cpus;
    /// Per worker the other workers, nearest ring first.
    std::vector<std::vector<std::vector<std::uint32_t>>> victims;
};

/// Lays out `workers` workers on the processors that the calling thread may use now. Without pinning all others are one
/// ring.
[[nodiscard]] worker_layout lay_out_workers(std::uint32_t workers, pin pinning);

/// Pins the calling thread. Empty when it worked, else one line that says what was refused and why.
[[nodiscard]] std::string pin_this_thread(const std::vector<std::uint32_t>& cpus);

}  // namespace bifilar::sched
