// What /proc tells of a process under load: processor time, resident memory, open descriptors.
// Uses nothing of the library: load generators contain it.
#include "process.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace bifilar::experiments {

namespace {

std::filesystem::directory_iterator folder_of(pid_t process, const char* name) {
    std::error_code error;
    std::filesystem::directory_iterator entries{"/proc/" + std::to_string(process) + "/" + name, error};
    if (error) throw std::runtime_error{"there is no process " + std::to_string(process) + " here, or it is not ours"};
    return entries;
}

}  // namespace

std::int64_t bytes_after(const std::string& file, const std::string& key) {
    std::ifstream in{file};
    for (std::string line; std::getline(in, line);)
        if (line.starts_with(key)) return std::stoll(line.substr(key.size())) * 1024;
    throw std::runtime_error{file + " has no line " + key + "; memory cannot be measured here"};
}

std::uint64_t processor_ns(pid_t process) {
    std::uint64_t sum = 0;
    for (const auto& thread : folder_of(process, "task")) {
        std::ifstream file{thread.path() / "schedstat"};
        std::uint64_t ran = 0;
        if (file >> ran) sum += ran;
    }
    return sum;
}

std::int64_t resident_bytes(pid_t process) {
    return bytes_after("/proc/" + std::to_string(process) + "/smaps_rollup", "Rss:");
}

std::size_t open_descriptors(pid_t process) {
    return static_cast<std::size_t>(std::distance(folder_of(process, "fd"), std::filesystem::directory_iterator{}));
}

}  // namespace bifilar::experiments
