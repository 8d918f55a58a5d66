// A file below a folder, as a web server sees it: opened without leaving the folder, with a type and a range.
#pragma once

#include <bifilar/drivers/contract/owned_descriptor.hpp>
#include <bifilar/io/files/file.hpp>
#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>

namespace http {

/// An open file and what its metadata said; nothing by default.
struct static_file {
    std::optional<bifilar::file> file;
    std::uint64_t bytes = 0;
    timespec modified{};
    std::string_view type;
};

/// A file, or the status to answer with.
struct opened_file {
    static_file file;
    int status = 200;
};

/// The path that a request's target names, without query and with %xx decoded; empty when it is malformed.
[[nodiscard]] std::optional<std::string> path_of(std::string_view target);

/// A path as the target of a request, or of a Location field: what has a meaning there, and what is not ASCII, as %xx.
[[nodiscard]] std::string encoded(std::string_view path);

/// Opens the folder whose files are served. Throws std::invalid_argument where it cannot be read, or where open_below
/// would answer 403 or 404 for all of them: before Linux 5.6, and in a container whose filter refuses openat2. Blocks.
[[nodiscard]] bifilar::owned_descriptor open_root(const std::string& path);

/// Opens `path` below the folder `root`, which neither ".." nor a link leads out of; a folder's index.html for the
/// folder. 404 for what is not there or not below, 403 for what must not be read, 301 for a folder without its slash,
/// 503 when there are too few descriptors, or ".." was followed in vain a hundred times because of what was renamed
/// meanwhile. Blocks on the disk: for the blocking pool.
[[nodiscard]] opened_file open_below(int root, const std::string& path);

/// The same where the kernel finds the path in its cache of names (Linux 5.12), as it does from a path's second request
/// on: there is nothing to wait for then, and no reason to ask another thread. Empty: it may have to wait.
[[nodiscard]] std::optional<opened_file> open_cached_below(int root, const std::string& path);

/// A part of a file.
struct byte_range {
    std::uint64_t offset;
    std::uint64_t bytes;
};
/// What a Range field asks for. Empty: all of it, because the field asks for none or for several or is malformed, which
/// a server may ignore. A range with 0 bytes: it lies behind the end, 416.
[[nodiscard]] std::optional<byte_range> parse_range(std::string_view field, std::uint64_t bytes);

}  // namespace http
