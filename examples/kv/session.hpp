// One client's conversation: bytes in, answers out, in order; commands that come together are answered together, unless
// their answers or their work are large. No input or output of its own.
#pragma once

#include "interpreter.hpp"

#include <span>
#include <string>

namespace kv {

class session {
public:
    using clock = std::chrono::steady_clock;

    /// What comes when the answers are written.
    enum class step : unsigned char {
        receive,  ///< Receive until deadline(), then feed().
        go_on,    ///< Let others have their turn, then go_on(): more commands may be complete.
        close,    ///< Close the connection, once the peer had time to read.
        drop,     ///< Close it, whatever was to be written.
    };

    /// All three outlive it.
    session(store& in, const access& who, bifilar::byte_budget& input) noexcept
        : commands_{in, who}, answers_{in.room()}, paid_{input.try_take(0)} {}

    /// Runs the commands that are complete by now, one slice's work of them, until the answers come to gathered_bytes:
    /// a peer that does not read its answers has no more of them made.
    step feed(std::span<const std::byte> bytes);
    /// The same, without further bytes.
    step go_on();

    /// What is to be written before the next step; empty: nothing, or no more.
    [[nodiscard]] std::string_view output() const noexcept { return answers_.output(); }
    void wrote() { answers_.wrote(); }

    [[nodiscard]] clock::time_point deadline(const limits& most) const noexcept;

private:
    // How many bytes were used. Sets next_.
    std::size_t run_some(std::string_view text);
    [[nodiscard]] bool keep(std::string_view text);
    [[nodiscard]] bool pay(std::size_t memory);
    step settle();
    step refuse();

    interpreter commands_;
    parser parser_;
    answers answers_;
    // What has come and was not run, from begin_ on: after step::receive the beginning of a command, which the parser
    // knows; bounded by its limits and what is received at once.
    std::string pending_;
    std::size_t begin_ = 0;
    bifilar::byte_budget::loan paid_;  // For pending_ and what the parser holds.
    clock::time_point began_{};        // The command that is incomplete.
    bool running_ = false;             // The command in front is complete and between two slices.
    bool is_partial_ = false;
    step next_ = step::receive;
};

}  // namespace kv
