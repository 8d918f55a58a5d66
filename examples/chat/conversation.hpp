// A member's conversation in both models, and what all members share.
#pragma once

#include <bifilar/bifilar.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace chat {

class message {
public:
    message(std::uint64_t from, std::string text) : from{from}, text{std::move(text)} {}
    std::uint64_t from;  // The number of the connection.
    std::string text;
};

/// Shared, not copied, by those who read it.
using shared_message = std::shared_ptr<const message>;
using room = bifilar::broadcast<shared_message>;

struct limits {
    std::uint32_t history = 1024;                  ///< Messages that a member may be behind.
    std::chrono::milliseconds name_time{30'000};   ///< For the first line.
    std::chrono::milliseconds write_time{60'000};  ///< For a member to take what is said.
};

/// What all members share. Outlives them.
class meeting {
public:
    explicit meeting(const limits& most) : everybody{most.history}, most{most} {}

    room everybody;
    const limits most;
};

bifilar::task<void> converse(bifilar::tcp_stream stream, bifilar::serving server, meeting& in);
void converse_in_fiber(bifilar::tcp_stream stream, bifilar::serving server, meeting& in);

}  // namespace chat
