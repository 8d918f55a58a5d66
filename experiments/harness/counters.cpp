// Hardware counters where the machine has them: cycles, instructions, cache misses, of the calling thread.
// Built on perf_event_open. Many virtual machines have none; then available() says why.
#include "counters.hpp"

#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace bifilar::experiments {

namespace {

int open_counter(std::uint64_t config) noexcept {
    perf_event_attr wanted{};
    wanted.size = sizeof wanted;
    wanted.type = PERF_TYPE_HARDWARE;
    wanted.config = config;
    wanted.exclude_kernel = 1;
    return static_cast<int>(syscall(SYS_perf_event_open, &wanted, 0, -1, -1, 0));
}

}  // namespace

counters::counters()
    : files_{open_counter(PERF_COUNT_HW_CPU_CYCLES), open_counter(PERF_COUNT_HW_INSTRUCTIONS),
             open_counter(PERF_COUNT_HW_CACHE_MISSES)} {
    if (available()) return;
    const int error = files_[cycles] < 0 ? errno : 0;
    absence_ = "This machine has no hardware performance counters for this process (perf_event_open: " +
               std::string{std::strerror(error)} + ").";
}

counters::~counters() {
    for (const int file : files_)
        if (file >= 0) close(file);
}

std::array<std::uint64_t, counters::kinds> counters::read() const noexcept {
    std::array<std::uint64_t, kinds> totals{};
    for (std::size_t i = 0; i < kinds; ++i)
        if (files_[i] >= 0 && ::read(files_[i], &totals[i], sizeof totals[i]) != sizeof totals[i]) totals[i] = 0;
    return totals;
}

}  // namespace bifilar::experiments
