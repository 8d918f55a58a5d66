// File calls in a ring. The kernel makes them in place where it can, else on threads of its own.
#include "uring_driver.hpp"

#include "operations/file_operations.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace bifilar::drivers {
namespace {

// One bit per opcode that the kernel has. liburing's own answer ends where its list of opcodes ends.
std::uint64_t ask_opcodes(io_uring& ring) noexcept {
    constexpr unsigned most = 64;
    // The head ends in an array of unknown size.
    alignas(io_uring_probe) std::array<std::byte, sizeof(io_uring_probe) + most * sizeof(io_uring_probe_op)> room{};
    auto& probe = *reinterpret_cast<io_uring_probe*>(room.data());
    if (io_uring_register_probe(&ring, &probe, most) < 0) return 0;
    std::uint64_t known = 0;
    for (unsigned n = 0; n < std::min<unsigned>(probe.ops_len, most); ++n)
        if ((probe.ops[n].flags & IO_URING_OP_SUPPORTED) != 0) known |= std::uint64_t{1} << n;
    return known;
}

}  // namespace

bool uring_driver::submit_file(op& which, waker_ref waits) noexcept {
    static const std::uint64_t known = ask_opcodes(ring_);  // The same for all rings.
    const file_request& what = which.arguments.request();
    io_uring_sqe* entry = nullptr;
    with_operation(
        what.kind,
        [&]<class Operation>(Operation) {
            // What a ring cannot do, or not on this kernel, is left to the blocking pool; so is what finds no entry.
            if constexpr (requires { Operation::opcode; }) {
                if ((known >> Operation::opcode & 1) == 0) return;
                entry = next_entry();
                if (entry != nullptr) Operation::prepare(*entry, what);
            }
        },
        file_operations{});
    if (entry == nullptr) return false;
    which.on = this;
    // Not before it has its entry: the blocking pool gets an operation that is idle.
    which.begin(waits);
    note(which.kind, std::nullopt);
    io_uring_sqe_set_data(entry, &which);
    add_in_flight();
    return true;
}

}  // namespace bifilar::drivers
