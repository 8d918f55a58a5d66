// The layout of workers on the processors that the thread which makes them may use.
#include <bifilar/sched/detail/worker_layout.hpp>

#include <bifilar/sched/detail/topology.hpp>

#include <cerrno>
#include <cstring>
#include <sched.h>

namespace bifilar::sched {
namespace {

// The other workers in rings of equal distance; without pinning nobody knows where they are, so they are one ring.
std::vector<std::vector<std::uint32_t>> rings_of(std::uint32_t self, std::uint32_t workers, pin pinning,
                                                 const std::vector<processor>& usable) {
    // Where there are more workers than processors, some share one.
    const auto seat = [&](std::uint32_t worker) -> const processor& { return usable[worker % usable.size()]; };
    // One for each answer of processor::distance.
    std::vector<std::vector<std::uint32_t>> rings(5);
    for (std::uint32_t other = 0; other < workers; ++other)
        if (other != self) rings[pinning == pin::core ? seat(self).distance(seat(other)) : 0].push_back(other);
    std::erase_if(rings, [](const auto& ring) { return ring.empty(); });
    return rings;
}

std::vector<std::uint32_t> seats_of(std::uint32_t worker, pin pinning, const std::vector<processor>& usable) {
    std::vector<std::uint32_t> numbers;
    if (pinning == pin::core) {
        numbers.push_back(usable[worker % usable.size()].number());
    } else if (pinning == pin::numa) {
        std::vector<int> nodes;
        // Neighbours lie beside each other in the list, so a look at the last node tells whether this is another one.
        for (const processor& one : usable)
            if (nodes.empty() || nodes.back() != one.node()) nodes.push_back(one.node());
        for (const processor& one : usable)
            if (one.node() == nodes[worker % nodes.size()]) numbers.push_back(one.number());
    }
    return numbers;
}

}  // namespace

worker_layout lay_out_workers(std::uint32_t workers, pin pinning) {
    worker_layout layout;
    const std::vector<processor> usable = usable_processors();
    for (std::uint32_t worker = 0; worker < workers; ++worker) {
        layout.cpus.push_back(seats_of(worker, pinning, usable));
        layout.victims.push_back(rings_of(worker, workers, pinning, usable));
    }
    return layout;
}

std::string pin_this_thread(const std::vector<std::uint32_t>& cpus) {
    cpu_set_t mask;
    CPU_ZERO(&mask);
    for (const std::uint32_t cpu : cpus)
        // A cpu_set_t knows processors up to number 1,023.
        if (cpu < CPU_SETSIZE) CPU_SET(cpu, &mask);
    if (::sched_setaffinity(0, sizeof mask, &mask) == 0) return {};
    return std::string{"a worker could not be pinned to processor "} + std::to_string(cpus.front()) + ": " +
           std::strerror(errno) + "; it runs unpinned\n";
}

}  // namespace bifilar::sched
