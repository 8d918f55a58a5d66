// What the process costs the machine: resident pages, their page tables, address space, kernel stacks.
// Read from /proc; works since Linux 4.14 (smaps_rollup).
#include "memory.hpp"

#include <fstream>
#include <stdexcept>
#include <string>

namespace bifilar::experiments {

namespace {

// The number in kB after `key` at the start of a line.
std::int64_t bytes_after(const char* file, const std::string& key) {
    std::ifstream in{file};
    for (std::string line; std::getline(in, line);)
        if (line.starts_with(key)) return std::stoll(line.substr(key.size())) * 1024;
    throw std::runtime_error{std::string{file} + " has no line " + key + "; memory cannot be measured here"};
}

}  // namespace

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
