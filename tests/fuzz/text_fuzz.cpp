// Small readers of strangers' text in the examples: what a chat shows on others' terminals, URLs, dates and conditions.
#include "input.hpp"

#include "chat/printable.hpp"
#include "http/answer.hpp"
#include "http/conditions.hpp"
#include "http/url.hpp"

#include <optional>
#include <stdexcept>

namespace {

using namespace fuzz;

void shown(std::string_view text) {
    const std::string clean = chat::printable(text);
    require(chat::printable(clean) == clean, "what is clean is changed again");
    require(clean.size() <= text.size(), "text became longer");
    for (std::size_t at = 0; at < clean.size(); ++at) {
        const auto byte = static_cast<unsigned char>(clean[at]);
        require(byte >= 0x20 && byte != 0x7f, "a control character is shown");
        const auto next = at + 1 < clean.size() ? static_cast<unsigned char>(clean[at + 1]) : 0U;
        require(byte != 0xc2 || next >= 0xa0, "a control character of Latin-1 is shown");
        // Bytes that go on stand behind one that begins, and none that begins is alone.
        require(byte < 0xc0 || (next & 0xc0U) == 0x80, "a character is shown in part");
    }
    bool is_plain = true;
    for (const char one : text) is_plain = is_plain && one >= 0x20 && one < 0x7f;
    require(!is_plain || clean == text, "plain text was changed");
}

std::optional<http::url> url_of(std::string_view text) {
    try {
        return http::parse_url(text);
    } catch (const std::invalid_argument&) {
        return std::nullopt;
    }
}

void check(const http::url& one) {
    require(one.path.starts_with('/'), "a path does not begin with a slash");
    require(!one.host.empty() && one.host.find(':') != std::string::npos, "a host has no port");
    for (const char each : one.host + one.path)
        require(static_cast<unsigned char>(each) > ' ', "a URL has what would end a line of a request");
    require(one.host.find_first_of("/?#@") == std::string::npos, "a host has a part of a path, or a user");
    const auto again = url_of(to_string(one));
    require(again && again->host == one.host && again->path == one.path, "a URL is another when it is read again");
}

void urls(input& in) {
    const auto from = url_of("http://" + std::string{in.text(40)});
    if (!from) return;
    check(*from);
    const std::string location{in.rest()};
    try {
        const http::url to = http::redirected(*from, location);
        check(to);
        if (location.starts_with('/') && !location.starts_with("//"))
            require(to.host == from->host, "a path on the same host leads to another");
    } catch (const std::invalid_argument&) {
    }
}

void dates(input& in) {
    const auto moment = static_cast<std::time_t>(in.any<std::uint64_t>() % 250'000'000'000U);
    const std::string text = http::date_text(moment);
    require(text.size() == 29 && http::parse_date(text) == moment, "a date is another when it is read again");
    const auto other = http::parse_date(std::string{in.text(40)});
    if (other && *other >= 0)
        require(http::parse_date(http::date_text(*other)) == other, "a date is read that cannot be written");
}

void conditions(input& in) {
    http::request asked;
    for (std::string* const each :
         {&asked.if_match, &asked.if_none_match, &asked.if_modified_since, &asked.if_unmodified_since, &asked.if_range})
        *each = in.text(40);
    const timespec modified{static_cast<std::time_t>(in.any<std::uint32_t>()), 7};
    const http::version present = http::version_of(modified, in.any<std::uint64_t>(), modified.tv_sec + 100);
    (void)http::judge(asked, present);
    (void)http::range_applies(asked, present, modified.tv_sec + 100);
    http::request same;
    same.if_none_match = "\"other\", " + present.tag;
    require(http::judge(same, present) == http::judgement::not_modified, "a tag in a list is not found");
    same.if_match = "\"other\"";
    require(http::judge(same, present) == http::judgement::failed, "a tag that is not in a list is found");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
    input in{bytes, count};
    switch (in.below(4)) {
        case 0:
            shown(in.rest());
            break;
        case 1:
            urls(in);
            break;
        case 2:
            dates(in);
            break;
        default:
            conditions(in);
    }
    return 0;
}
