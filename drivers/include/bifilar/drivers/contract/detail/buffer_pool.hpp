// The buffers that one thread's driver lends to those who receive, and that they give back from any thread.
// Newest first, so that a buffer is still in the cache when it is lent again.
#pragma once

#include <bifilar/base/detail/spin_lock.hpp>
#include <bifilar/drivers/contract/received_bytes.hpp>
#include <array>
#include <cstdint>
#include <memory>

namespace bifilar::drivers {

class buffer_pool {
public:
    static constexpr std::uint32_t count = 128;
    static constexpr std::size_t buffer_bytes = received_bytes::most;

    /// The driver's hold on its buffers; they are freed when all have come back after its end.
    struct closer {
        void operator()(buffer_pool* all) const noexcept;
    };
    /// Reserves address space for all, 2.5 MiB; memory comes with the first use of each. Throws std::bad_alloc.
    [[nodiscard]] static std::unique_ptr<buffer_pool, closer> make();

    buffer_pool(const buffer_pool&) = delete;
    buffer_pool& operator=(const buffer_pool&) = delete;

    /// An empty buffer of the heap, for when all of these are lent. No room in it: out of memory. Any thread.
    [[nodiscard]] static received_bytes lend_heap() noexcept;
    /// Room for as many bytes as `most`.
    [[nodiscard]] static std::byte* room_in(received_bytes& lent) noexcept { return lent.at_; }
    /// The first `bytes` of the room were filled.
    static void fill(received_bytes& lent, std::size_t bytes) noexcept { lent.bytes_ = bytes; }

    /// A buffer that is not lent yet, by its number. Negative: all are out. Any thread.
    [[nodiscard]] int take() noexcept {
        const base::spin_hold hold{lock_};
        return free_ == 0 ? -1 : numbers_[--free_];
    }
    [[nodiscard]] std::byte* address(std::uint32_t number) const noexcept { return memory_ + number * buffer_bytes; }
    /// One that take() gave is lent with what is in it.
    [[nodiscard]] received_bytes lend(std::uint32_t number, std::size_t bytes) noexcept {
        received_bytes lent{address(number), this};
        fill(lent, bytes);
        return lent;
    }

    void give_back(std::byte* at) noexcept;

private:
    explicit buffer_pool(std::byte* memory) noexcept;
    ~buffer_pool();

    std::byte* const memory_;
    base::spin_lock lock_;  // Guards all below.
    std::uint32_t free_ = count;
    bool closed_ = false;
    std::array<std::uint8_t, count> numbers_;  // The first free_ are free, the newest last.
};

static_assert(buffer_pool::count <= 256, "numbers are bytes");

}  // namespace bifilar::drivers
