// Where the threads of a repetition sat: which processors they were narrowed to, and how many they were.
// Written by pin.cpp and by servers under measurement, read by run.cpp; in the thread that runs the repetitions.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <vector>

namespace bifilar::experiments {

/// The processors of one repetition; none: nothing was pinned, and all that the process may use were open to it.
struct seat {
    std::vector<int> processors;  ///< Numbers of the operating system, ascending, each once.
    std::size_t threads = 0;  ///< The most that were to run at the same time on processors of their own; 0: not said.

    /// More threads than processors: they take turns, and their figures say as much about the kernel's turns.
    [[nodiscard]] bool oversubscribed() const noexcept { return !processors.empty() && threads > processors.size(); }
};

/// Adds processors, and `threads` that wanted one each, to what the repetition has noted so far.
void note_seat(const std::vector<int>& processors, std::size_t threads);

/// What was noted since the last call.
[[nodiscard]] seat take_seat();

/// "0-3,8", as the kernel writes such lists.
[[nodiscard]] std::string listed(const std::vector<int>& processors);

/// The same with further threads and processors, of a repetition in another process.
void note_seat(const nlohmann::json& written);

/// {"processors": [0, 1], "threads": 2}: for note_seat in another process.
[[nodiscard]] nlohmann::json written(const seat& of);

/// {"processors": "0-1", "pinned": true}, with "threads" and "oversubscribed" where there were more of those.
[[nodiscard]] nlohmann::ordered_json described(const seat& of);

}  // namespace bifilar::experiments
