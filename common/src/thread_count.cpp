// Reads /proc/self/stat without allocating.
#include <bifilar/base/thread_count.hpp>

#include <array>
#include <charconv>
#include <fcntl.h>
#include <string_view>
#include <unistd.h>

namespace bifilar::base {

std::size_t thread_count() noexcept {
    const int file = ::open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    std::array<char, 1024> text;
    const ssize_t length = ::read(file, text.data(), text.size());
    ::close(file);
    if (length <= 0) return 0;
    std::string_view left{text.data(), static_cast<std::size_t>(length)};
    // The name of the program may contain anything; behind its last parenthesis come fields between spaces.
    const std::size_t name_end = left.rfind(')');
    if (name_end == std::string_view::npos) return 0;
    left.remove_prefix(name_end + 1);
    constexpr int fields_before = 18;  // num_threads is the twentieth, and the name the second.
    for (int field = 0; field < fields_before; ++field) {
        const std::size_t space = left.find(' ');
        if (space == std::string_view::npos) return 0;
        left.remove_prefix(space + 1);
    }
    std::size_t count = 0;
    return std::from_chars(left.data(), left.data() + left.size(), count).ec == std::errc{} ? count : 0;
}

}  // namespace bifilar::base
