// Fork, wait and judge.
#include "child.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <fcntl.h>
#include <new>
#include <poll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

namespace bifilar::simulation {
namespace {

[[noreturn]] void fail(const char* what) { throw std::system_error{errno, std::generic_category(), what}; }

void keep_silent() noexcept {
    const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nowhere < 0) return;
    (void)::dup2(nowhere, STDOUT_FILENO);
    (void)::dup2(nowhere, STDERR_FILENO);
    (void)::close(nowhere);
}

}  // namespace

void told::say(const report& what) noexcept {
    ++seeds;
    turns += what.turns;
    decisions += what.decisions;
    time_ns += what.time.count();
    failed = what.failed();
    failure[what.failure.copy(failure.data(), failure.size() - 1)] = '\0';
}

std::vector<base::decision> told::noted() const {
    const auto* const end = std::ranges::find(record, std::uint64_t{0}, &base::decision::value);
    return {record.begin(), end};
}

void child::unmap::operator()(told* page) const noexcept { (void)::munmap(page, sizeof *page); }

child::child() {
    void* const pages =
        ::mmap(nullptr, sizeof(told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (pages == MAP_FAILED) fail("no memory for what a simulation tells");
    page_.reset(::new (pages) told);  // Not set: the kernel has filled it with zeros.
}

child::~child() { end(); }

void child::start(const work& what, bool silent) {
    end();
    // What was told before. The record's other pages are zero: the kernel drops them.
    (void)::madvise(page_.get(), sizeof(told), MADV_REMOVE);
    status_ = 0;
    hung_ = false;
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) < 0) fail("a pipe to a simulation; raise the limit on open files");
    alive_ = owned_descriptor{ends[0]};
    const owned_descriptor childs{ends[1]};
    // Or the child would print it as well.
    (void)std::fflush(nullptr);
    process_ = ::fork();
    if (process_ < 0) fail("a process for a simulation");
    if (process_ == 0) run(what, silent);
}

void child::run(const work& what, bool silent) noexcept {
    const rlimit none{0, 0};
    (void)::setrlimit(RLIMIT_CORE, &none);
    // Or a test framework would tell its own story of them.
    for (const int signal : {SIGABRT, SIGTERM}) (void)std::signal(signal, SIG_DFL);
    if (silent) keep_silent();
    int code = 0;
    try {
        what(*page_);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "bifilar: a simulation cannot be run: %s\n", error.what());
        code = 1;
    } catch (...) {
        code = 1;
    }
    (void)std::fflush(nullptr);
    ::_exit(code);
}

void child::wait(std::chrono::milliseconds patience) {
    std::uint64_t seen = page_->seed.load(base::relaxed);  // Relaxed: as below.
    for (;;) {
        pollfd end{alive_.get(), 0, 0};  // A hang-up is told in any case.
        const int ready = ::poll(&end, 1, static_cast<int>(std::min<std::int64_t>(patience.count(), 1'000'000'000)));
        if (ready > 0) return reap();
        if (ready < 0) continue;
        // Relaxed: only whether it changes matters.
        const std::uint64_t seed = page_->seed.load(base::relaxed);
        if (std::exchange(seen, seed) == seed) break;
    }
    hung_ = true;
    (void)::kill(process_, SIGKILL);
    reap();
}

void child::reap() noexcept {
    while (::waitpid(process_, &status_, 0) < 0 && errno == EINTR) {
    }
    process_ = -1;
}

void child::end() noexcept {
    if (process_ < 0) return;
    (void)::kill(process_, SIGKILL);
    reap();
}

std::string child::failure() const {
    if (page_->failed) return page_->failure.data();
    if (hung_) return "the process hangs: no seed has ended within options::patience";
    if (WIFSIGNALED(status_)) return std::string{"the process ended by a signal: "} + ::strsignal(WTERMSIG(status_));
    if (WIFEXITED(status_) && WEXITSTATUS(status_) != 0)
        return "the process ended with the code " + std::to_string(WEXITSTATUS(status_));
    return {};
}

}  // namespace bifilar::simulation
