// Commands on keys, one or many; those on many go on where their last slice ended.
#include "interpreter.hpp"
#include "number.hpp"

namespace kv {

using ran = interpreter::ran;

ran interpreter::get(const command& words, answers& to) {
    to.shared(in_->get(words[1]));
    return ran::done;
}

ran interpreter::get_all(const command& words, answers& to) {
    if (at_ == 1 && count_++ == 0) to.array(words.size() - 1);
    for (; has_turn(words, to); ++at_) {
        value got = in_->get(words[at_]);
        if (got) work_ += std::min(got.text().size(), copied_bytes);
        to.shared(std::move(got));
    }
    return at_ < words.size() ? ran::more : ran::done;
}

ran interpreter::get_and_set(const command& words, answers& to) {
    value old;
    if (in_->set(words[1], words[2], {}, &old) == store::outcome::no_room)
        to.error(no_room);
    else
        to.shared(std::move(old));
    return ran::done;
}

ran interpreter::get_and_remove(const command& words, answers& to) {
    to.shared(in_->take(words[1]));
    return ran::done;
}

ran interpreter::length(const command& words, answers& to) {
    const value got = in_->get(words[1]);
    to.number(got ? static_cast<std::int64_t>(got.text().size()) : 0);
    return ran::done;
}

ran interpreter::type(const command& words, answers& to) {
    to.simple(in_->contains(words[1]) ? "string" : "none");
    return ran::done;
}

ran interpreter::answer_set(store::outcome got, answers& to) const {
    switch (got) {
        case store::outcome::done:
            to.simple("OK");
            break;
        case store::outcome::not_met:
            to.nothing();
            break;
        case store::outcome::no_room:
            to.error(no_room);
            break;
    }
    return ran::done;
}

ran interpreter::set_missing(const command& words, answers& to) {
    store::change how;
    how.when = store::only_if::missing;
    const auto got = in_->set(words[1], words[2], how);
    if (got == store::outcome::no_room)
        to.error(no_room);
    else
        to.number(got == store::outcome::done ? 1 : 0);
    return ran::done;
}

// Refused before its first key where all of them would find no room; others may take it meanwhile.
ran interpreter::set_all(const command& words, answers& to) {
    if (words.size() % 2 == 0) {
        to.error("ERR wrong number of arguments for 'mset' command");
        return ran::done;
    }
    if (at_ == 1 && words.bytes() + words.size() / 2 * store::bytes_a_key > in_->free_bytes())
        return answer_set(store::outcome::no_room, to);
    for (; has_turn(words, to); at_ += 2) {
        work_ += words[at_ + 1].size();
        if (in_->set(words[at_], words[at_ + 1], {}) == store::outcome::no_room)
            return answer_set(store::outcome::no_room, to);
    }
    return at_ < words.size() ? ran::more : answer_set(store::outcome::done, to);
}

template <class One>
ran interpreter::count(const command& words, answers& to, One one) {
    for (; has_turn(words, to); ++at_) count_ += one(words[at_]);
    if (at_ < words.size()) return ran::more;
    to.number(count_);
    return ran::done;
}

ran interpreter::remove(const command& words, answers& to) {
    return count(words, to, [this](std::string_view key) { return in_->take(key) ? 1 : 0; });
}

ran interpreter::count_present(const command& words, answers& to) {
    return count(words, to, [this](std::string_view key) { return in_->contains(key) ? 1 : 0; });
}

ran interpreter::add(const command& words, answers& to) {
    std::int64_t what = running_->unit;
    if (words.size() == 3) {
        const auto given = number(words[2]);
        if (!given) {
            to.error(not_a_number);
            return ran::done;
        }
        if (__builtin_mul_overflow(*given, what, &what)) {
            to.error("ERR decrement would overflow");
            return ran::done;
        }
    }
    const auto sum = in_->add(words[1], what);
    if (sum)
        to.number(*sum);
    else if (sum.error() == store::add_error::no_room)
        to.error(no_room);
    else
        to.error(sum.error() == store::add_error::overflow ? "ERR increment or decrement would overflow"
                                                           : not_a_number);
    return ran::done;
}

ran interpreter::count_keys(const command&, answers& to) {
    to.number(static_cast<std::int64_t>(in_->size()));
    return ran::done;
}

// A shard a slice.
ran interpreter::clear(const command& words, answers& to) {
    if (words.size() > 2 || (words.size() == 2 && !is_word(words[1], "SYNC") && !is_word(words[1], "ASYNC"))) {
        to.error(syntax_error);
        return ran::done;
    }
    in_->clear(static_cast<std::size_t>(count_));
    if (static_cast<std::size_t>(++count_) < store::shard_count) return ran::more;
    to.simple("OK");
    return ran::done;
}

}  // namespace kv
