// Tasks that one thread keeps, first in, first out: a ring that grows, so that the lines of those that come next can be
// asked for ahead, and a chain behind it where there is no memory for a larger ring.
#pragma once

#include <bifilar/base/pages.hpp>
#include <bifilar/base/prefetch.hpp>
#include <bifilar/core/task_header.hpp>
#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace bifilar::sched {

/// One thread's. Nothing throws.
class task_fifo {
public:
    task_fifo() noexcept = default;
    task_fifo(const task_fifo&) = delete;
    task_fifo& operator=(const task_fifo&) = delete;
    ~task_fifo() { free_ring(); }

    void push(task_header& task) noexcept {
        if (first_ != nullptr || (tail_ - head_ == capacity_ && !grow())) [[unlikely]]
            return chain(task);
        slot(tail_++) = &task;
    }

    /// The oldest, or null.
    task_header* take() noexcept {
        if (head_ == tail_) [[likely]]
            return first_ == nullptr ? nullptr : unchain();
        // Where many wait their turn, each has left the cache, and each line of it would be waited for by itself.
        if (tail_ - head_ > ahead) prefetch_around(slot(head_ + ahead));
        return slot(head_++);
    }

    [[nodiscard]] bool empty() const noexcept { return head_ == tail_ && first_ == nullptr; }

    /// Gives back what it has grown by, where it is empty.
    void shrink() noexcept {
        if (capacity_ > first_capacity && empty()) free_ring();
    }
    [[nodiscard]] bool has_grown() const noexcept { return capacity_ > first_capacity; }

private:
    static constexpr std::size_t first_capacity = 512;
    static constexpr std::size_t ahead = 4;

    task_header*& slot(std::size_t index) noexcept { return slots_[index & (capacity_ - 1)]; }

    // A fiber's task lies at the top of its stack, right above what the switch has saved and its innermost frames.
    static void prefetch_around(const task_header* task) noexcept {
        constexpr std::size_t below = 320;
        constexpr std::size_t above = 128;
        base::prefetch(reinterpret_cast<std::uintptr_t>(task) - below, below + above);
    }

    [[gnu::noinline]] bool grow() noexcept {
        const std::size_t capacity = std::max(2 * capacity_, first_capacity);
        auto* const made = static_cast<task_header**>(base::map_pages(capacity * sizeof(task_header*)));
        if (made == nullptr) return false;
        for (std::size_t at = head_; at != tail_; ++at) made[at & (capacity - 1)] = slot(at);
        free_ring();
        slots_ = made;
        capacity_ = capacity;
        return true;
    }
    void free_ring() noexcept {
        if (slots_ != nullptr) base::unmap_pages(slots_, capacity_ * sizeof(task_header*));
        slots_ = nullptr;
        capacity_ = 0;
    }

    [[gnu::noinline]] void chain(task_header& task) noexcept {
        task.next_ = nullptr;
        (first_ != nullptr ? last_->next_ : first_) = &task;
        last_ = &task;
    }
    task_header* unchain() noexcept {
        task_header* const task = first_;
        first_ = task->next_;
        return task;
    }

    task_header** slots_ = nullptr;
    std::size_t capacity_ = 0;
    std::size_t head_ = 0;
    std::size_t tail_ = 0;
    // Behind all of the ring; null: none.
    task_header* first_ = nullptr;
    task_header* last_ = nullptr;
};

}  // namespace bifilar::sched
