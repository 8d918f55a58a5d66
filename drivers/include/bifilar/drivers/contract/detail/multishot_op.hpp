// An operation that completes many times: a ring's multishot accept or receive (Linux 5.19 and 6.0).
// It lives on the heap, because the kernel lets go of it only some time after its owner did.
#pragma once

#include <bifilar/base/detail/intrusive_list.hpp>
#include <bifilar/base/detail/owner_count.hpp>
#include <bifilar/drivers/contract/detail/io_source.hpp>
#include <bifilar/drivers/contract/received_bytes.hpp>
#include <bifilar/task/context.hpp>
#include <deque>
#include <memory>
#include <optional>

namespace bifilar::drivers {

/// What one completion brought.
class multishot_result {
public:
    multishot_result(int result, received_bytes bytes) noexcept : result{result}, bytes{std::move(bytes)} {}
    int result;            ///< A descriptor, or how many bytes; a negative errno for a failure.
    received_bytes bytes;  ///< Of a receive.
};

/// What came and was not taken yet, oldest first. One needs no memory of its own, and mostly there is no second.
class waiting_results {
public:
    [[nodiscard]] bool empty() const noexcept { return !first_; }
    [[nodiscard]] std::size_t size() const noexcept { return first_ ? 1 + (others_ ? others_->size() : 0) : 0; }
    /// Throws std::bad_alloc, and has not taken it then.
    void add(multishot_result&& next) {
        if (!first_) {
            first_.emplace(std::move(next));
            return;
        }
        if (!others_) others_ = std::make_unique<std::deque<multishot_result>>();
        others_->push_back(std::move(next));
    }
    /// Not of an empty one.
    [[nodiscard]] multishot_result take() noexcept {
        multishot_result oldest{std::move(*first_)};
        first_.reset();
        if (others_ && !others_->empty()) [[unlikely]] {
            first_.emplace(std::move(others_->front()));
            others_->pop_front();
        }
        return oldest;
    }

private:
    std::optional<multishot_result> first_;
    std::unique_ptr<std::deque<multishot_result>> others_;  // Null until there is a second.
};

/// The owner takes results, one after the other; the driver's thread adds them. Everything but the operation itself is
/// guarded by the source's lock.
class multishot_op final : public op, public base::list_link<multishot_op> {
public:
    /// `what`: accept_multishot or recv_multishot.
    multishot_op(op_kind what, source_ptr of);
    multishot_op(const multishot_op&) = delete;
    multishot_op& operator=(const multishot_op&) = delete;

    /// The owner lets go: results that nobody took are closed or given back, what is in flight is cancelled.
    struct closer {
        void operator()(multishot_op* which) const noexcept;
    };

    /// The oldest result, whose bytes go to `into`, or arms the operation and waits for one. EOPNOTSUPP: the thread's
    /// driver has no such operations. EBUSY: another task waits. The thread of the task that waits. `wait` tells one
    /// wait from another. ENOMEM: bytes were lost for want of memory to keep them, and the stream has a gap.
    [[nodiscard]] call_result poll(context& cx, const void* wait, received_bytes& into);
    /// That wait is given up.
    void forget(const void* wait) noexcept;

    /// A completion: the driver's thread. `more`: others will follow, else the driver lets go of the operation with
    /// this call. True: too many results wait, cancel it; the owner arms it again when it has taken them.
    [[nodiscard]] bool add(multishot_result next, bool more, wake_batch& batch) noexcept;
    /// That cancel could not begin: the next completion asks for it again. The driver's thread.
    void go_on() noexcept;
    /// The driver has begun the cancel that the owner asked for.
    void disarm_seen() noexcept { drop(); }

private:
    ~multishot_op();

    /// Results that wait for the owner before the operation is cancelled. A burst may bring more. Those of a receive
    /// hold buffers that all streams of the driver share.
    [[nodiscard]] std::size_t max_waiting() const noexcept { return brings_bytes() ? 16 : 256; }

    void drop() noexcept;
    /// As opposed to descriptors.
    [[nodiscard]] bool brings_bytes() const noexcept { return kind == op_kind::recv_multishot; }
    void discard(const multishot_result& left) const noexcept;

    source_ptr owned_;
    waiting_results results_;
    waker_ref waiter_;
    const void* wait_ = nullptr;  // Whose waiter it is.
    bool armed_ = false;          // In the driver's hands.
    bool pausing_ = false;        // Too many results; a cancel is on its way.
    bool orphaned_ = false;       // The owner is gone.
    bool lost_ = false;           // There was no memory to keep what came.
    // The owner, the driver while it is armed, and a cancel under way. Each takes its own away; the last frees.
    base::owner_count holders_{1};
};

}  // namespace bifilar::drivers
