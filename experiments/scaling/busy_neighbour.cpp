// A process that keeps every processor busy. Its threads say by a pipe that they run.
#include "busy_neighbour.hpp"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <harness/pin.hpp>
#include <harness/process.hpp>
#include <harness/stopwatch.hpp>
#include <system_error>
#include <thread>
#include <vector>

namespace bifilar::experiments {

namespace {

[[noreturn]] void refuse(const char* what) { throw std::system_error{errno, std::generic_category(), what}; }

[[noreturn]] void spin_on(int processor, int says) {
    pin_to({processor});
    const char runs = 1;
    if (write(says, &runs, 1) != 1) _exit(1);
    for (std::uint64_t n = 0;; ++n) keep_in_memory(n);
}

[[noreturn]] void be_busy(const std::vector<int>& processors, int says) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (const int processor : processors) std::thread{spin_on, processor, says}.detach();
    for (;;) pause();
}

}  // namespace

busy_neighbour::busy_neighbour() {
    const std::vector<int> processors = allowed_processors();
    processors_ = processors.size();
    int ends[2];
    if (pipe(ends) != 0) refuse("pipe");
    process_ = fork();
    if (process_ < 0) refuse("fork");
    if (process_ == 0) be_busy(processors, ends[1]);
    close(ends[1]);
    std::size_t running = 0;
    char one = 0;
    while (running < processors_ && read(ends[0], &one, 1) == 1) ++running;
    close(ends[0]);
    if (running < processors_) {
        waitpid(process_, nullptr, 0);
        throw std::system_error{EAGAIN, std::generic_category(), "the busy neighbour did not start"};
    }
    used_before_ns_ = processor_ns(process_);
    began_ns_ = now_ns();
}

busy_neighbour::~busy_neighbour() {
    kill(process_, SIGKILL);
    waitpid(process_, nullptr, 0);
}

double busy_neighbour::share_percent() const {
    const auto used = static_cast<double>(processor_ns(process_) - used_before_ns_);
    return 100 * used / (static_cast<double>(now_ns() - began_ns_) * static_cast<double>(processors_));
}

}  // namespace bifilar::experiments
