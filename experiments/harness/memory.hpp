// What the process costs the machine: resident pages, their page tables, address space, kernel stacks.
// Read from /proc; works since Linux 4.14 (smaps_rollup).
#pragma once

#include <cstdint>

namespace bifilar::experiments {

struct memory_use {
    std::int64_t resident_bytes = 0;      ///< Rss of smaps_rollup: exact, unlike that of status.
    std::int64_t page_table_bytes = 0;    ///< VmPTE.
    std::int64_t virtual_bytes = 0;       ///< VmSize.
    std::int64_t kernel_stack_bytes = 0;  ///< KernelStack of meminfo: the whole machine's.
    std::int64_t mappings = 0;            ///< Lines of maps; vm.max_map_count limits them.
};

/// Takes milliseconds when much is mapped. Throws std::runtime_error when /proc is not there.
[[nodiscard]] memory_use read_memory();

/// From now on read_peak_bytes() looks back no further than to this moment. Throws std::runtime_error where the kernel
/// does not do that (/proc/self/clear_refs is compiled in almost everywhere).
void reset_peak();
/// The most that was resident since reset_peak(): VmHWM, which the kernel keeps to some tens of pages.
[[nodiscard]] std::int64_t read_peak_bytes();

}  // namespace bifilar::experiments
