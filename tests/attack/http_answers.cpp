// A reader that has nothing in common with the one of the examples.
#include "http_answers.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace attack {
namespace {

constexpr std::array known{200, 206, 301, 304, 400, 403, 404, 405, 408, 412, 413, 414, 416, 417, 431, 501, 503, 505};
constexpr std::string_view begins = "HTTP/1.1 ";

std::optional<std::string_view> field(std::string_view head, std::string_view name) {
    const std::string line = "\r\n" + std::string{name} + ": ";
    const std::size_t at = head.find(line);
    if (at == std::string_view::npos) return std::nullopt;
    const std::string_view rest = head.substr(at + line.size());
    return rest.substr(0, rest.find("\r\n"));
}

bool is_head(std::string_view head) {
    if (head.size() < 13 || head[12] != ' ' || !head.starts_with(begins)) return false;
    return std::all_of(head.begin(), head.end(), [](char one) {
        return one == '\r' || one == '\n' || (static_cast<unsigned char>(one) >= ' ' && one != 127);
    });
}

// How much of the rest is this answer's body; nothing: all that there is, and more was said to come.
std::optional<std::size_t> body_bytes(std::string_view head, int status, std::string_view rest) {
    std::size_t stated = 0;
    const auto length = field(head, "Content-Length");
    if (length) std::from_chars(length->data(), length->data() + length->size(), stated);
    if (status == 304) return 0;
    // What was asked with HEAD has a length and no body; only the echo, which HEAD does not get, may look like a head.
    const bool is_echo = field(head, "Content-Type") == "application/octet-stream";
    if (!is_echo && (rest.empty() || rest.starts_with(begins))) return 0;
    if (rest.size() < stated) return std::nullopt;
    return stated;
}

}  // namespace

answers read_answers(std::string_view text, bool may_be_cut) {
    answers made;
    const auto fail = [&](const char* what) {
        made.wrong = what + std::string{": "} + std::string{text.substr(0, 300)};
        return made;
    };
    while (!text.empty()) {
        const std::size_t end = text.find("\r\n\r\n");
        if (end == std::string_view::npos) return may_be_cut ? made : fail("a head without an end");
        const std::string_view head = text.substr(0, end + 2);
        if (!is_head(head)) return fail("no head");
        int status = 0;
        std::from_chars(head.data() + begins.size(), head.data() + 12, status);
        if (status == 100) {
            text.remove_prefix(end + 4);
            continue;
        }
        if (!std::ranges::count(known, status)) return fail("a status that it does not give");
        if (status != 304 && !field(head, "Content-Length")) return fail("no length");
        if (made.last_closes) return fail("an answer behind the last");
        const auto body = body_bytes(head, status, text.substr(end + 4));
        if (!body) return may_be_cut ? made : fail("a body that is too short");
        made.statuses.push_back(status);
        made.last_closes = field(head, "Connection") == "close";
        text.remove_prefix(end + 4 + *body);
    }
    return made;
}

}  // namespace attack
