// What the process costs the machine: resident pages, their page tables, address space, kernel stacks.
// Read from /proc; works since Linux 4.14 (smaps_rollup).
#include "memory.hpp"

#include <fstream>
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

}  // namespace bifilar::experiments
