// File calls in a ring. The kernel makes them in place where it can, else on threads of its own.
#include "uring_driver.hpp"

#include <bifilar/drivers/file_request.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <sys/stat.h>

namespace bifilar::drivers {
namespace {

constexpr int no_opcode = -1;
constexpr int opcode_ftruncate = 55;  // Linux 6.9; liburing 2.3 does not know it.

constexpr int opcode_of(file_op kind) noexcept {
    switch (kind) {
        case file_op::read:
            return IORING_OP_READ;
        case file_op::write:
            return IORING_OP_WRITE;
        case file_op::sync:
            return IORING_OP_FSYNC;
        case file_op::truncate:
            return opcode_ftruncate;
        case file_op::open:
            return IORING_OP_OPENAT;
        case file_op::close:
            return IORING_OP_CLOSE;
        case file_op::status:
            return IORING_OP_STATX;
        case file_op::rename:
            return IORING_OP_RENAMEAT;
        case file_op::remove:
            return IORING_OP_UNLINKAT;
        case file_op::create_directory:
            return IORING_OP_MKDIRAT;
        case file_op::read_entries:
        case file_op::fetch:
        case file_op::job:
            break;
    }
    return no_opcode;
}

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

void prepare_request(io_uring_sqe& entry, const file_request& what) noexcept {
    const int at = what.descriptor;
    const auto bytes = static_cast<unsigned>(std::min(what.bytes, most_file_bytes));
    switch (what.kind) {
        case file_op::read:
            io_uring_prep_read(&entry, at, what.buffer, bytes, what.offset);
            entry.rw_flags = what.flags;
            break;
        case file_op::write:
            io_uring_prep_write(&entry, at, what.buffer, bytes, what.offset);
            entry.rw_flags = what.flags;
            break;
        case file_op::sync:
            io_uring_prep_fsync(&entry, at, what.flags != 0 ? IORING_FSYNC_DATASYNC : 0U);
            break;
        case file_op::truncate:
            io_uring_prep_rw(opcode_ftruncate, &entry, at, nullptr, 0, what.offset);
            break;
        case file_op::open:
            io_uring_prep_openat(&entry, at, what.path, what.flags, what.mode);
            break;
        case file_op::close:
            io_uring_prep_close(&entry, at);
            break;
        case file_op::status:
            io_uring_prep_statx(&entry, at, what.path, what.flags, STATX_BASIC_STATS | STATX_BTIME,
                                static_cast<struct statx*>(what.buffer));
            break;
        case file_op::rename:
            io_uring_prep_renameat(&entry, at, what.path, at, static_cast<const char*>(what.buffer),
                                   static_cast<unsigned>(what.flags));
            break;
        case file_op::remove:
            io_uring_prep_unlinkat(&entry, at, what.path, what.flags);
            break;
        case file_op::create_directory:
            io_uring_prep_mkdirat(&entry, at, what.path, what.mode);
            break;
        case file_op::read_entries:
        case file_op::fetch:
        case file_op::job:
            io_uring_prep_nop(&entry);  // See opcode_of: they do not come here.
            break;
    }
}

}  // namespace

bool uring_driver::submit_file(op& which, waker_ref waits) noexcept {
    static const std::uint64_t known = ask_opcodes(ring_);  // The same for all rings.
    const auto& what = *static_cast<const file_request*>(which.buffer);
    const int opcode = opcode_of(what.kind);
    if (opcode == no_opcode || (known >> opcode & 1) == 0) return false;
    io_uring_sqe* const entry = next_entry();
    if (entry == nullptr) [[unlikely]]
        return false;
    which.on = this;
    which.begin(waits);
    prepare_request(*entry, what);
    io_uring_sqe_set_data(entry, &which);
    add_in_flight();
    return true;
}

}  // namespace bifilar::drivers
