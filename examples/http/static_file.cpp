// openat2 with RESOLVE_BENEATH (Linux 5.6) keeps every path below the folder, whatever its text or its links.
#include "static_file.hpp"

#include "grammar.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdexcept>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <system_error>
#include <unistd.h>

namespace http {
namespace {

struct type_of_name {
    std::string_view ending;
    std::string_view type;
};
constexpr std::array<type_of_name, 16> types{{
    {".html", "text/html; charset=utf-8"},
    {".htm", "text/html; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".json", "application/json"},
    {".txt", "text/plain; charset=utf-8"},
    {".md", "text/markdown; charset=utf-8"},
    {".xml", "application/xml"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".jpg", "image/jpeg"},
    {".jpeg", "image/jpeg"},
    {".gif", "image/gif"},
    {".webp", "image/webp"},
    {".pdf", "application/pdf"},
    {".wasm", "application/wasm"},
}};

std::string_view type_of(std::string_view path) noexcept {
    for (const type_of_name& one : types)
        if (path.ends_with(one.ending)) return one.type;
    return "application/octet-stream";
}

// A descriptor, or a negative errno.
int try_open_beneath(int root, const char* path, int flags, std::uint64_t resolve = 0) noexcept {
    open_how how{};
    how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | resolve;
    const long made = ::syscall(SYS_openat2, root, path, &how, sizeof how);
    return made >= 0 ? static_cast<int>(made) : -errno;
}

int open_beneath(int root, const char* path, int flags) noexcept {
    constexpr int max_attempts = 100;
    for (int attempt = 1;; ++attempt) {
        const int made = try_open_beneath(root, path, flags);
        // Something was renamed while the kernel followed "..", anywhere in the system; it asks to be asked again.
        if (made != -EAGAIN || attempt == max_attempts) return made;
    }
}

int status_of(int error) noexcept {
    switch (error) {
        case EACCES:
        case EPERM:
            return 403;
        case EMFILE:
        case ENFILE:
        case ENOMEM:
        case EAGAIN:
            return 503;
        default:
            return 404;  // EXDEV and ELOOP too: what lies outside is not there.
    }
}

// What RFC 3986 calls unreserved, and the slash.
bool is_plain(char one) noexcept {
    return (one >= '0' && one <= '9') || (one >= 'a' && one <= 'z') || (one >= 'A' && one <= 'Z') ||
           std::string_view{"-._~/"}.contains(one);
}

// O_NONBLOCK, so that a FIFO does not hold the open.
constexpr int as_a_reader = O_RDONLY | O_NONBLOCK | O_NOCTTY;

// A folder stands for its index.html.
std::string name_of(const std::string& path) {
    return path.empty() || path.ends_with('/') ? path + "index.html" : path;
}

// The file that was opened by its name, or the status for a negative errno.
opened_file look_at(int descriptor, std::string_view name) {
    opened_file made;
    if (descriptor < 0) {
        made.status = status_of(-descriptor);
        return made;
    }
    made.file.file.emplace(descriptor);
    struct stat about {};
    const bool known = ::fstat(descriptor, &about) == 0;
    made.file.bytes = static_cast<std::uint64_t>(about.st_size);
    made.file.modified = about.st_mtim;
    made.file.type = type_of(name);
    if (!known)
        made.status = 500;
    else if (S_ISDIR(about.st_mode))
        made.status = 301;
    else if (!S_ISREG(about.st_mode))
        made.status = 403;
    else
        ::fcntl(descriptor, F_SETFL, 0);  // As the library wants files; O_NONBLOCK has done its part.
    return made;
}

}  // namespace

std::optional<std::string> path_of(std::string_view target) {
    target = target.substr(0, target.find_first_of("?#"));
    if (!target.starts_with('/')) return std::nullopt;
    std::string path;
    path.reserve(target.size());
    for (std::size_t at = 1; at < target.size(); ++at) {
        char one = target[at];
        if (one == '%') {
            if (at + 2 >= target.size()) return std::nullopt;
            const int high = hexadecimal(target[at + 1]);
            const int low = hexadecimal(target[at + 2]);
            if (high < 0 || low < 0) return std::nullopt;
            one = static_cast<char>(high * 16 + low);
            at += 2;
        }
        if (one == '\0') return std::nullopt;
        path += one;
    }
    return path;
}

std::string encoded(std::string_view path) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string target;
    target.reserve(path.size());
    for (const char one : path) {
        const auto byte = static_cast<unsigned char>(one);
        if (is_plain(one))
            target += one;
        else
            target.append({'%', digits[byte >> 4U], digits[byte & 15U]});
    }
    return target;
}

bifilar::owned_descriptor open_root(const std::string& path) {
    const auto refused = [&path](int error, const char* advice) {
        return std::invalid_argument{"--root is '" + path + "': " + std::generic_category().message(error) + advice};
    };
    bifilar::owned_descriptor made{::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
    if (made.get() < 0) throw refused(errno, "; give a folder that can be read");
    const int same = open_beneath(made.get(), ".", O_PATH | O_DIRECTORY);
    if (same == -ENOSYS || same == -EPERM)
        throw refused(-same, ", says openat2 (Linux 5.6); let it pass the filter of the container, or serve no files");
    if (same < 0) throw refused(-same, "; give a folder that can be read");
    ::close(same);
    return made;
}

opened_file open_below(int root, const std::string& path) {
    const std::string name = name_of(path);
    return look_at(open_beneath(root, name.c_str(), as_a_reader), name);
}

std::optional<opened_file> open_cached_below(int root, const std::string& path) {
    const std::string name = name_of(path);
    const int descriptor = try_open_beneath(root, name.c_str(), as_a_reader, RESOLVE_CACHED);
    // EINVAL: an older kernel, to which the question is new.
    if (descriptor == -EAGAIN || descriptor == -EINVAL) return std::nullopt;
    return look_at(descriptor, name);
}

std::optional<byte_range> parse_range(std::string_view field, std::uint64_t bytes) {
    constexpr std::string_view unit = "bytes=";
    if (!is_same(field.substr(0, unit.size()), unit)) return std::nullopt;
    field.remove_prefix(unit.size());
    const std::size_t dash = field.find('-');
    if (dash == std::string_view::npos || field.find(',') != std::string_view::npos) return std::nullopt;
    const std::string_view first_text = field.substr(0, dash);
    const std::string_view last_text = field.substr(dash + 1);
    if (first_text.empty()) {
        const auto from_end = decimal(last_text);
        if (!from_end) return std::nullopt;
        const std::uint64_t count = std::min(*from_end, bytes);
        return byte_range{bytes - count, count};
    }
    const auto first = decimal(first_text);
    const auto last = last_text.empty() ? std::optional<std::uint64_t>{UINT64_MAX} : decimal(last_text);
    if (!first || !last || *last < *first) return std::nullopt;
    if (*first >= bytes) return byte_range{0, 0};
    return byte_range{*first, std::min(*last, bytes - 1) - *first + 1};
}

}  // namespace http
