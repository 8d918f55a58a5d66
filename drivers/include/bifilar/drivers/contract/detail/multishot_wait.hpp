// Waiting for the next of many: by one operation that a ring completes again and again, or by one after the other.
// Nothing is lost between two waits, whoever gives one up.
#pragma once

#include <bifilar/base/detail/assert.hpp>
#include <bifilar/drivers/contract/detail/io_wait.hpp>
#include <bifilar/drivers/contract/detail/multishot_op.hpp>
#include <bifilar/drivers/contract/owned_descriptor.hpp>
#include <memory>
#include <optional>

namespace bifilar::drivers {

/// What outlives the single wait. Stays where it is while one waits.
class multishot_source {
public:
    /// Connections of a listener, or what a stream receives.
    enum class what : unsigned char { connections, bytes };

    multishot_source(what kind, source_ptr of) noexcept : source_{std::move(of)}, what_{kind} {}

    /// Aborts where it was moved from.
    [[nodiscard]] const io_source& source() const noexcept {
        BIFILAR_CHECK(source_ != nullptr,
                      "incoming connections or a receive_stream were used after they were moved from");
        return *source_;
    }

private:
    // What is kept here is what one wait leaves to the next.
    friend class multishot_wait;

    [[nodiscard]] op_kind plain_kind() const noexcept {
        return what_ == what::connections ? op_kind::accept : op_kind::recv_pooled;
    }
    [[nodiscard]] op_kind many_kind() const noexcept {
        return what_ == what::connections ? op_kind::accept_multishot : op_kind::recv_multishot;
    }
    /// A ring waits for what blocks in the kernel's eyes; a plain accept is tried, so it must not block.
    void set_blocking(bool blocks) noexcept;

    source_ptr source_;
    std::unique_ptr<multishot_op, multishot_op::closer> many_;  // Made by the first wait on a ring.
    // Of a plain wait that was given up when it had ended: a connection, or another result.
    owned_descriptor spare_connection_;
    std::optional<multishot_result> spare_;
    what what_;
    bool blocks_ = false;  // Of a listener.
    bool plain_ = false;   // There is no such operation, in the kernel or in the driver that was asked first.
};

class multishot_wait {
public:
    explicit multishot_wait(multishot_source& of) noexcept : of_{&of} { (void)of.source(); }
    /// Before its first poll.
    multishot_wait(multishot_wait&& other) noexcept : of_{other.of_} {
        BIFILAR_CHECK(!other.polled_, "an I/O future was moved after its first poll");
    }
    multishot_wait& operator=(multishot_wait&&) = delete;
    ~multishot_wait() {
        if (polled_ && !ended_) give_up();
    }

    /// The result of a call or a negative errno, once; empty: not ready.
    [[gnu::always_inline]] call_result poll(context& cx) {
        const call_result result = plain_ ? plain_->poll(cx) : begin(cx);
        ended_ = static_cast<bool>(result);
        return result;
    }
    /// What a receive brought, after its result.
    [[nodiscard]] received_bytes& bytes() noexcept { return got_; }
    [[nodiscard]] polled<void> poll_rest(context& cx) noexcept;
    /// For a future of type F: which operation it waits for, and on what.
    template <class F>
    void describe(task_visitor& to) const noexcept {
        visit_operation(to, bifilar::detail::type_name<F>, of_->plain_kind(), of_->source());
    }

private:
    call_result begin(context& cx);
    call_result begin_plain(context& cx);
    void give_up() noexcept;

    multishot_source* of_;
    bool polled_ = false;
    bool ended_ = false;  // It has told its result.
    received_bytes got_;  // Before plain_: the operation ends first.
    std::optional<io_wait> plain_;
};

}  // namespace bifilar::drivers
