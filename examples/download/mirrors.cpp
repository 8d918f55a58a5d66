// HEAD to all at once: a race that is won by the first answer that is good, not by the first that comes.
#include "mirrors.hpp"

#include <cstdio>

namespace bf = bifilar;

namespace download {
namespace {

// Empty when the mirror does not have the file, or does not answer.
bf::task<std::optional<description>> ask(mirror& one, std::size_t place, http::patience how) {
    std::string wrong;
    try {
        http::client by{how};
        const http::response* const answer = co_await by.ask(one.at, http::method::head);
        if (answer->status == 200) {
            description made;
            made.mirror = place;
            made.bytes = answer->content_length;
            made.takes_ranges = answer->takes_ranges && made.bytes.has_value();
            co_return made;
        }
        wrong = "status " + std::to_string(answer->status);
        one.useless.store(true, std::memory_order_relaxed);
    } catch (const http::failure& failure) {
        wrong = failure.what();
    }
    complain(one, wrong);
    co_return std::nullopt;
}

}  // namespace

bf::task<std::optional<description>> ask_all(mirrors& of, http::patience how) {
    bf::future_set<bf::task<std::optional<description>>> asked;
    for (std::size_t place = 0; place < of.size(); ++place) asked.add(ask(of[place], place, how));
    for (;;) {
        auto next = co_await asked.next();
        if (!next) co_return std::nullopt;
        if (!next->value()) continue;
        co_await asked.cancel_all();
        co_return *next->value();
    }
}

void complain(const mirror& about, const std::string& what) {
    std::fprintf(stderr, "download: %s: %s\n", about.name.c_str(), what.c_str());
}

}  // namespace download
