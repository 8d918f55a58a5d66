// The SIGSEGV handler. It asks the running fiber for its stack, and looks whether the fault hit the guard below.
// Everything from the fault to the abort is async-signal-safe: no printf, no lock, no allocation.
// It knows guards from stack_pool's records, which lie in a page that is still there.
#include <bifilar/stackful/detail/overflow.hpp>

#include <bifilar/stackful/detail/stack_pool.hpp>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string_view>
#include <sys/mman.h>
#include <system_error>
#include <unistd.h>

namespace bifilar::stackful {
namespace {

constexpr std::size_t signal_stack_bytes = std::size_t{64} << 10;

// The innermost watch of this thread. Read by the handler on the same thread; a fiber never keeps its address.
thread_local constinit overflow_watch* this_watch = nullptr;

[[gnu::noinline]] overflow_watch*& watch_of_thread() noexcept {
    overflow_watch** here = &this_watch;
    asm volatile("" : "+r"(here) : : "memory");
    return *here;
}

// Whom to ask about faults that are not ours. Written before our handler is installed.
struct sigaction former_action;

// A line put together without the C library.
class signal_text {
public:
    signal_text& operator<<(std::string_view text) noexcept {
        const std::size_t count = text.size() < room() ? text.size() : room();
        std::memcpy(text_.data() + length_, text.data(), count);
        length_ += count;
        return *this;
    }
    // From the last digit to the first; at least one.
    signal_text& number(std::size_t value, unsigned base) noexcept {
        std::array<char, 24> digits;
        std::size_t at = digits.size();
        do digits[--at] = "0123456789abcdef"[value % base];
        while ((value /= base) != 0);
        return *this << std::string_view{digits.data() + at, digits.size() - at};
    }
    void write_to_stderr() const noexcept {
        [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text_.data(), length_);
    }

private:
    std::size_t room() const noexcept { return text_.size() - length_; }
    std::array<char, 512> text_;
    std::size_t length_ = 0;
};

[[noreturn]] void report(const running_fiber& fiber, stack_view guard) noexcept {
    signal_text line;
    line << "bifilar: fiber stack overflow: task " << (fiber.name != nullptr ? fiber.name : "without a name");
    if (fiber.spawn_file != nullptr) (line << ", spawned at " << fiber.spawn_file << ":").number(fiber.spawn_line, 10);
    (line << ", stack ").number(fiber.stack.size(), 10);
    (line << " bytes, guard 0x").number(reinterpret_cast<std::size_t>(guard.low), 16);
    line << "; give it more with spawn_options::stack_bytes\n";
    // One write, so that lines of several threads do not mix.
    line.write_to_stderr();
    std::abort();
}

// As if our handler were not there.
void pass_on(int signal, siginfo_t* info, void* machine) noexcept {
    if ((former_action.sa_flags & SA_SIGINFO) != 0 && former_action.sa_sigaction != nullptr)
        return former_action.sa_sigaction(signal, info, machine);
    if (former_action.sa_handler != SIG_DFL && former_action.sa_handler != SIG_IGN)
        return former_action.sa_handler(signal);
    // Sent by somebody, and to be ignored.
    if (info->si_code <= 0 && former_action.sa_handler == SIG_IGN) return;
    // The default: for a fault, returning repeats it, so that the core shows the true place.
    struct sigaction standard{};
    standard.sa_handler = SIG_DFL;
    ::sigaction(signal, &standard, nullptr);
    if (info->si_code <= 0) ::raise(signal);
}

void on_fault(int signal, siginfo_t* info, void* machine) noexcept {
    // The interrupted code may be about to read it.
    const int saved_errno = errno;
    // Above 0: the kernel tells of a fault. What somebody has sent has no address.
    if (const overflow_watch* const watch = watch_of_thread(); watch != nullptr && info->si_code > 0) {
        const running_fiber fiber = watch->describe();
        if (!fiber.stack.empty()) {
            const stack_view guard = stack_pool::guard_of(fiber.stack);
            const auto* const at = static_cast<const std::byte*>(info->si_addr);
            if (at >= guard.low && at < guard.top) report(fiber, guard);
        }
    }
    // A fault elsewhere is not ours, also when a fiber runs.
    pass_on(signal, info, machine);
    errno = saved_errno;
}

void install_handler() {
    static std::once_flag once;
    std::call_once(once, [] {
        if (::sigaction(SIGSEGV, nullptr, &former_action) != 0)
            throw std::system_error(errno, std::generic_category(), "reading the SIGSEGV handler");
        struct sigaction action{};
        action.sa_sigaction = on_fault;
        // On another stack, because the one that overflowed has no room for the handler.
        action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
        ::sigemptyset(&action.sa_mask);
        if (::sigaction(SIGSEGV, &action, nullptr) != 0)
            throw std::system_error(errno, std::generic_category(), "installing the SIGSEGV handler");
    });
}

}  // namespace

overflow_watch::overflow_watch(fiber_describer describer, void* argument) : describe_(describer), argument_(argument) {
    install_handler();
    void* const memory =
        ::mmap(nullptr, signal_stack_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (memory == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "no memory for a signal stack");
    signal_stack_ = static_cast<std::byte*>(memory);
    stack_t ours{};
    ours.ss_sp = memory;
    ours.ss_size = signal_stack_bytes;
    if (::sigaltstack(&ours, &former_) != 0) {
        const int error = errno;
        ::munmap(memory, signal_stack_bytes);
        throw std::system_error(error, std::generic_category(), "setting a signal stack");
    }
    // Nothing below fails, so a watch that is in force is a whole one.
    outer_ = watch_of_thread();
    watch_of_thread() = this;
}

overflow_watch::~overflow_watch() {
    // The handler must not ask a watch that is about to go.
    watch_of_thread() = outer_;
    former_.ss_flags &= SS_DISABLE;  // The kernel refuses the flags that it only reports.
    ::sigaltstack(&former_, nullptr);
    ::munmap(signal_stack_, signal_stack_bytes);
}

}  // namespace bifilar::stackful
