// Rings without a scheduler: n suspended computations, resumed one after the other from a plain loop.
// What a switch costs by itself, and what its memory costs once n of them no longer fit a cache.
#pragma once

#include <cstddef>
#include <cstdint>

#include "run.hpp"

namespace bifilar::experiments {

struct ring_shape {
    std::size_t tasks = 2;
    std::uint64_t turns = 0;  ///< Resumes that are timed; a round of all tasks comes before.
    bool shuffled = false;    ///< In a random order that stays, so that no prefetcher can guess the next one.
    bool linked = false;   ///< The next address is loaded from the member resumed; jumps and copies know no such ring.
    bool coloured = true;  ///< Stacks' tops are spread over the cache's sets.
    std::function<void()> after_each;  ///< Called after every counted resume; the value is then no measure.
};

/// Boost.Context's jump_fcontext there and back; stacks of 16 KiB from the library's pool.
[[nodiscard]] sample jump_ring(const ring_shape& shape);
/// The library's own switch, which adds the exception globals.
[[nodiscard]] sample fiber_context_ring(const ring_shape& shape);
/// A C++ coroutine with a frame of about 256 bytes, resumed through its handle.
[[nodiscard]] sample coroutine_ring(const ring_shape& shape);
/// An object of about 256 bytes with a virtual poll.
[[nodiscard]] sample poll_ring(const ring_shape& shape);

/// An object of about 256 bytes in which a pointer is copied from one place to another: the least that could be called
/// a resumption.
[[nodiscard]] sample copy_ring(const ring_shape& shape);
/// Resumes nobody: the turn is looked up and counted. What the loop takes by itself.
[[nodiscard]] sample empty_ring(const ring_shape& shape);

/// A permutation of 0..n-1: the identity, or a random one from a fixed seed.
[[nodiscard]] std::vector<std::uint32_t> ring_order(std::size_t tasks, bool shuffled);

}  // namespace bifilar::experiments
