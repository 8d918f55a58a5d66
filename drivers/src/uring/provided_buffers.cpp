// Offering buffers to the kernel.
#include "provided_buffers.hpp"

#include <sys/mman.h>

namespace bifilar::drivers {

provided_buffers::~provided_buffers() {
    if (shared_ != nullptr) ::munmap(shared_, entries * sizeof(io_uring_buf));
}

bool provided_buffers::open(io_uring& ring) noexcept {
    if (state_ != state::unknown) return state_ == state::open;
    // Until all has gone well. A kernel that refuses once is not asked again.
    state_ = state::refused;
    // The kernel demands a ring of buffers that begins with a page.
    void* const memory =
        ::mmap(nullptr, entries * sizeof(io_uring_buf), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return false;
    shared_ = static_cast<io_uring_buf_ring*>(memory);
    io_uring_buf_reg request{};
    request.ring_addr = reinterpret_cast<std::uintptr_t>(memory);
    request.ring_entries = entries;
    request.bgid = group;
    if (io_uring_register_buf_ring(&ring, &request, 0) != 0) return false;
    io_uring_buf_ring_init(shared_);
    state_ = state::open;
    return true;
}

void provided_buffers::refill(io_uring& ring, buffer_pool& all) noexcept {
    if (!open(ring)) return;
    int added = 0;
    for (; offered_ < entries; ++added) {
        // All others may be lent: the kernel then has fewer to choose from.
        const int number = all.take();
        if (number < 0) break;
        const auto at = static_cast<unsigned>(number);
        io_uring_buf_ring_add(shared_, all.address(at), buffer_pool::buffer_bytes, static_cast<unsigned short>(number),
                              io_uring_buf_ring_mask(entries), added);
        is_offered_.set(at);
        ++offered_;
    }
    // One store shows all of them to the kernel.
    if (added != 0) io_uring_buf_ring_advance(shared_, added);
}

received_bytes provided_buffers::chosen(const io_uring_cqe& cqe, buffer_pool& all) noexcept {
    // With this completion the kernel has let go of the buffer, also where nothing was received.
    const unsigned number = cqe.flags >> IORING_CQE_BUFFER_SHIFT;
    is_offered_.reset(number);
    --offered_;
    return all.lend(number, cqe.res > 0 ? static_cast<std::size_t>(cqe.res) : 0);
}

void provided_buffers::end(buffer_pool& all) noexcept {
    // Those that the kernel has chosen are lent, and come back from their readers.
    for (unsigned number = 0; number < buffer_pool::count; ++number)
        if (is_offered_.test(number)) all.give_back(all.address(number));
    is_offered_.reset();
    offered_ = 0;
}

}  // namespace bifilar::drivers
