// A changing number of futures of one type, of which the next that is ready is wanted.
// A wake polls the future that it was meant for and no other, so ten thousand cost no more each than ten.
#pragma once

#include <bifilar/combine/detail/member_set.hpp>
#include <bifilar/combine/join_all.hpp>
#include <bifilar/memory/detail/frame_pool.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <utility>

namespace bifilar {

/// Owns its futures. Moves between tasks and threads only while nobody waits for it. Destroying it destroys the futures
/// that are left, as it would destroy them one by one: I/O in flight is cancelled and waited for there, which blocks
/// the thread a moment. cancel_all() before brings them to rest.
/// Thread: one task or thread at a time.
template <future F>
class future_set {
    static_assert(alignof(F) <= detail::largest_frame_alignment,
                  "a future in a set is aligned to at most 256 MiB; hold it in a std::unique_ptr");

public:
    /// A future that was ready: its key and its output.
    class finished {
    public:
        /// For the library.
        finished(std::size_t key, value_of<output_of<F>> value) : value_{std::move(value)}, key_{key} {}
        /// What add() returned for it.
        [[nodiscard]] std::size_t key() const noexcept { return key_; }
        /// Its output; std::monostate for void.
        [[nodiscard]] value_of<output_of<F>>& value() noexcept { return value_; }

    private:
        value_of<output_of<F>> value_;
        std::size_t key_;
    };
    class next_future;
    class cancel_future;

    future_set() noexcept = default;
    future_set(const future_set&) = delete;
    future_set& operator=(const future_set&) = delete;
    ~future_set() {
        members_.close();
        members_.for_each([this](detail::set_member& at) { end(static_cast<member&>(at)); });
    }

    /// Takes a future and gives its key: 0, 1, 2 and so on. It is polled by the next wait.
    /// Throws: std::bad_alloc, and what F's move constructor throws.
    /// Allocates: one block from the frame pool.
    std::size_t add(F f) {
        void* const block = detail::allocate_frame(sizeof(member));
        member* made = nullptr;
        try {
            made = new (block) member{members_, next_key_, std::move(f)};
        } catch (...) {
            detail::release_frame(block);
            throw;
        }
        members_.add(*made);
        ++size_;
        return next_key_++;
    }

    /// Futures that have not been ready yet.
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    /// Whether nothing is left to wait for.
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

    /// A future of the next that is ready; empty when there are none left: select over a range. Those that became ready
    /// first come first.
    /// Throws: what one of the futures throws; the others stay.
    /// Cancellation: cancels none of them; the set still has them all.
    /// Suspends: until one is ready.
    /// Complexity: a wake polls the future that it was meant for, and no other.
    [[nodiscard]] next_future next() noexcept { return next_future{*this}; }

    /// Asks the future with that key to end. The waits that follow bring it to rest and leave it out; until then it
    /// counts. False when there is none: it was ready, or was never there. For a spawned task this lets go of its
    /// handle; its cancel_handle ends the task. Neither waits nor allocates.
    /// Complexity: looks at each future of the set.
    bool cancel(std::size_t key) noexcept {
        bool found = false;
        members_.for_each([&](detail::set_member& at) {
            auto& one = static_cast<member&>(at);
            if (one.key_ != key) return;
            found = one.cancelled_ = true;
            detail::member_set::wake(one);
        });
        return found;
    }

    /// A future that is ready when all have been brought to rest and removed.
    /// Cancellation: it goes on until then.
    /// Suspends: until all are at rest.
    [[nodiscard]] cancel_future cancel_all() noexcept { return cancel_future{*this}; }

    /// For combinators: as next(), polled.
    polled<std::optional<finished>> poll_next(context& cx, bool as_arms = false) {
        using answer = std::optional<finished>;
        for (std::uint32_t polls = 0; size_ != 0; ++polls) {
            // Members that wake themselves or each other take turns with other tasks.
            if (polls == operations_per_run) {
                cx.yield();
                return not_ready;
            }
            auto* at = static_cast<member*>(members_.next(cx));
            if (at == nullptr) return not_ready;
            const bool asked = at->state_.begin_run() || cx.cancelling();
            if (at->cancelled_) [[unlikely]] {
                if (bring_to_rest(*at, cx)) return not_ready;
                continue;
            }
            context own{*at, asked, cx};
            own.forbid_nesting();
            try {
                polled<output_of<F>> got = as_arms ? bifilar::poll_arm(at->future_, own) : at->future_.poll(own);
                cx.spend_as(own);
                if (got) {
                    const std::size_t key = at->key_;
                    if constexpr (std::is_void_v<output_of<F>>) {
                        end(*std::exchange(at, nullptr));
                        return answer{finished{key, std::monostate{}}};
                    } else {
                        answer taken{finished{key, got.take()}};
                        end(*std::exchange(at, nullptr));
                        return taken;
                    }
                }
            } catch (...) {
                if (at != nullptr) end(*at);
                throw;
            }
            if (leave(*at, own, cx)) return not_ready;
        }
        return answer{};
    }

