// Keeps the measuring threads on chosen processors, so that repetitions see the same caches.
// Built on sched_setaffinity.
#include "pin.hpp"

#include <sched.h>

#include <cerrno>
#include <system_error>

#include "seat.hpp"

namespace bifilar::experiments {

std::vector<int> allowed_processors() {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) != 0)
        throw std::system_error{errno, std::generic_category(), "sched_getaffinity"};
    std::vector<int> found;
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
        if (CPU_ISSET(cpu, &set)) found.push_back(cpu);
    return found;
}

void pin_to(const std::vector<int>& processors) {
    cpu_set_t set;
    CPU_ZERO(&set);
    for (const int cpu : processors) CPU_SET(cpu, &set);
    if (sched_setaffinity(0, sizeof set, &set) != 0)
        throw std::system_error{errno, std::generic_category(), "sched_setaffinity"};
}

pinned::pinned(std::size_t count) : former_{allowed_processors()} {
    std::vector<int> chosen = former_;
    // The last ones: interrupts tend to land on the first.
    if (chosen.size() > count) chosen.erase(chosen.begin(), chosen.end() - static_cast<std::ptrdiff_t>(count));
    pin_to(chosen);
    note_seat(chosen, count);
}

pinned::~pinned() { pin_to(former_); }

}  // namespace bifilar::experiments
