// An open descriptor of a file or directory, shared by address between its owner and the calls that are made on it.
#pragma once

#include <bifilar/base/detail/assert.hpp>
#include <bifilar/base/detail/atomic.hpp>
#include <cstdint>
#include <memory>
#include <unistd.h>
#include <utility>

namespace bifilar::detail {

/// Owns the descriptor and knows how many calls are under way on it, so that none is left behind: its number could
/// belong to another file a moment later.
class file_handle {
public:
    explicit file_handle(int descriptor) noexcept : descriptor_{descriptor} {}
    file_handle(const file_handle&) = delete;
    file_handle& operator=(const file_handle&) = delete;
    /// Closes, in place: on some network file systems that takes as long as a write. Errors are lost.
    ~file_handle() {
        const int left = release();
        if (left >= 0) (void)::close(left);
    }

    /// -1 after release.
    [[nodiscard]] int descriptor() const noexcept { return descriptor_; }

    /// Gives the descriptor away. Aborts while a call is under way.
    [[nodiscard]] int release() noexcept {
        // Relaxed: calls are entered and left by tasks that have the file, whose owner comes after them anyway.
        BIFILAR_CHECK(calls_.load(base::relaxed) == 0,
                      "a file was closed while a call on it is in flight; cancel or await the call first");
        return std::exchange(descriptor_, -1);
    }

    /// A call leaves its thread's hands, and has come back. Any thread that uses the file.
    // Relaxed twice: a count, which orders nothing.
    void enter() noexcept { calls_.fetch_add(1, base::relaxed); }
    void leave() noexcept { calls_.fetch_sub(1, base::relaxed); }

private:
    int descriptor_;
    // Calls in flight. Written by the tasks that make them, read by the owner when it closes.
    base::atomic<std::uint32_t> calls_{0};
};

using file_ptr = std::unique_ptr<file_handle>;

}  // namespace bifilar::detail
