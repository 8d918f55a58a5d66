// Commands on times: when keys end. Moments are milliseconds of the system's clock, and those that it cannot tell are
// refused.
#include "interpreter.hpp"
#include "number.hpp"

#include <cstdint>
#include <limits>

namespace kv {
namespace {

using ran = interpreter::ran;
using std::chrono::milliseconds;

// The latest that a key may end, without being for ever.
constexpr store::moment latest = store::forever - milliseconds{1};

// So many units from now, or from the epoch. Empty where the clock does not reach.
std::optional<store::moment> moment_of(std::int64_t count, std::int64_t unit_ms, bool absolute) noexcept {
    std::int64_t time_ms = 0;
    if (__builtin_mul_overflow(count, unit_ms, &time_ms)) return std::nullopt;
    const std::int64_t base_ms = absolute ? 0 : store::now().time_since_epoch().count();
    if (__builtin_add_overflow(time_ms, base_ms, &time_ms)) return std::nullopt;
    return std::min(store::moment{milliseconds{time_ms}}, latest);
}

ran refuse_time(std::string_view command, answers& to) {
    to.error("ERR invalid expire time in '" + std::string{command} + "' command");
    return ran::done;
}

ran refuse(std::string_view why, answers& to) {
    to.error(why);
    return ran::done;
}

// What follows a key and its value.
struct set_words {
    store::change how;
    bool gets = false;
    std::int64_t unit_ms = 0;  // Of the time, where there is one.
    bool absolute = false;
    std::string_view time;
};

// False where they are none, or do not go together.
bool read(const command& words, set_words& into) {
    for (std::size_t at = 3; at < words.size(); ++at) {
        const std::string_view word = words[at];
        const bool is_free = into.unit_ms == 0 && !into.how.keeps_end;
        const bool seconds = is_word(word, "EX") || is_word(word, "EXAT");
        if ((is_word(word, "NX") || is_word(word, "XX")) && into.how.when != store::only_if::always) {
            const auto same = is_word(word, "NX") ? store::only_if::missing : store::only_if::present;
            if (into.how.when != same) return false;
        } else if (is_word(word, "NX")) {
            into.how.when = store::only_if::missing;
        } else if (is_word(word, "XX")) {
            into.how.when = store::only_if::present;
        } else if (is_word(word, "GET")) {
            into.gets = true;
        } else if (is_word(word, "KEEPTTL") && into.unit_ms == 0) {
            into.how.keeps_end = true;
        } else if ((seconds || is_word(word, "PX") || is_word(word, "PXAT")) && is_free && at + 1 < words.size()) {
            into.unit_ms = seconds ? 1000 : 1;
            into.absolute = word.size() == 4;
            into.time = words[++at];
        } else {
            return false;
        }
    }
    return true;
}

}  // namespace

// SET key value [EX seconds | PX milliseconds | EXAT s | PXAT ms | KEEPTTL] [NX | XX] [GET]
ran interpreter::set(const command& words, answers& to) {
    set_words given;
    if (!read(words, given)) return refuse(syntax_error, to);
    if (given.unit_ms != 0) {
        const auto time = number(given.time);
        if (!time) return refuse(not_a_number, to);
        const auto until = moment_of(*time, given.unit_ms, given.absolute);
        if (*time <= 0 || !until) return refuse_time("set", to);
        given.how.until = *until;
    }
    value old;
    const auto got = in_->set(words[1], words[2], given.how, given.gets ? &old : nullptr);
    if (!given.gets || got == store::outcome::no_room) return answer_set(got, to);
    to.shared(std::move(old));
    return ran::done;
}

// SETEX, PSETEX: key time value.
ran interpreter::set_for(const command& words, answers& to) {
    const auto time = number(words[2]);
    if (!time) return refuse(not_a_number, to);
    const auto until = moment_of(*time, running_->unit, false);
    if (*time <= 0 || !until) return refuse_time(running_->name, to);
    store::change how;
    how.until = *until;
    return answer_set(in_->set(words[1], words[3], how), to);
}

// EXPIRE, PEXPIRE, EXPIREAT, PEXPIREAT: key time [NX | XX | GT | LT]
ran interpreter::expire(const command& words, answers& to) {
    bool nx = false, xx = false, gt = false, lt = false;
    for (std::size_t at = 3; at < words.size(); ++at) {
        bool* const option = is_word(words[at], "NX")   ? &nx
                             : is_word(words[at], "XX") ? &xx
                             : is_word(words[at], "GT") ? &gt
                             : is_word(words[at], "LT") ? &lt
                                                        : nullptr;
        if (option == nullptr) return refuse(std::string{"ERR Unsupported option "}.append(shown(words[at])), to);
        *option = true;
    }
    if (nx && (xx || gt || lt))
        return refuse("ERR NX and XX, GT or LT options at the same time are not compatible", to);
    if (gt && lt) return refuse("ERR GT and LT options at the same time are not compatible", to);
    const auto time = number(words[2]);
    if (!time) return refuse(not_a_number, to);
    const auto until = moment_of(*time, running_->unit, running_->absolute);
    if (!until) return refuse_time(running_->name, to);
    const bool done = in_->expire(words[1], *until, [=](store::moment present) {
        const bool ends = present != store::forever;
        return !(nx && ends) && !(xx && !ends) && !(gt && *until <= present) && !(lt && *until >= present);
    });
    to.number(done ? 1 : 0);
    return ran::done;
}

ran interpreter::persist(const command& words, answers& to) {
    const bool done =
        in_->expire(words[1], store::forever, [](store::moment present) { return present != store::forever; });
    to.number(done ? 1 : 0);
    return ran::done;
}

// TTL, PTTL, EXPIRETIME, PEXPIRETIME: -2 without the key, -1 where it does not end. Rounded as Redis does.
ran interpreter::time_left(const command& words, answers& to) {
    const auto until = in_->expiry(words[1]);
    if (!until || *until == store::forever) {
        to.number(until ? -1 : -2);
        return ran::done;
    }
    const store::moment from = running_->absolute ? store::moment{} : store::now();
    const std::int64_t left = std::max<std::int64_t>((*until - from).count(), 0);
    to.number(running_->unit == 1 ? left
                                  : left / running_->unit + (left % running_->unit >= running_->unit / 2 ? 1 : 0));
    return ran::done;
}

}  // namespace kv
