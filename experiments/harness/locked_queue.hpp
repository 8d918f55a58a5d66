// A bounded queue between threads, by a mutex and two condition variables: what is written where there is no runtime.
// Contenders named "thread" talk through it, where ours have a channel<T>.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace bifilar::experiments {

/// Any thread may send, receive and close.
template <class T>
class locked_queue {
public:
    explicit locked_queue(std::size_t capacity) : capacity_{capacity} {}

    /// Waits while the queue is full.
    void send(T value) {
        {
            std::unique_lock held{lock_};
            room_.wait(held, [this] { return values_.size() < capacity_; });
            values_.push_back(std::move(value));
        }
        filled_.notify_one();
    }

    /// Waits while the queue is empty; nothing once it is closed as well.
    std::optional<T> recv() {
        std::optional<T> taken;
        {
            std::unique_lock held{lock_};
            filled_.wait(held, [this] { return !values_.empty() || closed_; });
            if (values_.empty()) return taken;
            taken = std::move(values_.front());
            values_.pop_front();
        }
        room_.notify_one();
        return taken;
    }

    void close() {
        {
            const std::lock_guard held{lock_};
            closed_ = true;
        }
        filled_.notify_all();
    }

private:
    std::mutex lock_;  // Guards values_ and closed_.
    std::condition_variable room_;
    std::condition_variable filled_;
    std::deque<T> values_;
    std::size_t capacity_;
    bool closed_ = false;
};

}  // namespace bifilar::experiments
