// The heavy half: one system call. A process says once that it will ask; a forked child and whoever asks first say so
// when they are told that they have not.
#include <bifilar/base/detail/asymmetric_fence.hpp>

#if defined(__linux__) && !defined(BIFILAR_MODEL) && !defined(BIFILAR_TSAN)
#include <cerrno>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace bifilar::base {

namespace {

bool ask(int command) noexcept { return ::syscall(SYS_membarrier, command, 0, 0) == 0; }

}  // namespace

bool heavy_fence() noexcept {
    const int before = errno;
    const bool fenced = ask(MEMBARRIER_CMD_PRIVATE_EXPEDITED) ||
                        (ask(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) && ask(MEMBARRIER_CMD_PRIVATE_EXPEDITED));
    errno = before;
    return fenced;
}

}  // namespace bifilar::base

#endif
