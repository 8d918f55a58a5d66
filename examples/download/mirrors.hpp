// One file at several places: what each of them said about it, and who answers.
#pragma once

#include "../http/client.hpp"

#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace download {

/// Which state of the file an answer is of, as the server says it; empty fields: it does not say. An entity tag tells
/// the states of one server apart, a time those of all.
struct version {
    std::string tag;
    std::string modified;
};
[[nodiscard]] inline version version_of(const http::response& answer) { return {answer.etag, answer.last_modified}; }

/// Whether two such fields may be about the same state: they are equal, or one does not say. A tag is weak while the
/// file is new and strong later, which is no other state (RFC 9110, 8.8.3.2).
[[nodiscard]] bool agree(std::string_view one, std::string_view other);

class mirror {
public:
    explicit mirror(const std::string& given) : name{given}, at{http::parse_url(given)} {}

    const std::string name;  ///< The URL as it was given.
    http::url at;            ///< Where it was redirected to. Written by ask_all alone, before parts are fetched.
    /// It will not do: it has no such file, or another one. Set by any task; nothing is ordered by it, for a task that
    /// sees it late asks once more in vain.
    std::atomic<bool> useless{false};

    /// Whether it still gives what it gave in its first answer, which is remembered. Any task.
    [[nodiscard]] bool still_gives(const version& now);
    /// The field that asks for a part only if the file is still the same; empty: nothing is known to ask by. Any task.
    [[nodiscard]] std::string condition() const;

private:
    mutable std::mutex lock_;       // Guards first_.
    std::optional<version> first_;  // What its first answer was of.
};

/// A deque, because mirrors stay where they are.
using mirrors = std::deque<mirror>;

/// What the first mirror that has the file said.
struct description {
    std::size_t mirror = 0;              ///< Its place.
    std::optional<std::uint64_t> bytes;  ///< Empty: the length was not stated.
    bool takes_ranges = false;
    std::string modified{};  ///< Empty: it was not stated.
};

/// Asks all mirrors at once and is ready with the first good answer, when the other questions are given up; empty when
/// there is none. What was wrong with the bad ones before it is told on stderr.
[[nodiscard]] bifilar::task<std::optional<description>> ask_all(mirrors& of, http::patience how);

/// A line on stderr: which mirror said what.
void complain(const mirror& about, const std::string& what);

}  // namespace download
