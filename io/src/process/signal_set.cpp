// Sets of signals over signal_listener. The eventfd only wakes; which signals have come stands in the listener.
#include <bifilar/io/process/signal_set.hpp>

#include <bifilar/base/detail/assert.hpp>

#include "signal_listener.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <stdexcept>
#include <string>

namespace bifilar {
namespace {

// The C library keeps the numbers from here to SIGRTMIN - 1 for itself.
constexpr int first_realtime = 32;
constexpr std::array never_told{SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT};

void check(int number) {
    const bool is_signal = number > 0 && number <= SIGRTMAX && (number < first_realtime || number >= SIGRTMIN);
    if (!is_signal)
        throw std::invalid_argument{"signal_set: " + std::to_string(number) +
                                    " is no signal; give numbers as SIGTERM, or SIGRTMIN to SIGRTMAX"};
    if (std::find(never_told.begin(), never_told.end(), number) != never_told.end())
        throw std::invalid_argument{"signal_set: signal " + std::to_string(number) +
                                    " cannot be waited for, because it cannot be caught or is raised by the thread "
                                    "that it interrupts; leave it out"};
}

}  // namespace

signal_set::signal_set(signal_set&&) noexcept = default;
signal_set& signal_set::operator=(signal_set&&) noexcept = default;
signal_set::~signal_set() = default;

signal_set::signal_set(std::span<const int> signals) {
    detail::signal_mask wanted = 0;
    for (const int number : signals) {
        check(number);
        wanted |= detail::bit_of(number);
    }
    if (wanted == 0) throw std::invalid_argument{"signal_set: no signal was given; name at least one"};
    listener_ = std::make_unique<detail::signal_listener>(wanted);
}

detail::signal_listener& signal_set::listener() const noexcept {
    BIFILAR_CHECK(listener_ != nullptr, "a signal_set was used after it was moved from");
    return *listener_;
}

signal_set::next_future signal_set::next() noexcept { return next_future{listener()}; }

std::optional<int> signal_set::try_next() noexcept { return listener().take(); }

signal_set::next_future::next_future(detail::signal_listener& of) noexcept
    : of_{&of}, wait_{op_kind::read, of.source()} {}

polled<io_result<int>> signal_set::next_future::poll(context& cx) {
    if (!waits_ && !cx.take_budget()) return not_ready;
    for (;;) {
        // Not while the operation is in flight: an answer would end it in the kernel's hands.
        if (!waits_)
            if (const std::optional<int> number = of_->take()) return output{*number};
        // Only now: what came before the look is in the listener, and what comes behind it makes the eventfd readable.
        waits_ = true;
        wait_.set(drivers::call_arguments::of_bytes(&count_, sizeof count_));
        const drivers::call_result result = wait_.poll(cx);
        if (!result) return not_ready;
        waits_ = false;
        if (*result < 0) return output{io_failure(-*result)};
    }
}

}  // namespace bifilar
