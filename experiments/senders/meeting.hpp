// Senders that are parked on one channel: each sends one value, which has to wait because the channel is full.
// One worker; a file a question.
#pragma once

#include <harness/measure.hpp>
#include <harness/peers.hpp>

#include <optional>
#include <vector>

namespace bifilar::experiments {

struct meeting {
    explicit meeting(std::uint32_t capacity) : through{capacity} {
        for (std::uint32_t n = 0; n < capacity; ++n) (void)through.try_send(1);
    }
    channel<std::uint64_t> through;
    std::uint64_t arrived = 0;  // The one worker's thread alone.
};

/// One handle a sender.
using sender_handles = std::vector<std::optional<join_handle<void>>>;

/// Spawns one sender.
[[nodiscard]] join_handle<void> start_sender(backend on, meeting* at);

/// Drained of what its senders and itself hold: nanoseconds a message, and the values' sum.
[[nodiscard]] task<sample> drain(meeting* at, std::uint64_t messages);

/// Senders that wait on a channel of that capacity, then what it takes to receive from all of them.
void add_parked(experiment& all, std::uint32_t capacity, std::uint64_t senders);

/// Producers that each send so many messages to one consumer.
void add_crowd(experiment& all, std::uint64_t producers, std::uint64_t each);

/// What one more sender pays that gives up, beside all those.
void add_given_up(experiment& all, std::uint64_t senders);

}  // namespace bifilar::experiments
