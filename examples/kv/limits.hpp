// What the server puts up with. Bytes, counts and durations; chosen by whoever runs it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace kv {

struct limits {
    std::uint64_t data_bytes = std::uint64_t{1} << 30;  ///< Of keys and values, and of what answers have of them and of
                                                        ///< words; then commands that want more are refused.
    std::uint64_t input_bytes = std::uint64_t{256}
                                << 20;             ///< Of all clients' unfinished commands; see free_input_bytes.
    std::chrono::milliseconds idle_time{300'000};  ///< Between two commands; then the connection is closed.
    std::chrono::milliseconds read_time{60'000};   ///< From a command's first byte to its last; then it is closed.
    std::chrono::milliseconds write_time{30'000};  ///< For the peer to take answers_per_write; then it is closed.
};

/// What a client's unfinished command may have without being counted.
inline constexpr std::size_t free_input_bytes = 32 * 1024;
/// Answers that come to this are written before the next command is run.
inline constexpr std::size_t gathered_bytes = 16 * 1024;
/// A value of more is written from where it lies; a word of more is counted as a value. Smaller ones are copied.
inline constexpr std::size_t copied_bytes = 4 * 1024;
/// Of a client's word, in an error.
inline constexpr std::size_t shown_bytes = 128;
/// What is written at a time at most.
inline constexpr std::size_t answers_per_write = 256 * 1024;
/// After so much work, other tasks get their turn: in bytes of words, where a word costs as much as 256.
inline constexpr std::size_t slice_bytes = 256 * 1024;
inline constexpr std::size_t slice_bytes_a_word = 256;

}  // namespace kv
