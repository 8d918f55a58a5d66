// Whether the process may have what a test needs. One that needs more than the limit skips itself and says why, so that
// the suite can run under small limits (hardship/run).
#pragma once

#include "catch.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <sys/resource.h>
#include <unistd.h>

namespace tests {

inline bool limit_suffices(decltype(RLIMIT_AS) resource, std::size_t needed, const char* what) {
    rlimit limit{};
    REQUIRE(::getrlimit(resource, &limit) == 0);
    if (limit.rlim_cur >= needed) return true;
    WARN("skipped: it needs " << needed << " " << what << ", and the limit is " << limit.rlim_cur);
    return false;
}

/// `needed`: how many are open at once, those of the suite itself (a few dozen) included.
[[nodiscard]] inline bool descriptors_suffice(std::size_t needed) {
    return limit_suffices(RLIMIT_NOFILE, needed, "descriptors (ulimit -n)");
}

[[nodiscard]] inline bool address_space_suffices(std::size_t needed_bytes) {
    return limit_suffices(RLIMIT_AS, needed_bytes, "bytes of address space (ulimit -v)");
}

/// Whether address_space_left can be made: it looks at /proc.
[[nodiscard]] inline bool address_space_is_known() {
    if (::access("/proc/self/statm", R_OK) == 0) return true;
    WARN("skipped: it needs /proc");
    return false;
}

/// From its construction to its destruction the process gets no more addresses than so many bytes of them.
class address_space_left {
public:
    explicit address_space_left(std::size_t bytes) {
        std::size_t pages = 0;
        std::FILE* const file = std::fopen("/proc/self/statm", "r");
        REQUIRE(file != nullptr);
        const int read = std::fscanf(file, "%zu", &pages);
        std::fclose(file);
        REQUIRE(read == 1);
        REQUIRE(::getrlimit(RLIMIT_AS, &former_) == 0);
        const rlim_t all = pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) + bytes;
        const rlimit less{std::min(all, former_.rlim_cur), former_.rlim_max};
        REQUIRE(::setrlimit(RLIMIT_AS, &less) == 0);
    }
    address_space_left(const address_space_left&) = delete;
    address_space_left& operator=(const address_space_left&) = delete;
    ~address_space_left() { ::setrlimit(RLIMIT_AS, &former_); }

private:
    rlimit former_{};
};

/// Processes and threads of the same user, those of the suite itself (a few dozen) included.
[[nodiscard]] inline bool processes_suffice(std::size_t needed) {
    return limit_suffices(RLIMIT_NPROC, needed, "processes (ulimit -u)");
}

/// Threads of the default size, which is the limit of the main thread's stack.
[[nodiscard]] inline bool threads_suffice(std::size_t needed) {
    rlimit stack{};
    REQUIRE(::getrlimit(RLIMIT_STACK, &stack) == 0);
    const std::size_t stack_bytes = stack.rlim_cur == RLIM_INFINITY ? std::size_t{8} << 20 : stack.rlim_cur;
    // The C library reserves 64 MiB for the heap of each of the first dozens of threads.
    constexpr std::size_t heap_bytes = std::size_t{2} << 30;
    return limit_suffices(RLIMIT_NPROC, needed, "threads (ulimit -u)") &&
           address_space_suffices(heap_bytes + needed * stack_bytes);
}

/// Whether a thread that sleeps is left alone. Each signal of a storm ends a sleep.
[[nodiscard]] inline bool sleeps_are_undisturbed() {
    if (std::getenv("SIGNAL_STORM") == nullptr) return true;
    WARN("skipped: it needs threads that no signal wakes (SIGNAL_STORM)");
    return false;
}

}  // namespace tests
