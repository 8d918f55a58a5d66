// thread_gate where there is one thread: what has not been opened when the wait begins will not be opened during it.
#include <bifilar/base/detail/thread_gate.hpp>

#include <bifilar/base/detail/assert.hpp>
#include <ctime>

namespace bifilar::base {
namespace {

constexpr std::uint32_t closed = 0;
constexpr std::uint32_t opened = 1;

}  // namespace

void thread_gate::wait() noexcept {
    // Relaxed, here and below: one thread.
    const bool was_open = state_.exchange(closed, relaxed) == opened;
    BIFILAR_CHECK(
        was_open,
        "the only thread waits for a wake that nobody is left to give; wait for something that another future "
        "of the same block_on, or a timer, brings about");
}

bool thread_gate::wait_for(std::int64_t timeout_ns) noexcept {
    if (state_.exchange(closed, relaxed) == opened) return true;
    if (timeout_ns < 0) wait();
    const timespec left{static_cast<time_t>(timeout_ns / 1'000'000'000), static_cast<long>(timeout_ns % 1'000'000'000)};
    (void)::nanosleep(&left, nullptr);
    return false;
}

void thread_gate::open() noexcept { state_.store(opened, relaxed); }

}  // namespace bifilar::base
