// What a signal's handler can reach: who listens for which signals, which have come, and a descriptor to wake by.
// The one mechanism under signal_set and ctrl_c. A handler, because signalfd needs signals blocked in every thread of
// the process, and in no program that it starts; a library can see to neither.
#pragma once

#include <bifilar/base/detail/atomic.hpp>
#include <bifilar/drivers/contract/detail/io_source.hpp>
#include <cstdint>
#include <optional>

namespace bifilar::detail {

struct signal_slot;

/// Bit `number - 1` stands for the signal `number`; Linux has 64.
using signal_mask = std::uint64_t;

[[nodiscard]] constexpr signal_mask bit_of(int number) noexcept { return signal_mask{1} << (number - 1); }

/// Made and destroyed by any thread; the first listener for a signal installs the handler, the last one restores what
/// was there before it.
class signal_listener {
public:
    /// Every signal in `wanted` can be caught. Throws std::system_error (no descriptor) and std::bad_alloc.
    explicit signal_listener(signal_mask wanted);
    signal_listener(const signal_listener&) = delete;
    signal_listener& operator=(const signal_listener&) = delete;
    ~signal_listener();

    /// In the handler: async-signal-safe. `number` is noted, and the descriptor becomes readable when it was not yet
    /// noted.
    void note(int number) noexcept;

    /// One of the signals that came since they were last taken, in turn; empty when there is none. Any thread.
    [[nodiscard]] std::optional<int> take() noexcept;

    /// An eventfd, readable after a note.
    [[nodiscard]] drivers::io_source& source() noexcept { return *source_; }
    /// Of the process that made it, not of one that was forked from it.
    [[nodiscard]] bool is_ours() const noexcept;

private:
    void enter();
    void leave() noexcept;

    const signal_mask wanted_;
    const std::uint32_t forks_;  // In which process it was made.
    drivers::source_ptr source_;
    signal_slot* slot_ = nullptr;
    // The signals that have come and were not taken. Handlers in any thread set bits, take clears them.
    base::atomic<signal_mask> noted_{0};
    // The signal that was taken last, so that a frequent one does not hide the others. Takers write and read it.
    base::atomic<int> last_{0};
};

}  // namespace bifilar::detail
