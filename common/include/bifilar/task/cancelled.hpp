// What unwinds a cancelled fiber. No std::exception, so that handlers of errors let it pass.
// Its copies are counted in the fiber, which so notices that somebody has swallowed it.
#pragma once

#include <bifilar/base/detail/atomic.hpp>
#include <bifilar/task/detail/task_header.hpp>
#include <cstdint>

namespace bifilar {

/// Thrown out of a wait in a fiber that was cancelled, so that its stack unwinds. Let it pass: after catch (...), throw
/// it again; `catch (const std::exception&)` does not see it. While it is handled, waits go on to their ends in spite
/// of the cancellation, so a handler may clean up. What happens to a fiber that swallows it, await says. A copy, also
/// in a std::exception_ptr, keeps the fiber's stack until it is destroyed.
/// Thread: any.
class cancelled {
public:
    /// Nobody notices when this one is swallowed: it ends a body that was not cancelled by its handle.
    cancelled() noexcept = default;
    /// For the fiber, which keeps the count of copies in its task.
    cancelled(detail::task_header& task, base::atomic<std::uint32_t>& copies) noexcept
        : task_{&task}, copies_{&copies} {
        count();
    }
    cancelled(const cancelled& other) noexcept : task_{other.task_}, copies_{other.copies_} { count(); }
    cancelled& operator=(const cancelled&) = delete;
    ~cancelled() {
        if (task_ == nullptr) return;
        // Relaxed: the fiber decides by the number alone, and nothing goes with it.
        copies_->fetch_sub(1, base::relaxed);
        if (task_->state_.drop_reference()) task_->kind_->destroy(*task_);
    }

    /// For people.
    [[nodiscard]] static const char* what() noexcept { return "the task was cancelled"; }

private:
    void count() noexcept {
        if (task_ == nullptr) return;
        task_->state_.add_reference();
        copies_->fetch_add(1, base::relaxed);  // Relaxed: as in the destructor.
    }

    detail::task_header* task_ = nullptr;
    base::atomic<std::uint32_t>* copies_ = nullptr;
};

}  // namespace bifilar
