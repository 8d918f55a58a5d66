// Tags and dates.
#include "conditions.hpp"

#include "answer.hpp"
#include "grammar.hpp"

#include <algorithm>
#include <cstdio>

namespace http {
namespace {

constexpr std::string_view weak = "W/";

std::string_view opaque(std::string_view tag) noexcept { return tag.starts_with(weak) ? tag.substr(weak.size()) : tag; }

// A tag that is weak equals none, not even itself.
bool is_same_strong(std::string_view one, std::string_view other) noexcept {
    return one == other && !one.starts_with(weak);
}

// The first tag of a list, which is taken off it; empty: there is none, or the list is malformed from here on.
std::string_view next_tag(std::string_view& list) noexcept {
    list.remove_prefix(std::min(list.find_first_not_of(" \t,"), list.size()));
    const std::size_t quote = list.starts_with(weak) ? weak.size() : 0;
    const std::size_t end = list.substr(quote).starts_with('"') ? list.find('"', quote + 1) : std::string_view::npos;
    if (end == std::string_view::npos) return {};
    const std::string_view tag = list.substr(0, end + 1);
    list.remove_prefix(end + 1);
    return tag;
}

template <class Same>
bool lists(std::string_view list, Same same) {
    if (list == "*") return true;
    for (std::string_view tag = next_tag(list); !tag.empty(); tag = next_tag(list))
        if (same(tag)) return true;
    return false;
}

}  // namespace

version version_of(timespec modified, std::uint64_t bytes, std::time_t now) {
    char text[64];
    const int written =
        std::snprintf(text, sizeof text, "%s\"%llx.%lx-%llx\"", modified.tv_sec + 1 >= now ? "W/" : "",
                      static_cast<unsigned long long>(modified.tv_sec), static_cast<unsigned long>(modified.tv_nsec),
                      static_cast<unsigned long long>(bytes));
    return {{text, static_cast<std::size_t>(written)}, modified.tv_sec};
}

judgement judge(const request& asked, const version& present) {
    if (!asked.if_match.empty()) {
        if (!lists(asked.if_match, [&](auto tag) { return is_same_strong(tag, present.tag); }))
            return judgement::failed;
    } else if (const auto until = parse_date(asked.if_unmodified_since); until && present.modified > *until) {
        return judgement::failed;
    }
    if (!asked.if_none_match.empty()) {
        const bool has = lists(asked.if_none_match, [&](auto tag) { return opaque(tag) == opaque(present.tag); });
        return has ? judgement::not_modified : judgement::serve;
    }
    const auto since = parse_date(asked.if_modified_since);
    return since && present.modified <= *since ? judgement::not_modified : judgement::serve;
}

bool range_applies(const request& asked, const version& present, std::time_t now) {
    if (asked.if_range.empty()) return true;
    if (asked.if_range.ends_with('"')) return is_same_strong(asked.if_range, present.tag);
    // A date alone tells versions apart that are a second away from each other.
    const auto date = parse_date(asked.if_range);
    return date && *date == present.modified && present.modified + 1 < now;
}

}  // namespace http
