// RFC 9112, 3 to 5: request lines, status lines and fields.
#include "lines.hpp"

#include "grammar.hpp"

#include <array>
#include <utility>

namespace http {
namespace {

method method_of(std::string_view name) noexcept {
    if (name == "GET") return method::get;
    if (name == "HEAD") return method::head;
    if (name == "POST") return method::post;
    for (const std::string_view known : {"PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"})
        if (name == known) return method::other;
    return method::unknown;
}

// The digits of "HTTP/1.1"; nothing else is a version.
std::optional<std::pair<char, char>> version_of(std::string_view text) noexcept {
    const auto is_digit = [](char one) { return one >= '0' && one <= '9'; };
    if (text.size() != 8 || !text.starts_with("HTTP/") || text[6] != '.') return std::nullopt;
    if (!is_digit(text[5]) || !is_digit(text[7])) return std::nullopt;
    return std::pair{text[5], text[7]};
}

// What of a target is asked of this server. Empty: it is of no form that the method may have (RFC 9112, 3.2).
std::optional<std::string_view> path_in(std::string_view method, std::string_view target) noexcept {
    if (target.starts_with('/')) return target;
    if (target == "*") return method == "OPTIONS" ? std::optional{target} : std::nullopt;
    const std::size_t colon = target.find("://");
    if (colon == std::string_view::npos) return std::nullopt;
    const std::string_view scheme = target.substr(0, colon);
    if (!is_same(scheme, "http") && !is_same(scheme, "https")) return std::nullopt;
    const std::string_view rest = target.substr(colon + 3);
    const std::size_t path = rest.find_first_of("/?");
    const std::string_view authority = rest.substr(0, path);
    if (authority.empty() || authority.starts_with(':') || !is_host(authority)) return std::nullopt;
    return path == std::string_view::npos ? "/" : rest.substr(path);
}

void append(std::string& to, std::string_view value) {
    if (!to.empty()) to += ", ";
    to += value;
}

}  // namespace

int read_first_line(std::string_view line, request& into, const limits& most) {
    const std::size_t first = line.find(' ');
    const std::size_t second = line.find(' ', first == std::string_view::npos ? first : first + 1);
    if (second == std::string_view::npos) return 400;
    const std::string_view name = line.substr(0, first);
    const std::string_view target = line.substr(first + 1, second - first - 1);
    if (!is_token(name)) return 400;
    into.method = method_of(name);
    if (!is_visible(target)) return 400;
    const auto version = version_of(line.substr(second + 1));
    if (!version) return 400;
    if (version->first != '1') return 505;
    into.is_1_1 = version->second != '0';
    if (target.size() > most.target_bytes) return 414;
    // A tunnel's target is a host; nobody here digs one, see method::unknown.
    if (name == "CONNECT") return 0;
    const auto path = path_in(name, target);
    if (!path) return 400;
    if (path->starts_with('?')) into.target = '/';
    into.target += *path;
    return 0;
}

int read_first_line(std::string_view line, response& into, const limits&) {
    const auto version = version_of(line.substr(0, 8));
    // Where there is no reason, the space before it may be missing, as it is for many a server.
    if (!version || version->first != '1' || line.size() < 12 || line[8] != ' ') return 400;
    if (line.size() > 12 && line[12] != ' ') return 400;
    const auto status = decimal(line.substr(9, 3));
    if (!status || *status < 100 || *status > 599) return 400;
    into.is_1_1 = version->second != '0';
    into.status = static_cast<int>(*status);
    return 0;
}

std::optional<field> read_field(std::string_view line) noexcept {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) return std::nullopt;
    return field{line.substr(0, colon), trimmed(line.substr(colon + 1))};
}

bool note_field(field one, request& into) {
    struct place {
        std::string_view name;
        std::string request::*value;
    };
    static constexpr std::array places{
        place{"range", &request::range},
        place{"if-range", &request::if_range},
        place{"if-match", &request::if_match},
        place{"if-none-match", &request::if_none_match},
        place{"if-modified-since", &request::if_modified_since},
        place{"if-unmodified-since", &request::if_unmodified_since},
    };
    if (is_same(one.name, "expect")) {
        into.expects_continue = is_same(one.value, "100-continue");
        return true;
    }
    if (is_same(one.name, "accept")) {
        // Whoever knows it prefers it.
        if (one.value.find("application/openmetrics-text") != std::string_view::npos) into.takes_open_metrics = true;
        return true;
    }
    for (const place& known : places)
        if (is_same(one.name, known.name)) append(into.*known.value, one.value);
    return true;
}

bool note_field(field one, response& into) {
    if (is_same(one.name, "location")) {
        if (!into.location.empty()) return false;  // Whoever reads the other one goes elsewhere.
        into.location = one.value;
    } else if (is_same(one.name, "content-range")) {
        append(into.content_range, one.value);
    } else if (is_same(one.name, "etag")) {
        append(into.etag, one.value);
    } else if (is_same(one.name, "last-modified")) {
        append(into.last_modified, one.value);
    } else if (is_same(one.name, "accept-ranges")) {
        into.takes_ranges = is_same(one.value, "bytes");
    }
    return true;
}

}  // namespace http
