// Question: where do tasks, threads, stacks and pools end, and do tasks that wait hold up the thread?
// Unit: each workload has its own. Threats: limits belong to the machine and to who runs this; see the page.
#include <sys/resource.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <harness/process.hpp>

#include "workloads.hpp"

namespace {

// What one process could raise its limit to. 0 where the kernel does not say.
std::uint64_t files_of_a_process() {
    rlimit files{};
    getrlimit(RLIMIT_NOFILE, &files);
    std::uint64_t most = 0;
    std::ifstream{"/proc/sys/fs/nr_open"} >> most;
    return std::min<std::uint64_t>(files.rlim_max, most);
}

}  // namespace

int main(int argc, char** argv) {
    using namespace bifilar::experiments;
    experiment all{"capacity", 11, 3};
    all.parse(argc, argv);
    add_depth(all);
    add_preallocated(all);
    add_threads(all);
    add_blocking(all);
    add_waking(all);
    add_sockets(all);
    all.fact("memory of the machine, bytes", bytes_after("/proc/meminfo", "MemTotal:"));
    all.fact("files that a process may open", files_of_a_process());
    return all.run();
}
