// The commands, by name, and those that concern the connection. Refusals are in Redis's words.
#include "interpreter.hpp"

#include "number.hpp"

#include <algorithm>
#include <iterator>

namespace kv {

using ran = interpreter::ran;

bool is_word(std::string_view word, std::string_view upper) noexcept {
    return word.size() == upper.size() && std::equal(word.begin(), word.end(), upper.begin(), [](char a, char b) {
               return (a >= 'a' && a <= 'z' ? static_cast<char>(a - 32) : a) == b;
           });
}

struct command_table {
    using it = interpreter;
    static constexpr interpreter::kind all[] = {
        {"auth", -2, true, &it::auth},
        {"command", -1, false, &it::tell_nothing},
        {"config", -2, false, &it::config},
        {"dbsize", 1, false, &it::count_keys},
        {"decr", 2, false, &it::add, -1},
        {"decrby", 3, false, &it::add, -1},
        {"del", -2, false, &it::remove},
        {"echo", 2, false, &it::echo},
        {"exists", -2, false, &it::count_present},
        {"expire", -3, false, &it::expire, 1000},
        {"expireat", -3, false, &it::expire, 1000, true},
        {"expiretime", 2, false, &it::time_left, 1000, true},
        {"flushall", -1, false, &it::clear},
        {"flushdb", -1, false, &it::clear},
        {"get", 2, false, &it::get},
        {"getdel", 2, false, &it::get_and_remove},
        {"getset", 3, false, &it::get_and_set},
        {"host:", -1, true, &it::drop},
        {"incr", 2, false, &it::add, 1},
        {"incrby", 3, false, &it::add, 1},
        {"mget", -2, false, &it::get_all},
        {"mset", -3, false, &it::set_all},
        {"persist", 2, false, &it::persist},
        {"pexpire", -3, false, &it::expire, 1},
        {"pexpireat", -3, false, &it::expire, 1, true},
        {"pexpiretime", 2, false, &it::time_left, 1, true},
        {"ping", -1, false, &it::ping},
        {"post", -1, true, &it::drop},
        {"psetex", 4, false, &it::set_for, 1},
        {"pttl", 2, false, &it::time_left, 1},
        {"quit", -1, true, &it::quit},
        {"select", 2, false, &it::select},
        {"set", -3, false, &it::set},
        {"setex", 4, false, &it::set_for, 1000},
        {"setnx", 3, false, &it::set_missing},
        {"strlen", 2, false, &it::length},
        {"touch", -2, false, &it::count_present},
        {"ttl", 2, false, &it::time_left, 1000},
        {"type", 2, false, &it::type},
        {"unlink", -2, false, &it::remove},
    };
    static_assert(std::ranges::is_sorted(all, {}, &interpreter::kind::name));

    static const interpreter::kind* find(std::string_view name) noexcept {
        constexpr std::size_t longest = 16;
        char small[longest];
        if (name.size() > longest) return nullptr;
        std::ranges::transform(name, small,
                               [](char a) { return a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a; });
        const std::string_view wanted{small, name.size()};
        const auto found = std::ranges::lower_bound(all, wanted, {}, &interpreter::kind::name);
        return found != std::end(all) && found->name == wanted ? found : nullptr;
    }
};

namespace {

bool fits(const interpreter::kind& one, std::size_t words) noexcept {
    return one.words < 0 ? words >= static_cast<std::size_t>(-one.words) : words == static_cast<std::size_t>(one.words);
}

}  // namespace

ran interpreter::run(const command& words, answers& to, std::size_t& work) {
    if (running_ == nullptr) {
        const kind* const found = command_table::find(words[0]);
        if (found == nullptr || !fits(*found, words.size())) return refuse_call(words, to);
        if (!trusted_ && !found->is_open) {
            to.error("NOAUTH Authentication required.");
            return ran::done;
        }
        running_ = found;
        at_ = 1;
        count_ = 0;
    }
    work_ = work + slice_bytes_a_word;
    const ran got = (this->*running_->run)(words, to);
    work = work_;
    if (got != ran::more) running_ = nullptr;
    return got;
}

ran interpreter::refuse_call(const command& words, answers& to) const {
    const kind* const found = command_table::find(words[0]);
    if (found != nullptr) {
        to.error("ERR wrong number of arguments for '" + std::string{found->name} + "' command");
        return ran::done;
    }
    std::string given;
    for (std::size_t at = 1; at < words.size() && given.size() < shown_bytes; ++at) {
        const std::string_view beginning = shown(words[at], shown_bytes - given.size());
        given.append("'").append(beginning).append("' ");
    }
    to.error(std::string{"ERR unknown command '"}
                 .append(shown(words[0]))
                 .append("', with args beginning with: ")
                 .append(given));
    return ran::done;
}

bool interpreter::has_turn(const command& words, const answers& to) {
    if (at_ >= words.size() || work_ >= slice_bytes || to.is_full()) return false;
    work_ += slice_bytes_a_word + words[at_].size();
    return true;
}

ran interpreter::ping(const command& words, answers& to) {
    if (words.size() > 2)
        to.error("ERR wrong number of arguments for 'ping' command");
    else
        words.size() == 1 ? to.simple("PONG") : to.text(words[1]);
    return ran::done;
}

ran interpreter::echo(const command& words, answers& to) {
    to.text(words[1]);
    return ran::done;
}

ran interpreter::auth(const command& words, answers& to) {
    if (words.size() > 3) {
        to.error(syntax_error);
    } else if (words.size() == 2 && !who_->needs_password()) {
        to.error(
            "ERR AUTH <password> called without any password configured for the default user. Are you sure your "
            "configuration is correct?");
    } else if ((words.size() == 3 && words[1] != "default") ||
               (who_->needs_password() && !who_->is_password(words[words.size() - 1]))) {
        to.error("WRONGPASS invalid username-password pair or user is disabled.");
    } else {
        trusted_ = true;
        to.simple("OK");
    }
    return ran::done;
}

ran interpreter::select(const command& words, answers& to) {
    const auto index = number(words[1]);
    if (!index)
        to.error(not_a_number);
    else
        *index == 0 ? to.simple("OK") : to.error("ERR DB index is out of range");
    return ran::done;
}

ran interpreter::quit(const command&, answers& to) {
    to.simple("OK");
    return ran::closes;
}

// A browser was made to send this: what follows is not its user's either.
ran interpreter::drop(const command&, answers&) { return ran::drops; }

// What clients ask at their start.
ran interpreter::tell_nothing(const command&, answers& to) {
    to.array(0);
    return ran::done;
}

ran interpreter::config(const command& words, answers& to) {
    if (is_word(words[1], "GET") && words.size() >= 3)
        to.array(0);
    else if (is_word(words[1], "GET"))
        to.error("ERR wrong number of arguments for 'config|get' command");
    else
        to.error(std::string{"ERR unknown subcommand '"}.append(shown(words[1])).append("'. Try CONFIG HELP."));
    return ran::done;
}

}  // namespace kv
