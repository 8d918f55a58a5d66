// HEAD to all at once: a race that is won by the first answer that is good, not by the first that comes.
#include "mirrors.hpp"

#include <cstdio>

namespace bf = bifilar;

namespace download {
namespace {

constexpr std::string_view weak = "W/";

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
            made.modified = answer->last_modified;
            (void)one.still_gives(version_of(*answer));
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

bool agree(std::string_view one, std::string_view other) {
    for (std::string_view* const tag : {&one, &other})
        if (tag->starts_with(weak)) tag->remove_prefix(weak.size());
    return one.empty() || other.empty() || one == other;
}

bool mirror::still_gives(const version& now) {
    const std::lock_guard guard{lock_};
    if (!first_) first_ = now;
    return agree(first_->tag, now.tag) && agree(first_->modified, now.modified);
}

// A server does not compare a weak tag, which different bytes may share.
std::string mirror::condition() const {
    const std::lock_guard guard{lock_};
    if (!first_ || first_->tag.empty() || first_->tag.starts_with(weak)) return {};
    return "If-Range: " + first_->tag + "\r\n";
}

void complain(const mirror& about, const std::string& what) {
    std::fprintf(stderr, "download: %s: %s\n", about.name.c_str(), what.c_str());
}

}  // namespace download
