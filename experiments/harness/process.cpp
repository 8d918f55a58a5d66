// What /proc tells of a process under load: processor time, resident memory, open descriptors.
// Uses nothing of the library: load generators contain it.
#include "process.hpp"

#include <time.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace bifilar::experiments {

namespace {

[[noreturn]] void no_process(pid_t process) {
    throw std::runtime_error{"there is no process " + std::to_string(process) + " here, or it is not ours"};
}

}  // namespace

std::int64_t bytes_after(const std::string& file, const std::string& key) {
    std::ifstream in{file};
    for (std::string line; std::getline(in, line);)
        if (line.starts_with(key)) return std::stoll(line.substr(key.size())) * 1024;
    throw std::runtime_error{file + " has no line " + key + "; memory cannot be measured here"};
}

std::uint64_t processor_ns(pid_t process) {
    clockid_t clock{};
    timespec ran{};
    if (::clock_getcpuclockid(process, &clock) != 0 || ::clock_gettime(clock, &ran) != 0) no_process(process);
    return static_cast<std::uint64_t>(ran.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(ran.tv_nsec);
}

std::int64_t resident_bytes(pid_t process) {
    return bytes_after("/proc/" + std::to_string(process) + "/smaps_rollup", "Rss:");
}

std::size_t open_descriptors(pid_t process) {
    std::error_code error;
    const std::filesystem::directory_iterator entries{"/proc/" + std::to_string(process) + "/fd", error};
    if (error) no_process(process);
    return static_cast<std::size_t>(std::distance(entries, std::filesystem::directory_iterator{}));
}

}  // namespace bifilar::experiments
