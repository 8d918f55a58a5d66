// What the page on channels measures: conversations, messages there and back, ends, choices and memory.
// Each adds its workloads, with the peers that have such a thing.
#pragma once

#include <harness/run.hpp>

namespace bifilar::experiments {

/// From producers to consumers, spawn and join included.
void add_conversations(experiment& all);

/// Two tasks that ask and answer, on one worker and on two.
void add_round_trips(experiment& all);
/// The same between two threads.
[[nodiscard]] sample threads_round_trips(std::uint64_t trips, std::uint32_t processors);

/// Receivers that wait while their channel is closed.
void add_close(experiment& all);

/// Choices between channels that all have a message.
void add_select(experiment& all);

/// Resident bytes of very many channels. Forks: to be added first, while the process is small and has one thread.
void add_memory(experiment& all);

}  // namespace bifilar::experiments
