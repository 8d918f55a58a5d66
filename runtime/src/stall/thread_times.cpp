// From /proc, whose files are opened for each look: looks are rare, and no descriptor is held in between.
#include "thread_times.hpp"

#include <array>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <span>
#include <string_view>
#include <unistd.h>

namespace bifilar::stall {
namespace {

// The beginning of a file of the thread; empty when there is none.
std::string_view read_file(pid_t thread, const char* name, std::span<char> into) noexcept {
    std::array<char, 64> path;
    (void)std::snprintf(path.data(), path.size(), "/proc/self/task/%d/%s", static_cast<int>(thread), name);
    const int file = ::open(path.data(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return {};
    const ssize_t bytes = ::read(file, into.data(), into.size() - 1);
    (void)::close(file);
    if (bytes <= 0) return {};
    into[static_cast<std::size_t>(bytes)] = '\0';
    return {into.data(), static_cast<std::size_t>(bytes)};
}

}  // namespace

std::optional<base::instant_ns> waited_for_processor(pid_t thread) noexcept {
    // Three numbers: the time on a processor, the time in the run queue, how often it was given one.
    std::array<char, 96> buffer;
    const std::string_view text = read_file(thread, "schedstat", buffer);
    const std::size_t second = text.find(' ');
    if (second == std::string_view::npos) return std::nullopt;
    return std::strtoll(text.data() + second, nullptr, 10);
}

bool is_blocked(pid_t thread) noexcept {
    // "TID (NAME) STATE …", where the name may have any letters.
    std::array<char, 128> buffer;
    const std::string_view text = read_file(thread, "stat", buffer);
    const std::size_t name_ends = text.rfind(") ");
    if (name_ends == std::string_view::npos || name_ends + 2 >= text.size()) return false;
    const char state = text[name_ends + 2];
    return state == 'S' || state == 'D';
}

}  // namespace bifilar::stall
