// The pool's buffers as a ring knows them: some are offered to the kernel, which chooses one when bytes arrive.
// Provided-buffer rings of Linux 5.19; where they cannot be had, nothing is offered.
#pragma once

#include <bifilar/drivers/contract/detail/buffer_pool.hpp>

#include <bitset>
#include <liburing.h>

namespace bifilar::drivers {

/// The ring's thread alone uses it.
class provided_buffers {
public:
    /// The group of buffers that entries name.
    static constexpr unsigned short group = 0;

    provided_buffers() noexcept = default;
    provided_buffers(const provided_buffers&) = delete;
    provided_buffers& operator=(const provided_buffers&) = delete;
    /// After the ring's end.
    ~provided_buffers();

    /// Offers what is free, as far as there is room. Registers itself the first time.
    void refill(io_uring& ring, buffer_pool& all) noexcept;
    /// The same, where buffers were ever asked for.
    void top_up(io_uring& ring, buffer_pool& all) noexcept {
        if (state_ == state::open && offered_ < entries) refill(ring, all);
    }
    /// Buffers that the kernel may choose from.
    [[nodiscard]] unsigned offered() const noexcept { return offered_; }
    /// The buffer that the kernel chose, with its bytes.
    [[nodiscard]] received_bytes chosen(const io_uring_cqe& cqe, buffer_pool& all) noexcept;
    /// Takes back what is offered. The kernel uses the ring no more.
    void end(buffer_pool& all) noexcept;

private:
    static constexpr unsigned entries = 64;

    [[nodiscard]] bool open(io_uring& ring) noexcept;

    enum class state : unsigned char { unknown, open, refused };

    io_uring_buf_ring* shared_ = nullptr;  // Read by the kernel.
    std::bitset<buffer_pool::count> is_offered_;
    unsigned offered_ = 0;
    state state_ = state::unknown;
};

/// What an entry that receives needs of them.
class offered_buffers {
public:
    offered_buffers(io_uring& ring, buffer_pool& all, provided_buffers& offered) noexcept
        : ring_{&ring}, all_{&all}, offered_{&offered} {}

    void refill() noexcept { offered_->refill(*ring_, *all_); }
    /// Whether there are any, now or after a refill.
    [[nodiscard]] bool offers() noexcept {
        if (offered_->offered() == 0) refill();
        return offered_->offered() != 0;
    }
    static void select_for(io_uring_sqe& entry) noexcept {
        entry.flags |= IOSQE_BUFFER_SELECT;
        entry.buf_group = provided_buffers::group;
    }

private:
    io_uring* ring_;
    buffer_pool* all_;
    provided_buffers* offered_;
};

}  // namespace bifilar::drivers
