// The layout of workers, from the processors that the process may use.
#include <bifilar/sched/worker_layout.hpp>

#include <cerrno>
#include <cstring>
#include <sched.h>

namespace bifilar::sched {
namespace {

std::vector<std::uint32_t> usable_cpus() {
    std::vector<std::uint32_t> cpus;
    cpu_set_t mask;
    CPU_ZERO(&mask);
    if (::sched_getaffinity(0, sizeof mask, &mask) == 0)
        for (std::uint32_t cpu = 0; cpu < CPU_SETSIZE; ++cpu)
            if (CPU_ISSET(cpu, &mask)) cpus.push_back(cpu);
    if (cpus.empty()) cpus.push_back(0);
    return cpus;
}

}  // namespace

worker_layout lay_out_workers(std::uint32_t workers, pin pinning) {
    worker_layout layout;
    const std::vector<std::uint32_t> cpus = usable_cpus();
    for (std::uint32_t one = 0; one < workers; ++one) {
        std::vector<std::uint32_t> others;
        for (std::uint32_t other = 0; other < workers; ++other)
            if (other != one) others.push_back(other);
        layout.victims.push_back({std::move(others)});
        if (pinning == pin::core)
            layout.cpus.push_back({cpus[one % cpus.size()]});
        else
            layout.cpus.push_back(cpus);
    }
    return layout;
}

std::string pin_this_thread(const std::vector<std::uint32_t>& cpus) {
    cpu_set_t mask;
    CPU_ZERO(&mask);
    for (const std::uint32_t cpu : cpus) CPU_SET(cpu, &mask);
    if (::sched_setaffinity(0, sizeof mask, &mask) == 0) return {};
    return std::string{"a worker could not be pinned to processor "} + std::to_string(cpus.front()) + ": " +
           std::strerror(errno) + "\n";
}

}  // namespace bifilar::sched
