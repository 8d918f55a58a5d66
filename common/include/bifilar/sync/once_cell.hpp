// A value that is made once, by whoever needs it first; the others wait for it. The maker may suspend.
#pragma once

#include <bifilar/future/detail/wait_list.hpp>
#include <bifilar/future/future.hpp>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace bifilar {

/// The value is visible to whoever gets it. A maker that throws or is cancelled leaves the cell empty, and another that
/// wants the value makes it. Must outlive its waits, an emplace() that is under way, and a making that more than 64
/// wait for. Destroying it waited for or while its value is made aborts. The cell itself allocates nothing.
/// Thread: any, for all members.
/// Complexity: reading is one load.
template <class T>
class once_cell {
public:
    template <class Make>
    class init_future;

    once_cell() noexcept {}
    once_cell(const once_cell&) = delete;
    once_cell& operator=(const once_cell&) = delete;
    ~once_cell() {
        const state now = state_.load(base::relaxed);  // Relaxed, as all in a destructor: nobody else uses the cell.
        BIFILAR_CHECK(now != state::busy && waiters_.empty(),
                      "a once_cell was destroyed while tasks make its value or wait for it; join them first");
        if (now == state::full) std::destroy_at(&value_);
    }

    /// The value, or null as long as there is none. Valid until the cell is destroyed.
    [[nodiscard]] T* get() noexcept { return is_set() ? &value_ : nullptr; }
    /// The value, or null where there is none yet. Never suspends.
    [[nodiscard]] const T* get() const noexcept { return is_set() ? &value_ : nullptr; }
    /// Whether there is a value; a false may be out of date when it returns.
    [[nodiscard]] bool is_set() const noexcept {
        return state_.load(base::acquire) == state::full;  // Pairs with fill; so that the value is visible.
    }

    /// Makes the value of `given`. False, with `given` untouched, when there is one or somebody makes one. Never waits.
    /// Throws: what T's constructor throws; the cell stays empty.
    template <class... Given>
    bool emplace(Given&&... given) {
        state seen = state::empty;
        // Acquire: pairs with give_up, so that the memory is free of the last maker's writes.
        if (!state_.compare_exchange_strong(seen, state::busy, base::acquire, base::relaxed)) return false;
        try {
            std::construct_at(&value_, std::forward<Given>(given)...);
        } catch (...) {
            give_up();
            throw;
        }
        fill();
        return true;
    }

    /// A future of the value's address. Empty, the cell is filled with make(), or with the output of the future that
    /// make() returns; when another does that already, this waits, and makes it itself if the other fails. `make` is
    /// kept in the future and called by a poll, under no lock. A maker that waits for its own cell waits for ever.
    /// Throws: what its own making throws.
    /// Cancellation: brings its own making to rest and leaves the cell empty; the oldest that waits makes the value
    /// then. One that only waits loses nothing.
    /// Suspends: while another makes the value, or its own making waits.
    template <class Make>
    [[nodiscard]] init_future<std::decay_t<Make>> get_or_init(Make&& make) {
        return init_future<std::decay_t<Make>>{*this, std::forward<Make>(make)};
    }

private:
    enum class state : std::uint8_t {
        empty,  ///< No value. Anybody may become the maker.
        busy,   ///< Somebody makes it. The maker alone leaves this state.
        full,   ///< There for good.
    };

    void fill() noexcept {
        // Pairs with get. Under the lock, so that whoever sees no value is in the list before the list is taken.
        waiters_.wake_all([this] { state_.store(state::full, base::release); });
    }

    // The maker failed: the oldest that waits is next.
    void give_up() noexcept {
        wake_batch batch;
        const std::lock_guard guard{waiters_.lock()};
        state_.store(state::empty, base::release);  // Pairs with emplace.
        (void)waiters_.wake_one(batch);
    }

    // Written under the lock, but for the step from empty to busy; read by all without it.
    base::atomic<state> state_{state::empty};
    detail::wait_list waiters_;
    union {
        T value_;
    };
};

