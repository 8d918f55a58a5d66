// The commands, by name.
#include "session.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace kv {
namespace {

using std::chrono::milliseconds;

bool is(std::string_view word, std::string_view upper) noexcept {
    return word.size() == upper.size() && std::equal(word.begin(), word.end(), upper.begin(), [](char a, char b) {
               return (a >= 'a' && a <= 'z' ? static_cast<char>(a - 32) : a) == b;
           });
}

std::optional<std::int64_t> number(std::string_view text) noexcept {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

constexpr std::string_view not_a_number = "ERR value is not an integer or out of range";

constexpr std::string_view too_large =
    "ERR Protocol error: a command may have 1,000,000 words, and 64 MiB in all of them";
static_assert(most_words == 1'000'000 && most_bytes == std::size_t{64} << 20);

constexpr std::string_view answer_too_large =
    "ERR the values of an answer may have 64 MiB in all of them; ask for fewer keys at a time";
static_assert(most_answer_bytes == std::size_t{64} << 20);

// Answers that come to this are written before the next command is run.
constexpr std::size_t gathered_bytes = 256 * 1024;

// A time from now; times beyond what a clock can tell are for ever.
store::clock::time_point from_now(std::int64_t count, std::int64_t unit_ms) noexcept {
    constexpr std::int64_t most_ms = std::int64_t{1000} * 3600 * 24 * 365 * 100;
    return count > most_ms / unit_ms ? store::forever : store::clock::now() + milliseconds{count * unit_ms};
}

}  // namespace

session::step session::feed(std::span<const std::byte> bytes) {
    const std::string_view text{reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    if (pending_.empty()) {
        pending_.append(text.substr(run_some(text)));
        return next_;
    }
    pending_.append(text);
    return go_on();
}

session::step session::go_on() {
    pending_.erase(0, run_some(pending_));
    return next_;
}

void session::wrote() {
    answers_.clear();
    // Who has asked for a lot once need not do so again.
    if (answers_.capacity() > 16 * gathered_bytes) answers_.shrink_to_fit();
}

std::size_t session::run_some(std::string_view text) {
    std::size_t used = 0;
    for (next_ = step::go_on; next_ == step::go_on && answers_.size() < gathered_bytes;) {
        std::size_t taken = 0;
        const parsed got = parser_.next(text.substr(used), words_, taken);
        if (got == parsed::incomplete) {
            next_ = step::receive;
        } else if (got != parsed::complete) {
            add_error(answers_, got == parsed::broken ? "ERR Protocol error: send arrays of bulk strings" : too_large);
            next_ = step::close;
        } else {
            used += taken;
            if (!words_.empty()) run(words_);
        }
    }
    return used;
}

void session::run(const command& words) {
    const std::string_view name = words[0];
    const std::size_t given = words.size() - 1;
    const auto count_keys = [&](auto one) { add_number(answers_, std::count_if(words.begin() + 1, words.end(), one)); };
    if (is(name, "GET") && given == 1) {
        add_value(words[1]);
    } else if (is(name, "SET") && given >= 2) {
        set(words);
    } else if (is(name, "PING") && given <= 1) {
        given == 0 ? add_simple(answers_, "PONG") : add_string(answers_, words[1]);
    } else if (is(name, "ECHO") && given == 1) {
        add_string(answers_, words[1]);
    } else if (is(name, "INCR") && given == 1) {
        add(words[1], 1);
    } else if (is(name, "DECR") && given == 1) {
        add(words[1], -1);
    } else if (is(name, "INCRBY") && given == 2) {
        const auto what = number(words[2]);
        what ? add(words[1], *what) : add_error(answers_, not_a_number);
    } else if ((is(name, "DEL") || is(name, "UNLINK")) && given >= 1) {
        count_keys([this](std::string_view key) { return in_->erase(key); });
    } else if (is(name, "EXISTS") && given >= 1) {
        count_keys([this](std::string_view key) { return in_->contains(key); });
    } else if (is(name, "MGET") && given >= 1) {
        get_all(words);
    } else if (is(name, "MSET") && given >= 2 && given % 2 == 0) {
        for (std::size_t at = 1; at < words.size(); at += 2) in_->set(words[at], words[at + 1]);
        add_simple(answers_, "OK");
    } else if (is(name, "EXPIRE") && given == 2) {
        expire(words, 1000);
    } else if (is(name, "PEXPIRE") && given == 2) {
        expire(words, 1);
    } else if (is(name, "TTL") && given == 1) {
        time_left(words[1], 1000);
    } else if (is(name, "PTTL") && given == 1) {
        time_left(words[1], 1);
    } else if (is(name, "DBSIZE") && given == 0) {
        add_number(answers_, static_cast<std::int64_t>(in_->size()));
    } else if (is(name, "FLUSHALL") || is(name, "FLUSHDB")) {
        in_->clear();
        add_simple(answers_, "OK");
    } else if (is(name, "SELECT") && given == 1) {
        is(words[1], "0") ? add_simple(answers_, "OK") : add_error(answers_, "ERR there is one database, 0");
    } else if (is(name, "COMMAND") || is(name, "CONFIG")) {
        add_array(answers_, 0);  // What clients ask at their start.
    } else if (is(name, "QUIT")) {
        add_simple(answers_, "OK");
        next_ = step::close;
    } else {
        std::string what{"ERR unknown command, or wrong number of arguments, for '"};
        for (const char letter : name.substr(0, 64)) what += letter >= ' ' && letter < 127 ? letter : '?';
        add_error(answers_, what + "'");
    }
}

void session::add_value(std::string_view key) {
    if (!in_->get(key, [this](std::string_view value) { add_string(answers_, value); })) add_nothing(answers_);
}

// What a command may name and what a value may have do not bound their product.
void session::get_all(const command& words) {
    const std::size_t began = answers_.size();
    std::size_t room = most_answer_bytes;
    bool fits = true;
    const auto add = [&](std::string_view value) {
        fits = value.size() <= room;
        if (!fits) return;
        room -= value.size();
        add_string(answers_, value);
    };
    add_array(answers_, words.size() - 1);
    for (std::size_t at = 1; fits && at < words.size(); ++at)
        if (!in_->get(words[at], add)) add_nothing(answers_);
    if (fits) return;
    answers_.resize(began);
    add_error(answers_, answer_too_large);
}

// SET key value [EX seconds | PX milliseconds] [NX | XX]
void session::set(const command& words) {
    store::clock::time_point until = store::forever;
    store::only_if when = store::only_if::always;
    for (std::size_t at = 3; at < words.size(); ++at) {
        const bool seconds = is(words[at], "EX");
        if (is(words[at], "NX")) {
            when = store::only_if::missing;
        } else if (is(words[at], "XX")) {
            when = store::only_if::present;
        } else if ((seconds || is(words[at], "PX")) && at + 1 < words.size()) {
            const auto time = number(words[++at]);
            if (!time || *time <= 0) return add_error(answers_, "ERR invalid expire time in 'set' command");
            until = from_now(*time, seconds ? 1000 : 1);
        } else {
            return add_error(answers_, "ERR syntax error");
        }
    }
    in_->set(words[1], words[2], until, when) ? add_simple(answers_, "OK") : add_nothing(answers_);
}

void session::expire(const command& words, std::int64_t unit_ms) {
    const auto time = number(words[2]);
    if (!time) return add_error(answers_, not_a_number);
    const bool done = *time <= 0 ? in_->erase(words[1]) : in_->expire(words[1], from_now(*time, unit_ms));
    add_number(answers_, done ? 1 : 0);
}

void session::time_left(std::string_view key, std::int64_t unit_ms) {
    const auto until = in_->expiry(key);
    if (!until) return add_number(answers_, -2);
    if (*until == store::forever) return add_number(answers_, -1);
    const auto left = std::chrono::ceil<milliseconds>(*until - store::clock::now()).count();
    add_number(answers_, (std::max<std::int64_t>(left, 0) + unit_ms - 1) / unit_ms);
}

void session::add(std::string_view key, std::int64_t what) {
    const auto sum = in_->add(key, what);
    sum ? add_number(answers_, *sum) : add_error(answers_, not_a_number);
}

}  // namespace kv
