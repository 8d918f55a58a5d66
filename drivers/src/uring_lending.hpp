// The lent buffers as a ring knows them: some are offered to the kernel, which chooses one when bytes arrive.
// Provided-buffer rings of Linux 5.19; where they cannot be had, nothing is offered.
#pragma once

#include <bifilar/drivers/lent_buffers.hpp>

#include <bitset>
#include <liburing.h>

namespace bifilar::drivers {

/// The ring's thread alone uses it.
class uring_lending {
public:
    /// The group of buffers that entries name.
    static constexpr unsigned short group = 0;

    uring_lending() noexcept = default;
    uring_lending(const uring_lending&) = delete;
    uring_lending& operator=(const uring_lending&) = delete;
    /// After the ring's end.
    ~uring_lending();

    /// Offers what is free, as far as there is room. Registers itself the first time.
    void refill(io_uring& ring, lent_buffers& all) noexcept;
    /// The same, where buffers were ever asked for.
    void top_up(io_uring& ring, lent_buffers& all) noexcept {
        if (state_ == state::open && offered_ < entries) refill(ring, all);
    }
    /// Buffers that the kernel may choose from.
    [[nodiscard]] unsigned offered() const noexcept { return offered_; }
    /// The buffer that the kernel chose, with its bytes.
    [[nodiscard]] received_bytes chosen(const io_uring_cqe& cqe, lent_buffers& all) noexcept;
    /// Takes back what is offered. The kernel uses the ring no more.
    void end(lent_buffers& all) noexcept;

private:
    static constexpr unsigned entries = 64;

    [[nodiscard]] bool open(io_uring& ring) noexcept;

    enum class state : unsigned char { unknown, open, refused };

    io_uring_buf_ring* shared_ = nullptr;  // Read by the kernel.
    std::bitset<lent_buffers::count> is_offered_;
    unsigned offered_ = 0;
    state state_ = state::unknown;
};

}  // namespace bifilar::drivers
