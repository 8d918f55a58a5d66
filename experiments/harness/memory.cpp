// What the process costs the machine: resident pages, their page tables, address space, kernel stacks.
// Read from /proc; works since Linux 4.14 (smaps_rollup).
#include "memory.hpp"

#include <fstream>
#include <stdexcept>
#include <string>

#include "process.hpp"

namespace bifilar::experiments {

memory_use read_memory() {
    memory_use use;
    use.resident_bytes = bytes_after("/proc/self/smaps_rollup", "Rss:");
    use.page_table_bytes = bytes_after("/proc/self/status", "VmPTE:");
    use.virtual_bytes = bytes_after("/proc/self/status", "VmSize:");
    use.kernel_stack_bytes = bytes_after("/proc/meminfo", "KernelStack:");
    std::ifstream maps{"/proc/self/maps"};
    for (std::string line; std::getline(maps, line);) ++use.mappings;
    return use;
}

void reset_peak() {
    std::ofstream file{"/proc/self/clear_refs"};
    file << 5 << std::flush;
    if (!file) throw std::runtime_error{"the kernel does not reset the peak: /proc/self/clear_refs takes no 5"};
}

std::int64_t read_peak_bytes() { return bytes_after("/proc/self/status", "VmHWM:"); }

}  // namespace bifilar::experiments
