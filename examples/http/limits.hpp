// What a server puts up with. Bytes and durations; chosen by whoever runs it.
#pragma once

#include <chrono>
#include <cstddef>

namespace http {

struct limits {
    std::size_t head_bytes = 8 * 1024;            ///< Request line and fields; more is answered with 431. And trailers.
    std::size_t target_bytes = 4 * 1024;          ///< More is answered with 414.
    std::size_t body_bytes = 1024 * 1024;         ///< More is answered with 413.
    std::chrono::milliseconds head_time{10'000};  ///< From a request's first byte to the end of its fields; then 408.
    std::chrono::milliseconds request_time{60'000};  ///< From a request's first byte to its last; then 408.
    std::chrono::milliseconds idle_time{60'000};     ///< Between two requests; then the connection is closed.
    std::chrono::milliseconds write_time{30'000};    ///< For the peer to take an answer, or a piece of a file.
};

/// A piece of a file: what has to be taken within write_time, all but the last.
inline constexpr std::size_t file_bytes_per_write = 256 * 1024;

}  // namespace http
