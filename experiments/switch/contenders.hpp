// What takes turns: tasks of one runtime, or two threads. One turn: resumed, counts, gives up.
// Values are nanoseconds a turn, or a round trip for channels.
#pragma once

#include <bifilar/runtime/spawn_options.hpp>
#include <cstdint>
#include <harness/bare_ring.hpp>

namespace bifilar::experiments {

/// Tasks that yield through the run queue of one worker. `tasks * rounds` turns are timed.
[[nodiscard]] sample coroutine_yields(std::size_t tasks, std::uint64_t rounds, bool shuffled);
[[nodiscard]] sample hand_future_yields(std::size_t tasks, std::uint64_t rounds, bool shuffled);
[[nodiscard]] sample fiber_yields(std::size_t tasks, std::uint64_t rounds, bool shuffled);

/// What a pair of switches saves beside the stack pointer.
enum class switched {
    stack_pointer,  ///< Nothing: the two sides agree on what is in the registers.
    six_registers,  ///< Those that a call preserves.
    control_words,  ///< The six, and those of floating point, as jump_fcontext does.
    simd_state,     ///< The six, and all of x87 and SSE: 512 bytes by fxsave.
};
/// Two sides in assembly. Throws std::runtime_error elsewhere than on x86-64.
[[nodiscard]] sample switched_parts(switched what, std::uint64_t turns);

/// Resumes a ring of two `turns` times, for a count of the instructions. The process's exit code.
[[nodiscard]] int count_turns(const char* model, std::uint64_t turns);

/// Two threads wake each other. `processors` 1: both on the same one; 2: one each.
[[nodiscard]] sample threads_by_futex(std::uint64_t turns, std::size_t processors);
[[nodiscard]] sample threads_by_pipe(std::uint64_t turns, std::size_t processors);

/// A request and a reply over two channels of capacity 1, between two tasks of one worker.
[[nodiscard]] sample channel_round_trips(backend on, std::uint64_t trips);

}  // namespace bifilar::experiments
