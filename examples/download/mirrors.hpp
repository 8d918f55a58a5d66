// One file at several places: what each of them said about it, and who answers.
#pragma once

#include "../http/client.hpp"

#include <atomic>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace download {

class mirror {
public:
    explicit mirror(const std::string& given) : name{given}, at{http::parse_url(given)} {}

    const std::string name;  ///< The URL as it was given.
    http::url at;            ///< Where it was redirected to. Written by ask_all alone, before parts are fetched.
    /// It will not do: it has no such file, or another one. Set by any task; nothing is ordered by it, for a task that
    /// sees it late asks once more in vain.
    std::atomic<bool> useless{false};
};

/// A deque, because mirrors stay where they are.
using mirrors = std::deque<mirror>;

/// What the first mirror that has the file said.
struct description {
    std::size_t mirror = 0;              ///< Its place.
    std::optional<std::uint64_t> bytes;  ///< Empty: the length was not stated.
    bool takes_ranges = false;
};

/// Asks all mirrors at once and is ready with the first good answer, when the other questions are given up; empty when
/// there is none. What was wrong with the bad ones before it is told on stderr.
[[nodiscard]] bifilar::task<std::optional<description>> ask_all(mirrors& of, http::patience how);

/// A line on stderr: which mirror said what.
void complain(const mirror& about, const std::string& what);

}  // namespace download
