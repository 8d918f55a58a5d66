// A child process as the kernel shows it: a descriptor that becomes readable when it has ended, and its status after.
// A pidfd (Linux 5.4) and not the number, which the kernel gives to another process once the child was waited for.
#pragma once

#include <bifilar/drivers/contract/detail/io_source.hpp>
#include <bifilar/drivers/contract/io_result.hpp>
#include <bifilar/drivers/contract/owned_descriptor.hpp>
#include <bifilar/io/process/exit_status.hpp>
#include <memory>
#include <optional>
#include <sys/types.h>

namespace bifilar::detail {

/// One thread at a time; send() from any.
class child {
public:
    /// All that a child needs, before its program is started. Throws std::bad_alloc.
    explicit child(bool kill_on_drop);
    child(const child&) = delete;
    child& operator=(const child&) = delete;
    ~child() = default;
    /// The program runs. Once, before anything else.
    void begin(pid_t id, owned_descriptor pidfd) noexcept;

    /// Asks the kernel how it ended, which frees its number. Empty: it still runs. Again: the same answer. ECHILD when
    /// somebody else has waited for it, or SIGCHLD is ignored. Does not block.
    io_result<std::optional<exit_status>> reap() noexcept;
    /// ESRCH once it was reaped.
    io_result<void> send(int signal) const noexcept;

    /// Lets go of it, from any thread: kills it first where that was wanted, and leaves a child that still runs to the
    /// reaper, which waits for it. Does not block.
    struct dropper {
        void operator()(child* dropped) const noexcept;
    };

    [[nodiscard]] drivers::io_source& source() noexcept { return *source_; }
    [[nodiscard]] pid_t id() const noexcept { return id_; }

    child* next_ = nullptr;  ///< In the reaper's list, whose link it is.

private:

    drivers::source_ptr source_;
    pid_t id_ = 0;               // Until begin: none.
    const std::uint32_t forks_;  // In which process it was made: a forked child is not its parent.
    const bool kill_on_drop_;
    bool lost_ = false;  // Somebody else has waited for it.
    std::optional<exit_status> status_;
};

using child_ptr = std::unique_ptr<child, child::dropper>;

}  // namespace bifilar::detail
