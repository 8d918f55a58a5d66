// The retries are here; the scope that ends all parts when one fails is its caller's.
#include "parts.hpp"

#include <algorithm>
#include <span>
#include <system_error>
#include <utility>

namespace bf = bifilar;

namespace download {
namespace {

constexpr std::uint64_t least_part_bytes = 64 * 1024;
constexpr std::size_t max_rounds = 3;
constexpr std::chrono::milliseconds pause_between_rounds{100};

std::string range_of(const part& wanted) {
    return std::to_string(wanted.offset) + "-" + std::to_string(wanted.offset + wanted.bytes - 1);
}

// Whether the body of the answer is what was asked for. A mirror of which not is not asked again.
void check(const job& of, const part& wanted, mirror& from, const http::response& answer) {
    std::string wrong;
    const bool gives = answer.status == 200 || answer.status == 206;
    // Of the same size, and not the same: parts of both would be a file that nobody ever had.
    if (gives && (!from.still_gives(version_of(answer)) || !agree(of.modified, answer.last_modified)))
        wrong = "has another file";
    else if (answer.status != (of.takes_ranges ? 206 : 200))
        wrong = "status " + std::to_string(answer.status);
    else if (of.takes_ranges && !is_range(answer.content_range, wanted, *of.bytes))
        wrong = "gives '" + answer.content_range + "', asked for " + range_of(wanted) + " of " +
                std::to_string(*of.bytes) + " bytes";
    else if (!of.takes_ranges && of.bytes && answer.content_length.value_or(*of.bytes) != *of.bytes)
        wrong = "has " + std::to_string(*answer.content_length) + " bytes, not " + std::to_string(*of.bytes);
    if (wrong.empty()) return;
    from.useless.store(true, std::memory_order_relaxed);
    throw http::failure{wrong};
}

// What is missing of the part, which is moved forward by what was written. Throws as fetch, for one mirror.
bf::task<> fetch_from(job& of, part& wanted, mirror& from) {
    http::client by{of.how};
    http::url at = from.at;
    std::string fields;
    if (of.takes_ranges) fields = "Range: bytes=" + range_of(wanted) + "\r\n" + from.condition();
    const http::response* const answer = co_await by.ask(at, http::method::get, std::move(fields));
    check(of, wanted, from, *answer);
    for (;;) {
        const std::string_view bytes = co_await by.read_body();
        if (bytes.empty()) break;
        if (of.bytes && bytes.size() > wanted.bytes) throw http::failure{"sends more bytes than it should"};
        const auto written = co_await of.to.write_all_at(std::as_bytes(std::span{bytes}), wanted.offset);
        if (!written) throw std::system_error{written.error(), "cannot write the file"};
        wanted.offset += bytes.size();
        if (of.bytes) wanted.bytes -= bytes.size();
    }
    if (of.bytes && wanted.bytes != 0) throw http::failure{"sent " + std::to_string(wanted.bytes) + " bytes too few"};
}

}  // namespace

std::vector<part> split(const job& of, std::size_t count, std::size_t first_mirror) {
    const std::uint64_t bytes = of.bytes.value_or(0);
    if (!of.takes_ranges) return {part{0, bytes, first_mirror}};
    std::vector<part> made;
    const std::uint64_t parts = std::clamp<std::uint64_t>(bytes / least_part_bytes, bytes == 0 ? 0 : 1, count);
    for (std::uint64_t at = 0; at < parts; ++at) {
        // As many bytes for each, and one more for the first few.
        const std::uint64_t begin = at * (bytes / parts) + std::min(at, bytes % parts);
        made.push_back({begin, bytes / parts + (at < bytes % parts ? 1 : 0), (first_mirror + at) % of.from.size()});
    }
    return made;
}

bf::task<std::uint64_t> fetch(job& of, part wanted) {
    const part whole = wanted;
    for (std::size_t attempt = 0; attempt < max_rounds * of.from.size(); ++attempt) {
        mirror& from = of.from[(wanted.mirror + attempt) % of.from.size()];
        if (attempt != 0 && attempt % of.from.size() == 0) co_await bf::sleep_for(pause_between_rounds);
        if (from.useless.load(std::memory_order_relaxed)) continue;
        if (attempt != 0) of.retries.fetch_add(1, std::memory_order_relaxed);
        std::string wrong;
        try {
            if (!of.takes_ranges) {  // It can only be had from its beginning.
                wanted = whole;
                const auto emptied = co_await of.to.truncate(0);
                if (!emptied) throw std::system_error{emptied.error(), "cannot empty the file"};
            }
            co_await fetch_from(of, wanted, from);
            co_return wanted.offset - whole.offset;
        } catch (const http::failure& failure) {
            wrong = failure.what();
        }
        complain(from, wrong);
        // It failed behind the last byte: in the end of a body in chunks, or with a byte too many. There is nothing
        // left to ask the others for, who would have to refuse a range of no bytes.
        if (of.bytes && whole.bytes != 0 && wanted.bytes == 0) co_return whole.bytes;
    }
    throw http::failure{of.takes_ranges ? "no mirror gives the bytes " + range_of(wanted)
                                        : "no mirror gives the whole file"};
}

bool is_range(std::string_view field, const part& wanted, std::uint64_t file_bytes) {
    return field == "bytes " + range_of(wanted) + "/" + std::to_string(file_bytes);
}

}  // namespace download
