// One client's conversation: bytes in, answers out, in order; commands that come together are answered together, unless
// their answers are large.
#pragma once

#include "resp.hpp"
#include "store.hpp"

#include <span>
#include <string>

namespace kv {

class session {
public:
    /// What comes when the answers are written.
    enum class step : unsigned char {
        receive,  ///< Receive, then feed().
        go_on,    ///< go_on(): more commands may be complete.
        close,    ///< Close the connection.
    };

    explicit session(store& in) noexcept : in_{&in} {}

    /// Runs the commands that are complete by now, until their answers come to 256 KiB: a peer that does not read its
    /// answers has no more of them made. So the answers never have more than that and one command's.
    step feed(std::span<const std::byte> bytes);
    /// The same, without further bytes.
    step go_on();
    /// What is to be written before the next step.
    [[nodiscard]] const std::string& answers() const noexcept { return answers_; }
    void wrote();

private:
    /// How many bytes were used. Sets next_.
    std::size_t run_some(std::string_view text);
    void run(const command& words);
    void get_all(const command& words);
    void add_value(std::string_view key);
    void set(const command& words);
    void expire(const command& words, std::int64_t unit_ms);
    void time_left(std::string_view key, std::int64_t unit_ms);
    void add(std::string_view key, std::int64_t what);

    store* in_;
    parser parser_;
    // What has come and was not run: after step::receive the beginning of a command, which the parser knows; bounded by
    // its limits and what is received at once.
    std::string pending_;
    std::string answers_;
    command words_;
    step next_ = step::receive;
};

}  // namespace kv
