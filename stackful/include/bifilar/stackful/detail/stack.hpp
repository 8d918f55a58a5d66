// A stack as a range of addresses, and what the kernel is asked for to make one: space, a guard, and trimming.
// It builds on mmap and on MADV_GUARD_INSTALL (Linux 6.13), which guards a page without a mapping of its own.
// mprotect guards, where that is missing, split the mapping and so are limited by vm.max_map_count.
#pragma once

#include <bifilar/stackful/detail/target.hpp>

#include <cstddef>

namespace bifilar::stackful {

/// The usable bytes of a stack: from `low`, just above the guard, up to `top`. Stacks grow downward.
struct stack_view {
    std::byte* low = nullptr;
    std::byte* top = nullptr;

    [[nodiscard]] std::size_t size() const noexcept { return static_cast<std::size_t>(top - low); }
    [[nodiscard]] bool empty() const noexcept { return top == nullptr; }
};

inline constexpr std::size_t smallest_stack_bytes = std::size_t{8} << 10;
inline constexpr std::size_t default_stack_bytes = std::size_t{256} << 10;
inline constexpr std::size_t largest_stack_bytes = std::size_t{1} << 30;

/// The size class that serves `bytes`: the next power of two, at least a page.
/// Throws std::invalid_argument, with the value and the limit, below the smallest and above the largest size.
[[nodiscard]] std::size_t stack_class_bytes(std::size_t bytes);

/// The kernel's page, in bytes.
[[nodiscard]] std::size_t page_bytes() noexcept;

/// How a guard is made.
enum class guard_kind : unsigned char {
    best,     ///< Markers where the kernel has them, else protection.
    marker,   ///< MADV_GUARD_INSTALL: costs no mapping. Linux 6.13 and later.
    protect,  ///< mprotect: costs two mappings a stack.
};

/// What `best` means on this kernel. Asks the kernel once a process.
[[nodiscard]] guard_kind best_guard() noexcept;

/// Reserves address space for stacks: lazily backed, never with huge pages. Throws std::system_error.
[[nodiscard]] std::byte* reserve_stacks(std::size_t bytes);

/// Gives back what reserve_stacks gave, with the `protect_guards` guards of that kind in it.
void release_stacks(std::byte* base, std::size_t bytes, std::size_t protect_guards) noexcept;

/// Makes [low, low + bytes) fault on access; returns the kind that was used. With `protect` it keeps an eighth of
/// vm.max_map_count for the rest of the process. Throws std::system_error, which names that limit and the remedies.
guard_kind install_guard(std::byte* low, std::size_t bytes, guard_kind kind);

/// Gives the memory of [low, low + bytes) back to the kernel; it reads as zero afterwards. 0.5 us a page and less.
void discard_pages(std::byte* low, std::size_t bytes) noexcept;

/// The most bytes of the stack that were ever in use since its pages were last discarded: the distance from the
/// top to the deepest word that is not zero. On the running fiber's own stack, or on one that stands still.
/// Asks the kernel which pages exist, about 1 us, and touches none of the others. Pages in swap are not seen.
[[nodiscard]] std::size_t stack_used(stack_view stack) noexcept;

}  // namespace bifilar::stackful
