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
#include <utility>
#include <vector>

namespace tests {

/// For this thread and those that it starts, programs after an exec included. False: this kernel or its emulation has
/// no such filters.
inline bool filter_calls(std::vector<sock_filter> code) {
    const sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

/// From now on these system calls do nothing: they fail with `error`, or return 0 where that is 0. See filter_calls.
inline bool answer_calls(std::initializer_list<long> numbers, int error) {
    // The architecture is not asked for: the test knows for which one it was built.
    std::vector<sock_filter> code{BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr))};
    for (const long number : numbers) {
        code.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(number), 0, 1));
        code.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error)));
    }
    code.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    return filter_calls(std::move(code));
}

/// The same for one system call, where its argument number `argument` is 0, or is not. Looks at the lower half of it,
/// on a machine that has that first.
inline bool answer_calls_with(long number, std::size_t argument, bool is_zero, int error) {
    const auto at = static_cast<std::uint32_t>(offsetof(seccomp_data, args) + argument * sizeof(std::uint64_t));
    return filter_calls({
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(number), 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, at),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, static_cast<unsigned char>(is_zero ? 0 : 1),
                 static_cast<unsigned char>(is_zero ? 1 : 0)),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error)),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    });
}

/// The same where that argument is `least` or more.
inline bool answer_calls_from(long number, std::size_t argument, std::uint32_t least, int error) {
    const auto at = static_cast<std::uint32_t>(offsetof(seccomp_data, args) + argument * sizeof(std::uint64_t));
    return filter_calls({
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(number), 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, at),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, least, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error)),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    });
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
