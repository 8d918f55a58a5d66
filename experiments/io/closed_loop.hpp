// Connections to one echo server, each with a few messages under way: what comes back is sent anew, together.
// Blocking sends, and receives that an epoll instance of its own announces; every byte is compared.
#pragma once

#include <chrono>
#include <cstddef>
#include <harness/histogram.hpp>
#include <harness/server_address.hpp>
#include <vector>

namespace bifilar::experiments {

class closed_loop {
public:
    using clock = std::chrono::steady_clock;

    struct shape {
        std::size_t connections = 64;
        std::size_t in_flight = 1;  ///< Messages of each connection.
        std::size_t bytes = 64;     ///< Of a message.
    };

    /// Connects, and sends nothing yet. Throws std::invalid_argument with a text that names the remedy.
    closed_loop(const server_address& to, const shape& wanted);
    closed_loop(const closed_loop&) = delete;
    closed_loop& operator=(const closed_loop&) = delete;
    ~closed_loop();

    /// Sends all messages, goes on for so long, and then collects the answers still under way, which count as well: the
    /// server has nothing left to do. Throws std::invalid_argument when an answer is wrong or missing.
    void turn(clock::duration length);

    /// Forgets what was counted so far.
    void forget() noexcept { latencies_ = histogram{}; }
    [[nodiscard]] const histogram& latencies() const noexcept { return latencies_; }

private:
    struct connection {
        int descriptor = -1;
        std::size_t received = 0;  // Of the message that is coming back.
        std::size_t oldest = 0;    // Its place in `began`.
        std::vector<clock::time_point> began;
        std::vector<char> messages;  // As many as are in flight, all alike.
        std::vector<char> back;
    };

    void open(connection& one, std::size_t number, const server_address& to);
    void begin(connection& one, std::size_t messages);
    [[nodiscard]] std::size_t answered(connection& one);
    void collect(bool and_send_anew);

    const shape shape_;
    int epoll_;
    std::vector<connection> connections_;
    std::size_t under_way_ = 0;  // Messages that were sent and not answered.
    clock::time_point last_answer_;
    histogram latencies_;
};

}  // namespace bifilar::experiments