    /// For combinators: what the futures wait on, as arms of `Waits`, the future that waits for the set.
    template <class Waits>
    void describe_members(task_visitor& to, task_visitor::arms how) noexcept {
        to.begin_arms(detail::type_name<Waits>, how);
        members_.visit_some([&to](const detail::set_member& at) {
            const auto& one = static_cast<const member&>(at);
            if (!one.begun_) return;
            to.next_arm();
            describe_wait(one.future_, to);
        });
        to.end_arms();
    }

    /// For combinators: as cancel_all(), polled. Afterwards nothing but it may be called until it is ready.
    polled<void> poll_cancel_all(context& cx) {
        if (!cancelling_) {
            cancelling_ = true;
            members_.wake_all();
        }
        while (size_ != 0) {
            auto* const at = static_cast<member*>(members_.next(cx));
            if (at == nullptr) return not_ready;
            (void)at->state_.begin_run();
            if (bring_to_rest(*at, cx)) return not_ready;
        }
        cancelling_ = false;
        return done;
    }

private:
    class member : public detail::set_member {
    public:
        member(detail::member_set& in, std::size_t key, F&& f)
            : set_member{kind, in}, key_{key}, future_{std::move(f)} {}
        ~member() {}

        static void destroy(detail::task_header& header) noexcept {
            auto* const self = static_cast<member*>(&header);
            self->~member();
            detail::release_frame(self);
        }
        static constexpr detail::operations kind{nullptr, &set_member::queue, &destroy};

        const std::size_t key_;
        bool begun_ = false;
        bool cancelled_ = false;  // By its key.
        union {
            F future_;
        };
    };

    // The poll was not ready. True when the whole task has to take turns.
    bool leave(member& at, context& own, context& cx) noexcept {
        BIFILAR_ASSERT(own.armed(), "a future answered not ready without having stored a waker");
        at.begun_ = true;
        const bool yields = own.yielding();
        members_.end_poll(at, yields);
        if (yields) cx.yield();
        return yields;
    }

    // One poll on the way to rest. True when the whole task has to take turns.
    bool bring_to_rest(member& at, context& cx) {
        context own{at, true, cx};
        own.forbid_nesting();
        // One that was never polled has nothing to bring to rest.
        bool rests = !at.begun_;
        try {
            if (!rests) rests = bifilar::poll_cancel(at.future_, own).is_ready();
        } catch (...) {
            end(at);
            throw;
        }
        cx.spend_as(own);
        if (!rests) return leave(at, own, cx);
        end(at);
        return false;
    }

    void end(member& at) noexcept {
        std::destroy_at(&at.future_);
        members_.retire(at);
        --size_;
    }

    detail::member_set members_;
    std::size_t size_ = 0;
    std::size_t next_key_ = 0;
    bool cancelling_ = false;
};

template <future F>
class [[nodiscard]] future_set<F>::next_future {
public:
    using output = std::optional<finished>;
    explicit next_future(future_set& of) noexcept : of_{&of} {}
    next_future(next_future&& other) noexcept : of_{other.of_} {
        BIFILAR_CHECK(!other.polled_, "a future was moved after its first poll");
    }
    next_future& operator=(next_future&&) = delete;
    ~next_future() {
        if (polled_) of_->members_.forget_owner();
    }
    polled<output> poll(context& cx) {
        polled_ = true;
        return of_->poll_next(cx);
    }
    void describe_wait(task_visitor& to) const noexcept {
        of_->template describe_members<next_future>(to, task_visitor::arms::any);
    }

private:
    future_set* of_;
    bool polled_ = false;
};

template <future F>
class [[nodiscard]] future_set<F>::cancel_future {
public:
    using output = void;
    explicit cancel_future(future_set& of) noexcept : of_{&of} {}
    cancel_future(cancel_future&& other) noexcept : of_{other.of_} {
        BIFILAR_CHECK(!other.polled_, "a future was moved after its first poll");
    }
    cancel_future& operator=(cancel_future&&) = delete;
    ~cancel_future() {
        if (polled_) of_->members_.forget_owner();
    }
    polled<void> poll(context& cx) {
        polled_ = true;
        return of_->poll_cancel_all(cx);
    }
    /// Being cancelled, it goes on until all are at rest.
    polled<void> poll_cancel(context& cx) { return poll(cx); }
    void describe_wait(task_visitor& to) const noexcept {
        of_->template describe_members<cancel_future>(to, task_visitor::arms::all);
    }

private:
    future_set* of_;
    bool polled_ = false;
};

}  // namespace bifilar
