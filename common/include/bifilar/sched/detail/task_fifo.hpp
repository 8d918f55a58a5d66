// Tasks that one thread keeps, first in, first out: a ring that grows, so that the cache lines of those that come
// next can be prefetched, and a linked list behind it where there is no memory for a larger ring. Nearly all are
// fibers, each in a page of its own, so that the walk through the page table is begun early as well.
#pragma once

#include <bifilar/base/detail/pages.hpp>
#include <bifilar/base/detail/plain.hpp>
#include <bifilar/task/detail/task_header.hpp>
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

    struct entry {
        detail::task_header* task = nullptr;
        const void* wants = nullptr;
    };

    /// The two lines at `wants` are needed by the task when it runs, besides the two at its header.
    void push(detail::task_header& task, const void* wants) noexcept {
        if (first_ != nullptr || tail_ - head_ == capacity_) [[unlikely]]
            return push_slowly(task, wants);
        slot(tail_++) = {&task, wants};
    }

    void push(detail::task_header& task) noexcept { push(task, &task); }

    /// The oldest, or null.
    detail::task_header* take() noexcept {
        if (head_ == tail_) [[likely]]
            return first_ == nullptr ? nullptr : unchain();
        // Where many wait their turn, each has left the cache, and each line of it would be waited for by itself.
        if (tail_ - head_ > ahead) prefetch(slot(head_ + ahead));
        return slot(head_++).task;
    }

    [[nodiscard]] bool empty() const noexcept { return head_ == tail_ && first_ == nullptr; }

    /// Gives back what it has grown by, where it is empty.
    void shrink() noexcept {
        if (capacity_ > first_capacity && empty()) free_ring();
    }
    [[nodiscard]] bool has_grown() const noexcept { return capacity_ > first_capacity; }

private:
    static constexpr std::size_t first_capacity = 512;
    static constexpr std::size_t ahead = 8;

    entry& slot(std::size_t index) noexcept { return slots_[index & (capacity_ - 1)]; }

    // In place: to GCC 12 a function that does nothing else does nothing. Of what is not there nothing comes.
    [[gnu::always_inline]] static void prefetch(const entry& one) noexcept {
        constexpr std::size_t line_bytes = 64;
        __builtin_prefetch(one.task, 1);
        __builtin_prefetch(reinterpret_cast<const std::byte*>(one.task) + line_bytes, 1);
        __builtin_prefetch(one.wants, 1);
        __builtin_prefetch(static_cast<const std::byte*>(one.wants) + line_bytes, 1);
    }

    // The ring is full, or others wait behind it.
    [[gnu::noinline]] void push_slowly(detail::task_header& task, const void* wants) noexcept {
        if (first_ != nullptr || !grow()) return append(task);
        slot(tail_++) = {&task, wants};
    }
    [[nodiscard]] bool grow() noexcept {
        const std::size_t capacity = std::max(2 * capacity_, first_capacity);
        auto* const made = static_cast<entry*>(base::map_pages(capacity * sizeof(entry)));
        if (made == nullptr) return false;
        for (std::size_t at = head_; at != tail_; ++at) made[at & (capacity - 1)] = slot(at);
        free_ring();
        slots_ = made;
        capacity_ = capacity;
        return true;
    }
    void free_ring() noexcept {
        if (slots_ != nullptr) base::unmap_pages(slots_, capacity_ * sizeof(entry));
        slots_ = nullptr;
        capacity_ = 0;
    }

    void append(detail::task_header& task) noexcept {
        task.next_ = nullptr;
        (first_ != nullptr ? last_->next_ : first_) = &task;
        last_ = &task;
    }
    detail::task_header* unchain() noexcept {
        detail::task_header* const task = first_;
        first_ = task->next_;
        return task;
    }

    entry* slots_ = nullptr;
    std::size_t capacity_ = 0;
    std::size_t head_ = 0;
    std::size_t tail_ = 0;
    // Behind all of the ring; null: none.
    base::plain<detail::task_header*> first_{nullptr};
    base::plain<detail::task_header*> last_{nullptr};
};

}  // namespace bifilar::sched
