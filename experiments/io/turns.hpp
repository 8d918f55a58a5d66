// Servers side by side: each in turn answers for a short while, so that all see the same minutes of a noisy machine.
// Counts the processor time that a server takes in its turns, by the clock of its process.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <harness/wrong_bytes.hpp>
#include <random>
#include <stdexcept>
#include <vector>

#include "closed_loop.hpp"

namespace bifilar::experiments {

/// One of the servers failed, and with it the turns of all: what it did on the way may have disturbed its neighbours.
struct failed_server : std::runtime_error {
    failed_server(std::size_t which, const std::exception& why)
        : std::runtime_error{why.what()}, number{which}, wrong{dynamic_cast<const wrong_bytes*>(&why) != nullptr} {}
    std::size_t number;  ///< As added.
    bool wrong;          ///< It answered, with other bytes.
};

class turns {
public:
    struct counted {
        counted(const server_address& to, const closed_loop::shape& wanted, pid_t of)
            : requests{to, wanted}, process{of} {}
        closed_loop requests;
        pid_t process;  ///< 0: its processor time is not counted.
        std::uint64_t processor_ns = 0;
        closed_loop::clock::duration took{};
    };

    /// The next server, which gets its connections. Throws failed_server.
    void add(const server_address& to, pid_t process, const closed_loop::shape& wanted);

    /// Lets each server answer for so long, in turns of about `slice`; what was counted before is forgotten. A turn is
    /// as long as it takes, with its last answers. Throws failed_server.
    void take(closed_loop::clock::duration each, closed_loop::clock::duration slice);

    /// In the order in which they were added.
    [[nodiscard]] const std::deque<counted>& servers() const noexcept { return servers_; }

private:
    std::deque<counted> servers_;  // The connections stay where they are.
    std::vector<std::size_t> order_;
    std::mt19937 random_{std::random_device{}()};  // Another order in each process: a fixed one would favour someone.
};

}  // namespace bifilar::experiments
