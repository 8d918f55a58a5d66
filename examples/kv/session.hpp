// One client's conversation: bytes in, answers out, in order; commands that come together are answered together.
#pragma once

#include "resp.hpp"
#include "store.hpp"

#include <span>
#include <string>

namespace kv {

class session {
public:
    explicit session(store& in) noexcept : in_{&in} {}

    /// Runs every command that is complete by now. False: close the connection when the answers are written.
    bool feed(std::span<const std::byte> bytes);
    /// What is to be written; the caller clears it then.
    [[nodiscard]] std::string& answers() noexcept { return answers_; }

private:
    /// How many bytes were used.
    std::size_t run_all(std::string_view text);
    void run(const command& words);
    void set(const command& words);
    void expire(const command& words, std::int64_t unit_ms);
    void time_left(std::string_view key, std::int64_t unit_ms);
    void add(std::string_view key, std::int64_t what);

    store* in_;
    parser parser_;
    std::string pending_;  // The beginning of a command, which the parser knows; bounded by its limits.
    std::string answers_;
    command words_;
    bool open_ = true;
};

}  // namespace kv
