// Rounds of echo servers: all of them side by side under one load, in short turns, or one after the other.
// The harness asks contender by contender; whoever is asked first in a round runs it, and each hands out its part.
#pragma once

#include <cstddef>
#include <exception>
#include <harness/run.hpp>
#include <harness/seat.hpp>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

namespace bifilar::experiments {

struct load_shape {
    int connections;
    int in_flight;
    int bytes;
    double seconds;    ///< Of each server, in a round.
    double slice = 0;  ///< Of a server's turn; 0: one after the other, each of them with a load of its own.
};

class echo_rounds {
public:
    explicit echo_rounds(const load_shape& shape) : shape_{shape} {}

    /// Before the first round; the number is for part_of().
    [[nodiscard]] std::size_t add(std::vector<std::string> command);

    /// What that server gave in this round, each part once; asked for again, it is of the next round. Throws what kept
    /// it from answering twice, and the same whenever it is asked for again.
    [[nodiscard]] sample part_of(std::size_t server);

    /// This round's figure of the one of these servers that took least in all rounds so far, of those that have one. By
    /// a single round it would be the luckiest one, which is less than any takes.
    [[nodiscard]] std::optional<double> best_of(std::initializer_list<std::size_t> those) const;

private:
    struct server {
        std::vector<std::string> command;
        std::optional<sample> part;
        bool handed_out = true;
        double sum = 0;              // Of its figures in all rounds.
        std::string first_failure;   // In this round; it then had a second try.
        std::exception_ptr failure;  // It has no part in later rounds.
    };

    void run();
    void run_together(std::vector<std::size_t> group);
    [[nodiscard]] static bool forgiven(server& one);
    [[nodiscard]] std::optional<std::size_t> measure(const std::vector<std::size_t>& group);

    load_shape shape_;
    std::vector<server> servers_;
    seat where_;
};

}  // namespace bifilar::experiments
