// A thread's share of the frame pool: for each size a batch of free blocks. The quick ways are in line, and touch the
// block and the cache alone; what refills and empties it is in frame_pool.cpp.
#pragma once

#include <bifilar/memory/detail/frame_layout.hpp>
#include <array>
#include <cstddef>
#include <cstdint>

namespace bifilar::detail {

/// The thread that owns it only.
class frame_cache {
public:
    /// A block of the class, or null: then allocate() it.
    [[nodiscard]] void* take(std::size_t size_class) noexcept {
        bin& b = bins_[size_class];
        frames::free_block* const block = b.free;
        if (block == nullptr) [[unlikely]]
            return nullptr;
        b.free = block->next;
        --b.length;
        return block;
    }
    /// False where the batch is full: then release() it.
    [[nodiscard]] bool put(void* memory, std::size_t size_class) noexcept {
        bin& b = bins_[size_class];
        if (b.length == frames::batch_blocks) [[unlikely]]
            return false;
        auto* const block = static_cast<frames::free_block*>(memory);
        block->next = b.free;
        b.free = block;
        ++b.length;
        return true;
    }

    /// Where take() has found none. Throws std::bad_alloc.
    [[nodiscard]] void* allocate(std::size_t size_class);
    void release(void* memory, std::size_t size_class) noexcept;
    /// Hands everything to the depot: the thread ends, or has had nothing to do for a while.
    void flush() noexcept;

private:
    struct bin {
        frames::free_block* free = nullptr;   // The batch in use.
        frames::free_block* spare = nullptr;  // A full batch, or null: keeps a thread at a batch's edge off the depot.
        std::byte* fresh = nullptr;           // Blocks of the newest slab that were never used.
        std::byte* fresh_end = nullptr;
        std::uint32_t length = 0;
    };

    static void refill(bin& b, std::size_t size_class);

    std::array<bin, frames::classes> bins_{};
};

}  // namespace bifilar::detail
