// Reasons, dates and the lines of an answer's head.
#include "answer.hpp"

#include <charconv>

namespace http {
namespace {

constexpr const char* date_format = "%a, %d %b %Y %H:%M:%S GMT";

std::string_view reason(int status) noexcept {
    switch (status) {
        case 200:
            return "200 OK";
        case 206:
            return "206 Partial Content";
        case 301:
            return "301 Moved Permanently";
        case 304:
            return "304 Not Modified";
        case 400:
            return "400 Bad Request";
        case 403:
            return "403 Forbidden";
        case 404:
            return "404 Not Found";
        case 405:
            return "405 Method Not Allowed";
        case 408:
            return "408 Request Timeout";
        case 412:
            return "412 Precondition Failed";
        case 413:
            return "413 Content Too Large";
        case 414:
            return "414 URI Too Long";
        case 416:
            return "416 Range Not Satisfiable";
        case 431:
            return "431 Request Header Fields Too Large";
        case 501:
            return "501 Not Implemented";
        case 503:
            return "503 Service Unavailable";
        case 505:
            return "505 HTTP Version Not Supported";
        default:
            return "500 Internal Server Error";
    }
}

}  // namespace

std::string date_text(std::time_t moment) {
    std::tm parts{};
    ::gmtime_r(&moment, &parts);
    char text[32];
    return {text, std::strftime(text, sizeof text, date_format, &parts)};
}

std::optional<std::time_t> parse_date(const std::string& text) {
    if (text.empty()) return std::nullopt;
    for (const char* const format : {date_format, "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"}) {
        std::tm parts{};
        const char* const end = ::strptime(text.c_str(), format, &parts);
        if (end != nullptr && *end == '\0') return ::timegm(&parts);
    }
    return std::nullopt;
}

const std::string& date_cache::now() {
    timespec moment{};
    ::clock_gettime(CLOCK_REALTIME_COARSE, &moment);
    if (moment.tv_sec != made_for_) {
        made_for_ = moment.tv_sec;
        text_ = date_text(made_for_);
    }
    return text_;
}

std::time_t date_cache::moment() {
    (void)now();
    return made_for_;
}

void append_number(std::string& to, std::uint64_t number) {
    char digits[20];
    to.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

void append_head(std::string& to, const answer_head& head, const std::string& date) {
    to += "HTTP/1.1 ";
    to += reason(head.status);
    to += "\r\nDate: ";
    to += date;
    if (head.status != 304) {
        to += "\r\nContent-Type: ";
        to += head.type;
        to += "\r\nContent-Length: ";
        append_number(to, head.bytes);
    }
    if (head.closes)
        to += "\r\nConnection: close";
    else if (head.keeps_1_0)
        to += "\r\nConnection: keep-alive";
    to += "\r\n";
    to += head.more;
    to += "\r\n";
}

void append_error(std::string& to, int status, bool closes, bool without_body, const std::string& date,
                  std::string_view more) {
    const std::string_view text = reason(status);
    answer_head head;
    head.status = status;
    head.bytes = text.size() + 1;
    head.closes = closes;
    head.more = more;
    append_head(to, head, date);
    if (without_body) return;
    to += text;
    to += '\n';
}

}  // namespace http
