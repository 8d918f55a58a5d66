// System calls that the kernel does not make but answers as a test wants, for one thread.
#pragma once

#include "catch.hpp"

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <thread>
#include <vector>

namespace tests {

/// From now on these system calls do nothing for this thread and those that it starts, programs after an exec included:
/// they fail with `error`, or return 0 where that is 0. False: this kernel or its emulation has no such filters.
inline bool answer_calls(std::initializer_list<long> numbers, int error) {
    // The architecture is not asked for: the test knows for which one it was built.
    std::vector<sock_filter> code{BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr))};
    for (const long number : numbers) {
        code.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(number), 0, 1));
        code.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error)));
    }
    code.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    const sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

/// Runs `body` on a thread for which the system call `number` does nothing: it fails with `error`, or returns 0 where
/// that is 0. Threads that the body starts have the same. False: this kernel or its emulation has no such filters,
/// which is told, and the body did not run. The body makes no assertions of Catch2, which are for the main thread.
template <class Body>
[[nodiscard]] bool with_answered_call(long number, int error, Body body) {
    bool filtered = false;
    std::thread{[&] {
        filtered = answer_calls({number}, error);
        if (filtered) body();
    }}.join();
    if (!filtered) WARN("skipped: no system call can be answered in the kernel's place here");
    return filtered;
}

}  // namespace tests
