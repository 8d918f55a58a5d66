// The Redis protocol of examples/kv: the same commands however their bytes come in pieces, what was written is what is
// read, and a whole session whose answers are well-formed whatever a client says.
#include "input.hpp"

#include "kv/access.hpp"
#include "kv/resp.hpp"
#include "kv/session.hpp"

#include <charconv>
#include <optional>
#include <vector>

namespace {

using namespace fuzz;

// All commands in the bytes, and how they end. A word's length stands before it, so that words do not run together.
std::string commands_in(std::string_view bytes, bool trusted, auto next_piece) {
    std::string told;
    kv::parser parser;
    std::string pending;
    for (;;) {
        const std::string_view from{pending};
        const kv::parsed got = parser.next(from, trusted);
        if (got == kv::parsed::broken) return told + "broken: " + parser.reason();
        if (got == kv::parsed::complete) {
            const kv::command words = parser.words(from);
            for (std::size_t at = 0; at < words.size(); ++at) {
                require(words[at].size() <= kv::max_bytes, "a word is longer than a command may be");
                told += std::to_string(words[at].size()).append(":").append(words[at]);
            }
            told += '\n';
            const std::size_t used = parser.bytes();
            require(used != 0 && used <= pending.size(), "a command used nothing, or more bytes than there are");
            parser.done();
            pending.erase(0, used);
            continue;
        }
        if (bytes.empty()) return told + (pending.empty() ? "end" : "incomplete");
        const std::size_t count = std::min(bytes.size(), std::max<std::size_t>(1, next_piece()));
        pending.append(bytes.substr(0, count));
        bytes.remove_prefix(count);
    }
}

void in_pieces(input& in) {
    const bool trusted = in.flag();
    const std::string sizes{in.text(12)};
    const std::string_view bytes = in.rest();
    const std::string whole = commands_in(bytes, trusted, [&] { return bytes.size(); });
    std::size_t at = 0;
    const std::string split = commands_in(bytes, trusted, [&]() -> std::size_t {
        return sizes.empty() ? 1 : static_cast<unsigned char>(sizes[at++ % sizes.size()]) % 16U;
    });
    require(whole == split, "the pieces in which bytes come change what they say");
}

void round_trip(input& in) {
    std::vector<std::string> words;
    while (!in.empty() && words.size() < 20) words.emplace_back(in.text(100));
    if (words.empty()) return;
    std::string bytes = "*" + std::to_string(words.size()) + "\r\n";
    for (const std::string& one : words) bytes += "$" + std::to_string(one.size()) + "\r\n" + one + "\r\n";
    kv::parser parser;
    require(parser.next(bytes, true) == kv::parsed::complete, "what was written as a command is none");
    const kv::command got = parser.words(bytes);
    require(parser.bytes() == bytes.size() && got.size() == words.size(),
            "a command has other words than were written");
    for (std::size_t at = 0; at < words.size(); ++at)
        require(got[at] == words[at], "a word is another than was written");
}

// One answer off the front. False: it is not well-formed.
bool skip_answer(std::string_view& from) {
    const std::size_t end = from.find("\r\n");
    if (from.empty() || end == std::string_view::npos) return false;
    const char kind = from.front();
    const std::string_view line = from.substr(1, end - 1);
    from.remove_prefix(end + 2);
    if (line.find_first_of("\r\n") != std::string_view::npos) return false;
    if (kind == '+' || kind == '-') return true;
    std::int64_t number = 0;
    const auto [stop, error] = std::from_chars(line.data(), line.data() + line.size(), number);
    if (error != std::errc{} || stop != line.data() + line.size()) return false;
    if (kind == ':') return true;
    if (kind == '*') {
        for (std::int64_t each = 0; each < number; ++each)
            if (!skip_answer(from)) return false;
        return number >= 0;
    }
    if (kind != '$' || number < -1) return false;
    if (number == -1) return true;
    const auto bytes = static_cast<std::size_t>(number);
    if (from.size() < bytes + 2 || from.substr(bytes, 2) != "\r\n") return false;
    from.remove_prefix(bytes + 2);
    return true;
}

void session(input& in) {
    static kv::store data{1 << 20};
    for (std::size_t shard = 0; shard < kv::store::shard_count; ++shard) data.clear(shard);
    static bifilar::byte_budget memory{1 << 20};
    const kv::access who = in.flag() ? kv::access{} : kv::access{"secret"};
    kv::session one{data, who, memory};
    std::string answers;
    auto step = kv::session::step::receive;
    const auto collect = [&] {
        for (std::string_view out = one.output(); !out.empty(); out = one.output()) {
            answers += out;
            one.wrote();
        }
    };
    while (!in.empty() && (step == kv::session::step::receive || step == kv::session::step::go_on)) {
        step = step == kv::session::step::go_on ? one.go_on() : one.feed(bytes_of(in.text(200)));
        collect();
        require(answers.size() < (8U << 20), "short commands have very long answers");
    }
    std::string_view left = answers;
    while (!left.empty() && step != kv::session::step::drop) require(skip_answer(left), "an answer is not well-formed");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
    input in{bytes, count};
    switch (in.below(4)) {
        case 0:
            in_pieces(in);
            break;
        case 1:
            round_trip(in);
            break;
        default:
            session(in);
    }
    return 0;
}
