// How the frame pool gives memory back to the system: what was not needed lately, and all of it in the end.
// Workers that fall asleep do so. Nothing of this is on the way of allocate_frame and release_frame.
#pragma once

#include <bifilar/base/detail/clock.hpp>
#include <cstdint>

namespace bifilar::detail {

/// When a trim may be worth it, which is the greater of two.
enum class trim_need : std::uint8_t {
    none,   ///< Little lies unused.
    later,  ///< What does could not be given back the last time. Its neighbours in use may have gone since.
    soon,
};

/// `none` up to 256 KiB, `later` up to so much more than what the last trim could not give back. Two loads; any thread.
[[nodiscard]] trim_need frames_need_trimming() noexcept;

/// Hands the calling thread's share to the pool and, when the last trim was at least `pause` before `now`, gives back
/// what nobody has needed since then, in slabs of 64 KiB of which no block is in use; true when it was. Blocks that
/// other threads keep for themselves, at most 128 of each size, count as in use. Any thread; takes some 20 ns for each
/// free block, which others cannot have meanwhile: they get fresh ones.
bool trim_frames(base::instant_ns now, base::instant_ns pause) noexcept;

/// The same at once, whatever was needed; where another thread trims just now, that one does it. For the end of the
/// last runtime.
void release_unused_frames() noexcept;

}  // namespace bifilar::detail
