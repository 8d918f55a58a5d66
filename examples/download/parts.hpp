// A file that is fetched in parts, each from whichever mirror gives it.
#pragma once

#include "mirrors.hpp"

#include <string_view>

namespace download {

/// Bytes of the file that are still to be fetched.
struct part {
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
    std::size_t mirror = 0;  ///< Whom to ask first.
};

/// What the parts of one file have in common. Outlives them.
struct job {
    mirrors& from;
    bifilar::file& to;
    http::patience how;
    std::optional<std::uint64_t> bytes;     ///< Of the whole; empty: unknown, and there are no ranges.
    bool takes_ranges = false;              ///< False: there is one part, which is the whole.
    std::string modified{};                 ///< When, as the first answer said; another time is another file's.
    std::atomic<std::uint64_t> retries{0};  ///< Counted by the parts, on several workers; nothing is ordered by it.
};

/// At most `count` parts of nearly the same size, of at least 64 KiB if there is more than one. Without ranges: one.
/// They begin with the mirror that answered first and take turns.
[[nodiscard]] std::vector<part> split(const job& of, std::size_t count, std::size_t first_mirror);

/// Fetches the part and writes it to its place. A mirror that fails is left for the next one, which goes on where it
/// stopped, unless nothing is missing; each is asked up to three times. Throws http::failure when none is left,
/// std::system_error when the file cannot be written. Ready with the bytes that were written.
[[nodiscard]] bifilar::task<std::uint64_t> fetch(job& of, part wanted);

/// Whether a Content-Range field says these bytes, of a file of that length.
[[nodiscard]] bool is_range(std::string_view field, const part& wanted, std::uint64_t file_bytes);

}  // namespace download