template <class T>
template <class Make>
class [[nodiscard]] once_cell<T>::init_future {
    using made = std::invoke_result_t<Make&>;
    class none {
    public:
        none() noexcept {}
    };

public:
    using output = T*;

    init_future(once_cell& of, Make make) : of_{&of}, make_{std::move(make)} {}
    /// Before its first poll.
    init_future(init_future&& other) noexcept(std::is_nothrow_move_constructible_v<Make>)
        : of_{other.of_}, make_{std::move(other.make_)}, node_{std::move(other.node_)} {
        BIFILAR_CHECK(!other.makes_ && !other.over_, "a future was moved after its first poll");
    }
    init_future& operator=(init_future&&) = delete;
    ~init_future() {
        if (makes_) {
            drop_made();
            of_->give_up();
            return;
        }
        // Relaxed: a fresh node was never shared.
        if (over_ || node_.where(base::relaxed) == detail::wait_node::place::fresh) return;
        wake_batch batch;
        const std::lock_guard guard{of_->waiters_.lock()};
        // Relaxed, both: under the lock.
        if (node_.where(base::relaxed) == detail::wait_node::place::waiting)
            of_->waiters_.remove(node_);
        else if (of_->state_.load(base::relaxed) == state::empty)
            (void)of_->waiters_.wake_one(batch);  // It was this one's turn.
    }

    polled<T*> poll(context& cx) {
        if (!makes_) {
            // Relaxed: as above.
            if (node_.where(base::relaxed) == detail::wait_node::place::fresh) {
                if (!cx.take_budget()) return not_ready;
                if (T* const there = of_->get()) return there;
            }
            if (T* const there = enter(cx)) return there;
            if (!makes_) return not_ready;
        }
        try {
            if (!advance(cx)) return not_ready;
        } catch (...) {
            makes_ = false;
            over_ = true;
            drop_made();
            of_->give_up();
            throw;
        }
        makes_ = false;
        over_ = true;
        of_->fill();
        return &of_->value_;
    }

    polled<void> poll_cancel(context& cx) {
        if constexpr (future<made>) {
            if (made_) return bifilar::poll_cancel(*made_, cx);
        }
        return done;
    }
    void describe_wait(task_visitor& to) const noexcept {
        if constexpr (future<made>) {
            if (made_) return bifilar::describe_wait(*made_, to);
        }
        detail::visit_facts<init_future>(to, wait_fact::object(of_));
    }

private:
    // Before the next in line begins.
    void drop_made() noexcept {
        if constexpr (future<made>) made_.reset();
    }

    // The value; else makes_ says whose turn it is.
    T* enter(context& cx) noexcept {
        const std::lock_guard guard{of_->waiters_.lock()};
        state seen = state::empty;
        // Relaxed: give_up and fill hold the lock.
        if (of_->state_.compare_exchange_strong(seen, state::busy, base::relaxed, base::relaxed)) {
            if (node_.where(base::relaxed) == detail::wait_node::place::waiting) of_->waiters_.remove(node_);
            makes_ = true;
            return nullptr;
        }
        if (seen == state::full) {
            if (node_.where(base::relaxed) == detail::wait_node::place::waiting) of_->waiters_.remove(node_);
            over_ = true;
            return &of_->value_;
        }
        of_->waiters_.wait(node_, cx);
        return nullptr;
    }

    // True when the value is in the cell.
    bool advance(context& cx) {
        if constexpr (future<made>) {
            if (!made_) made_.emplace(make_());
            auto answer = made_->poll(cx);
            if (!answer) return false;
            std::construct_at(&of_->value_, answer.take());
        } else {
            std::construct_at(&of_->value_, make_());
        }
        return true;
    }

    once_cell* of_;
    Make make_;
    [[no_unique_address]] std::conditional_t<future<made>, std::optional<made>, none> made_;
    detail::wait_node node_;
    bool makes_ = false;
    bool over_ = false;
};

}  // namespace bifilar
