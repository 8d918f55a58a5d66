// How many more threads the machine has room for: a server with one for each connection needs thousands.
// By the kernel's settings alone; a limit of the user or of a control group may be lower.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <limits>
#include <string>

namespace bifilar::experiments {

/// The setting kernel.`name`; `otherwise` where it cannot be read.
[[nodiscard]] inline std::uint64_t kernel_setting(const char* name, std::uint64_t otherwise) {
    std::uint64_t got = 0;
    return std::ifstream{std::string{"/proc/sys/kernel/"} + name} >> got ? got : otherwise;
}

/// How many more the machine's table of processes holds, less what is left for others.
[[nodiscard]] inline std::uint64_t room_for_threads() {
    constexpr std::uint64_t left_for_others = 512;  // Threads that other programs may want to start meanwhile.
    constexpr std::uint64_t no_limit = std::numeric_limits<std::uint64_t>::max();
    const std::uint64_t table = std::min(kernel_setting("pid_max", no_limit), kernel_setting("threads-max", no_limit));
    std::ifstream load{"/proc/loadavg"};  // "0.1 0.2 0.3 RUNNING/ALL LAST"
    std::string text;
    std::uint64_t all = 0;
    for (int n = 0; n < 4; ++n) load >> text;
    if (const std::size_t slash = text.find('/'); slash != std::string::npos) all = std::stoull(text.substr(slash + 1));
    return table > all + left_for_others ? table - all - left_for_others : 0;
}

}  // namespace bifilar::experiments
