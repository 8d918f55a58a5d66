// The marks by which a memory trace of this program is cut into operations, and the operations, in the order in which
// the program does them. Written by trace.cpp, read by lines.cpp.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace bifilar::experiments {

/// A page of its own, at an address that both sides know. Its first line is written behind each turn; the line of an
/// operation when all are warm, and when all have ended.
inline constexpr std::uintptr_t marks_address = 0x5f00'0000'0000;
inline constexpr std::size_t marked_line_bytes = 64;

struct traced_operation {
    std::string_view name;
    /// Whether all workers do it at the same time, each with tasks of its own: a turn is what one thread does from one
    /// mark to its next. Else one task does it, others take part, and a turn is what all threads do meanwhile.
    bool on_all_workers;
};

inline constexpr std::uint32_t traced_turns = 16;
inline constexpr std::array traced_operations{
    traced_operation{"the loop by itself", true},
    traced_operation{"spawn and await at once", true},
    traced_operation{"spawn, let go, and wait for its word", true},
    traced_operation{"yield, three tasks a worker", true},
    traced_operation{"wake a task of the same worker and wait", true},
    traced_operation{"lock and unlock a mutex of its own", true},
    traced_operation{"lock and unlock a mutex that all want", true},
    traced_operation{"send and receive by a channel of its own", true},
    traced_operation{"send and receive by a channel of all", true},
    traced_operation{"set a timer, yield, and cancel it", true},
    traced_operation{"sleep for a millisecond, and the worker with it", true},
    traced_operation{"spawn two, of which another worker takes one", false},
    traced_operation{"wake a task that another worker runs", false},
    traced_operation{"spawn and join from a thread outside", false},
};

/// Does all of them, as coroutines or fibers, on so many workers, with the marks. Gives the process's exit code.
[[nodiscard]] int trace(std::string_view model, std::uint32_t workers);

}  // namespace bifilar::experiments
