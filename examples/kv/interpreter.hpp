// What one client's commands do, in slices: one that names very many keys lets others have their turn.
#pragma once

#include "access.hpp"
#include "answers.hpp"
#include "resp.hpp"
#include "store.hpp"

namespace kv {

class interpreter {
public:
    enum class ran : unsigned char {
        done,
        more,    ///< run() again, with the same words.
        closes,  ///< Close the connection when the answers are written.
        drops,   ///< Close it now.
    };
    /// One of the commands; see interpreter.cpp.
    struct kind;

    interpreter(store& in, const access& who) noexcept : in_{&in}, who_{&who}, trusted_{!who.needs_password()} {}

    /// Begins a command of one word at least, or goes on with it, until `work` comes to slice_bytes or the answers are
    /// full. Others' commands may run between two slices of one: MSET and MGET of very many keys are no single step.
    ran run(const command& words, answers& to, std::size_t& work);
    /// Whether the client needs no password, or has said it.
    [[nodiscard]] bool is_trusted() const noexcept { return trusted_; }

private:
    friend struct command_table;

    ran refuse_call(const command& words, answers& to) const;
    // Whether the next word is to be worked on in this slice; it is counted.
    [[nodiscard]] bool has_turn(const command& words, const answers& to);

    // Of the connection.
    ran ping(const command& words, answers& to);
    ran echo(const command& words, answers& to);
    ran auth(const command& words, answers& to);
    ran select(const command& words, answers& to);
    ran quit(const command& words, answers& to);
    ran drop(const command& words, answers& to);
    ran tell_nothing(const command& words, answers& to);
    ran config(const command& words, answers& to);
    // Of keys: key_commands.cpp.
    ran get(const command& words, answers& to);
    ran get_all(const command& words, answers& to);
    ran get_and_set(const command& words, answers& to);
    ran get_and_remove(const command& words, answers& to);
    ran length(const command& words, answers& to);
    ran type(const command& words, answers& to);
    ran set_missing(const command& words, answers& to);
    ran set_all(const command& words, answers& to);
    ran remove(const command& words, answers& to);
    ran count_present(const command& words, answers& to);
    ran add(const command& words, answers& to);
    ran count_keys(const command& words, answers& to);
    ran clear(const command& words, answers& to);
    // Of time: time_commands.cpp.
    ran set(const command& words, answers& to);
    ran set_for(const command& words, answers& to);
    ran expire(const command& words, answers& to);
    ran persist(const command& words, answers& to);
    ran time_left(const command& words, answers& to);

    template <class One>
    ran count(const command& words, answers& to, One one);
    ran answer_set(store::outcome got, answers& to) const;
    ran answer_sum(std::string_view key, std::int64_t what, answers& to);

    store* in_;
    const access* who_;
    bool trusted_;
    const kind* running_ = nullptr;
    // Of the one that runs: how far it is, and its answer until there.
    std::size_t at_ = 0;
    std::int64_t count_ = 0;
    std::size_t work_ = 0;  // Of this slice.
};

/// `upper` in letters of either kind.
[[nodiscard]] bool is_word(std::string_view word, std::string_view upper) noexcept;

inline constexpr std::string_view not_a_number = "ERR value is not an integer or out of range";
inline constexpr std::string_view syntax_error = "ERR syntax error";

/// A command's row in the table.
struct interpreter::kind {
    std::string_view name;  // In small letters.
    int words;              // How many with the name; negative: at least so many.
    bool is_open;           // Also for who has not said the password.
    ran (interpreter::*run)(const command&, answers&);
    std::int64_t unit = 0;  // What distinguishes those that share a function: milliseconds a unit, or what is added.
    bool absolute = false;  // Its times are moments, not durations.
};

}  // namespace kv
