// Waits for children whose process objects are gone, so that none stays a zombie: one thread for all, while there are
// any. It depends on no runtime, because a child may outlive the one that started it.
#pragma once

#include <bifilar/io/process/detail/child.hpp>
#include <mutex>

namespace bifilar::detail {

class child_reaper {
public:
    /// The process's one, never destroyed. A forked child gets its own. Throws std::bad_alloc. Any thread.
    [[nodiscard]] static child_reaper& ours();

    /// Before a child is started: what dropping it will need. An errno as value when no descriptor can be had.
    [[nodiscard]] io_result<void> prepare() noexcept;
    /// Takes over a child that still runs. After prepare; any thread, does not block. Where the kernel refuses a thread
    /// or a watch, the child waits for the next call.
    void adopt(child& orphan) noexcept;

private:
    child_reaper() noexcept;

    [[nodiscard]] bool watch(child& orphan) noexcept;
    void watch_all() noexcept;
    void start() noexcept;
    void serve() noexcept;

    const std::uint32_t forks_;
    std::mutex mutex_;            // Guards all below.
    owned_descriptor epoll_;      // Where the orphans' descriptors are watched.
    child* unwatched_ = nullptr;  // Refused by the kernel, tried again at the next call.
    std::size_t watched_ = 0;
    bool serving_ = false;  // The thread exists and will look at `watched_` again before it ends.
};

}  // namespace bifilar::detail
