// How a cancelled fiber unwinds: where `cancelled` is thrown, where waits go on, and what is said when it was caught.
// Cold: nothing here runs in a fiber that nobody cancels.
#include <bifilar/stackful/detail/fiber.hpp>

#include <bifilar/sched/detail/scheduler.hpp>
#include <bifilar/task/cancelled.hpp>
#include <bifilar/task/detail/task_label.hpp>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <limits>

namespace bifilar::stackful {
namespace {

// As many things as a handler may have to wait for while it cleans up; a server's loop comes there soon.
constexpr std::uint32_t max_kept_waits = 1'000;

bool is_power_of_ten(std::uint32_t n) noexcept {
    while (n != 0 && n % 10 == 0) n /= 10;
    return n == 1;
}

bool terminates_for_cancellation() noexcept {
    const fiber* const here = fiber::current();
    if (here == nullptr) return false;
    // GCC 12 terminates without a catch where a function that no exception may leave has cleaned up of its own: then
    // the exception is no current one, and can only be told by its copies.
    if (std::uncaught_exceptions() != 0) return here->cancellation_lives();
    const std::exception_ptr thrown = std::current_exception();
    if (thrown == nullptr) return false;
    try {
        std::rethrow_exception(thrown);
    } catch (const cancelled&) {
        return true;
    } catch (...) {
        return false;
    }
}

std::terminate_handler outer_handler = nullptr;

// `cancelled` met a function that no exception may leave.
[[noreturn]] void explain_and_terminate() noexcept {
    if (terminates_for_cancellation()) {
        const detail::task_label* const label = fiber::current()->label();
        std::fputs("bifilar: task ", stderr);
        std::fputs(label != nullptr ? label->name().c_str() : "without a name", stderr);
        std::fputs(
            " was cancelled in a wait of a destructor, or of another function that no exception may leave; wait there "
            "for shield(...), which goes on to its end\n",
            stderr);
    }
    outer_handler();
    std::abort();
}

// The first cancellation of a process; a handler that is set later takes the place of ours.
void explain_terminations() noexcept {
    [[maybe_unused]] static const bool once = [] {
        outer_handler = std::get_terminate();
        std::set_terminate(&explain_and_terminate);
        return true;
    }();
}

}  // namespace

bool fiber::unwinds() noexcept {
    if (body_over_ || std::uncaught_exceptions() != 0) return false;
    if (cancellation_lives()) {
        // It is handled, or kept to be thrown again.
        if (kept_waits_ < max_kept_waits) {
            if (++kept_waits_ == max_kept_waits) tell_swallowed();
            return false;
        }
        if (std::current_exception() != nullptr) return false;
    }
    // At the first time, the tenth, the hundredth: a loop that swallows is not told of at each turn.
    if (is_power_of_ten(sent_)) tell_swallowed();
    return true;
}

void fiber::unwind() {
    explain_terminations();
    if (sent_ != 0) {
        // A loop that swallows would keep the worker from all others.
        context_->start_poll();
        context_->yield();
        suspend();
    }
    if (sent_ != std::numeric_limits<std::uint32_t>::max()) ++sent_;
    // The copy that the last waits belonged to is gone, so they are counted anew.
    if (!cancellation_lives()) kept_waits_ = 0;
    throw cancelled{*task_, copies_};
}

void fiber::tell_swallowed() noexcept {
    // The application's handler runs on this fiber, and must not wait there.
    const poll_scope no_waits{*this};
    detail::this_thread().worker->owner().parts().swallowed_cancellation(*task_, sent_);
}

}  // namespace bifilar::stackful
