// The parser of examples/http: the same messages however their bytes come in pieces; requests of which a second reader
// says the same; requests and responses that were written are read as they were meant.
#include "http_message.hpp"

#include "http/parser.hpp"

#include <algorithm>

namespace {

using namespace fuzz;

http::limits small_limits() {
    http::limits most;
    most.head_bytes = 600;
    most.target_bytes = 100;
    most.body_bytes = 500;
    return most;
}

template <class Parser>
std::string told(const Parser& of) {
    // Not for which of two reasons it failed: a line that is too long may be seen to be wrong before it is seen to end.
    std::string text = std::to_string(static_cast<int>(of.at()));
    const auto& is = of.message();
    if (of.at() != http::progress::complete) return text;
    const auto add = [&text](const auto&... values) { ((text += '/', text += values), ...); };
    if constexpr (requires { is.target; }) {
        add(is.target, is.range, is.if_range, is.if_match, is.if_none_match, is.if_modified_since,
            is.if_unmodified_since);
        text += std::to_string(static_cast<int>(is.method)) + (is.expects_continue ? "c" : "-");
    } else {
        add(is.location, is.content_range, is.etag, is.last_modified);
        text += std::to_string(is.status) + '/' + (is.content_length ? std::to_string(*is.content_length) : "none") +
                (is.takes_ranges ? "r" : "-");
    }
    return text + (is.is_1_1 ? "1" : "0") + (is.keeps_alive ? "k" : "-");
}

// One message after the other; `used` ends with where each began.
template <class Parser>
std::string messages_in(std::string_view bytes, bool ends, auto next_piece, std::vector<std::size_t>& used) {
    std::string all;
    Parser parser{small_limits()};
    std::string pending;
    std::string body;
    std::size_t done = 0;
    const auto note = [&] {
        all += told(parser) + "|" + body + parser.message().body + "\n";
        body.clear();
    };
    for (;;) {
        for (std::size_t took = 1; took != 0 && !pending.empty() && parser.at() < http::progress::complete;) {
            took = parser.feed(pending);
            require(took <= pending.size(), "the parser used more bytes than there are");
            pending.erase(0, took);
            done += took;
        }
        if (parser.at() == http::progress::failed) {
            note();
            return all;
        }
        if (parser.at() == http::progress::complete) {
            note();
            used.push_back(done);
            if (used.size() > 20) return all;
            parser.reset();
            continue;
        }
        if (bytes.empty()) break;
        const std::size_t count = std::min(bytes.size(), std::max<std::size_t>(1, next_piece()));
        pending.append(bytes.substr(0, count));
        bytes.remove_prefix(count);
    }
    if (ends) parser.end_of_stream();
    note();
    return all;
}

template <class Parser>
void in_pieces(input& in) {
    const bool ends = in.flag();
    const std::string sizes{in.text(12)};
    const std::string_view bytes = in.rest();
    std::vector<std::size_t> used;
    std::vector<std::size_t> used_split;
    const std::string whole = messages_in<Parser>(
        bytes, ends, [&] { return bytes.size(); }, used);
    std::size_t at = 0;
    const auto piece = [&]() -> std::size_t {
        return sizes.empty() ? 1 : static_cast<unsigned char>(sizes[at++ % sizes.size()]) % 32U;
    };
    const std::string split = messages_in<Parser>(bytes, ends, piece, used_split);
    // What has failed may have been seen to fail earlier or later, and for another reason, but not to be something
    // else.
    require(whole == split, "the pieces in which bytes come change what they say");
    require(used == used_split, "the pieces in which bytes come change where messages end");
}

// Where the parser takes a request, a second reader says the same about its end, its body and its fields.
void two_readers(std::string_view bytes) {
    http::request_parser parser{small_limits()};
    while (!bytes.empty()) {
        std::size_t used = 0;
        while (used < bytes.size() && parser.at() < http::progress::complete) {
            const std::size_t took = parser.feed(bytes.substr(used));
            if (took == 0) break;
            used += took;
        }
        if (parser.at() != http::progress::complete) return;
        const auto other = read_request(bytes);
        require(other.has_value(), "a request is taken that a strict reader does not take");
        require(other->bytes == used, "two readers do not agree on where a request ends");
        require(other->body == parser.message().body, "two readers do not agree on a request's body");
        const bool is_1_1 = !other->first_line.ends_with("HTTP/1.0");
        require(other->all("host").size() == 1 || !is_1_1,
                "a request of HTTP/1.1 is taken without a Host, or with two");
        require(parser.message().is_1_1 == is_1_1, "two readers do not agree on the version");
        require(other->all("transfer-encoding").empty() || is_1_1, "chunks are taken of HTTP/1.0");
        bytes.remove_prefix(used);
        parser.reset();
    }
}

std::string token(input& in) {
    std::string made = "x";
    for (const char one : in.text(8))
        if (std::isalnum(static_cast<unsigned char>(one)) != 0) made += one;
    return made;
}
std::string value(input& in) {
    std::string made{in.text(20)};
    std::erase_if(made, [](char one) { return static_cast<unsigned char>(one) < 0x20 || one == 0x7f; });
    return std::string{without_blanks(made)};
}
std::string chunked(input& in, std::string_view body) {
    std::string made;
    while (!body.empty()) {
        const std::size_t count = 1 + in.below(body.size());
        char size[20];
        std::snprintf(size, sizeof size, in.flag() ? "%zx" : "%zX", count);
        made.append(size).append(in.flag() ? ";" + token(in) + "=\"a;b\"" : "").append("\r\n");
        made.append(body.substr(0, count)).append("\r\n");
        body.remove_prefix(count);
    }
    return made + "0\r\n" + (in.flag() ? token(in) + ": trailer\r\n" : "") + "\r\n";
}

// As it was meant, whether a length or chunks say where the body ends.
void round_trip(input& in) {
    const bool is_request = in.flag();
    const std::string path = "/" + token(in);
    const std::string body{in.text(60)};
    const std::string range = value(in);
    const bool in_chunks = in.flag();
    std::string head =
        is_request ? "POST " + path + " HTTP/1.1\r\nHost: a\r\nRange: " + range : "HTTP/1.1 200 OK\r\nETag: " + range;
    head += "\r\nX-" + token(in) + ":" + value(in) + "\r\n";
    const std::string bytes = head + (in_chunks ? "Transfer-Encoding: chunked\r\n\r\n" + chunked(in, body)
                                                : "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    const auto read = [&](auto& parser) {
        std::size_t used = 0;
        for (std::size_t took = 1; took != 0 && used != bytes.size();)
            used += took = parser.feed(std::string_view{bytes}.substr(used));
        require(parser.at() == http::progress::complete && used == bytes.size(), "a message that was written is none");
        require(parser.message().body == body, "a body is another than was written");
        require(parser.message().keeps_alive, "a connection that may go on is to be closed");
    };
    if (is_request) {
        http::request_parser parser{http::limits{}};
        read(parser);
        require(parser.message().target == path && parser.message().range == range,
                "a request is another than was written");
    } else {
        http::response_parser parser{http::limits{}};
        read(parser);
        require(parser.message().status == 200 && parser.message().etag == range,
                "a response is another than was written");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
    input in{bytes, count};
    switch (in.below(5)) {
        case 0:
            in_pieces<http::request_parser>(in);
            break;
        case 1:
            in_pieces<http::response_parser>(in);
            break;
        case 2:
            round_trip(in);
            break;
        default:
            two_readers(in.rest());
    }
    return 0;
}
