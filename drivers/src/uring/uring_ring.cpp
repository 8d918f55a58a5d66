// Opening rings, and what this kernel's can.
#include "uring_ring.hpp"

#include <bifilar/base/detail/atomic.hpp>
#include <bifilar/base/detail/clock.hpp>
#include <bifilar/base/detail/sanitizer.hpp>

#include <cerrno>
#include <chrono>
#include <thread>

#if defined(BIFILAR_TSAN)
#include <sanitizer/tsan_interface.h>
#endif

namespace bifilar::drivers {
namespace {

#if defined(BIFILAR_TSAN)
// liburing maps and unmaps a ring by system calls of its own, which ThreadSanitizer does not see. Where a ring lies in
// what was another thread's before, it would find a race of the two.
char memory_of_rings = 0;
void memory_is_taken() noexcept { __tsan_acquire(&memory_of_rings); }
void memory_is_left() noexcept { __tsan_release(&memory_of_rings); }
#else
void memory_is_taken() noexcept {}
void memory_is_left() noexcept {}
#endif

int init_ring(io_uring& ring, unsigned entries, io_uring_params params) noexcept {
    const int result = io_uring_queue_init_params(entries, &ring, &params);
    memory_is_taken();
    return result;
}

int open_ring(io_uring& ring, unsigned entries) noexcept {
    io_uring_params params{};
    // Deferred task work: the kernel writes completions while the owner is in a call, and does not interrupt it. It
    // demands a single issuer. SUBMIT_ALL: an entry that fails does not hold up those behind it.
    params.flags =
        IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CQSIZE;
    // Operations stay in flight after their entries have been taken, and multishot ones complete many times: there are
    // more completions than entries.
    params.cq_entries = entries * 4;
    const int result = init_ring(ring, entries, params);
    if (result != -EINVAL) return result;
    params.flags = IORING_SETUP_CQSIZE;  // Before Linux 6.1.
    return init_ring(ring, entries, params);
}

void exit_ring(io_uring& ring) noexcept {
    // Before the system calls: another thread may get the same addresses right after them.
    memory_is_left();
    io_uring_queue_exit(&ring);
}

// When this process gave a ring back the last time; 0: never. Written by the threads of rings, read by those that want
// one. Relaxed: a moment, which orders nothing.
base::atomic<base::instant_ns> last_end_ns{0};

}  // namespace

int open_ring_once_room(io_uring& ring, unsigned entries) noexcept {
    constexpr base::instant_ns release_ns = 1'000'000'000;
    const base::instant_ns ended = last_end_ns.load(base::relaxed);  // Relaxed: see there.
    for (;;) {
        const int result = open_ring(ring, entries);
        // Waiting helps only where this process has given a ring back a moment ago.
        if (result != -ENOMEM || ended == 0 || base::now_ns() - ended > release_ns) return result;
        std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
}

void close_ring(io_uring& ring) noexcept {
    exit_ring(ring);
    last_end_ns.store(base::now_ns(), base::relaxed);  // Relaxed: see there.
}

const char* probe_uring(int& error) noexcept {
    io_uring ring{};
    error = -open_ring(ring, 8);
    switch (error) {
        case 0:
            break;
        case EPERM:
            return "io_uring is forbidden here (seccomp, or kernel.io_uring_disabled)";
        case ENOSYS:
            return "this kernel has no io_uring";
        case ENOMEM:
            return "io_uring may not lock enough memory (ulimit -l)";
        default:
            return "io_uring cannot be set up";
    }
    const char* reason = nullptr;
    if (io_uring_probe* const probe = io_uring_get_probe_ring(&ring)) {
        for (const int needed : {IORING_OP_ACCEPT, IORING_OP_CONNECT, IORING_OP_RECV, IORING_OP_SEND, IORING_OP_READ,
                                 IORING_OP_WRITE, IORING_OP_POLL_ADD, IORING_OP_ASYNC_CANCEL})
            if (io_uring_opcode_supported(probe, needed) == 0)
                reason = "this kernel's io_uring lacks operations we need";
        io_uring_free_probe(probe);
    } else {
        reason = "this kernel's io_uring cannot be asked what it supports";
    }
    if ((ring.features & IORING_FEAT_EXT_ARG) == 0) reason = "this kernel's io_uring cannot wait with a time limit";
    if (reason != nullptr) error = EOPNOTSUPP;
    exit_ring(ring);
    return reason;
}

}  // namespace bifilar::drivers
