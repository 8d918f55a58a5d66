// Bodies that end their process, run in a child whose last words are read.
#pragma once

#include "catch.hpp"
#include <bifilar/base/detail/sanitizer.hpp>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace tests {

// ThreadSanitizer refuses threads in a child of a process that has had some: bodies that start a runtime cannot be run.
#if defined(BIFILAR_TSAN)
inline constexpr bool children_have_threads = false;
#else
inline constexpr bool children_have_threads = true;
#endif

struct last_words {
    int signal = 0;
    std::string text;
};

// Runs `body` in a child and reads what it wrote to stderr.
template <class Body>
last_words dies(Body body) {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) std::abort();
    const pid_t child = ::fork();
    if (child == 0) {
        ::dup2(ends[1], STDERR_FILENO);
        const rlimit no_core{0, 0};
        ::setrlimit(RLIMIT_CORE, &no_core);
        // The test framework's own handlers would speak here.
        for (const int signal : {SIGABRT, SIGSEGV}) std::signal(signal, SIG_DFL);
        body();
        ::_exit(0);
    }
    ::close(ends[1]);
    last_words last;
    std::array<char, 512> buffer;
    // Signals may come meanwhile, and cut short what waits.
    for (ssize_t n = 0; (n = ::read(ends[0], buffer.data(), buffer.size())) > 0 || (n < 0 && errno == EINTR);)
        if (n > 0) last.text.append(buffer.data(), static_cast<std::size_t>(n));
    ::close(ends[0]);
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
    last.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    return last;
}

// Runs `body` in a child, which has to abort with `sentence` among its last words, and `task` where it is given.
template <class Body>
void check_aborts(const std::string& sentence, Body body, const std::string& task = {}) {
    using Catch::Matchers::Contains;
    const last_words last = dies(body);
    CHECK(last.signal == SIGABRT);
    CHECK_THAT(last.text, Contains(sentence));
    CHECK_THAT(last.text, Contains(task));
}

// Uses at least `pages` times 2 KiB of stack, frame by frame.
[[gnu::noinline]] inline std::size_t descend(std::size_t pages) {
    std::array<char, 2048> frame;
    frame.fill(1);
    asm volatile("" : : "r"(frame.data()) : "memory");  // Somebody might look, so every byte stays.
    if (pages == 0) return 0;
    const std::size_t below = descend(pages - 1);
    asm volatile("" : : "r"(frame.data()) : "memory");  // After the call too, or it would become a loop.
    return below + 1;
}

}  // namespace tests
