// The newest value of something, for those who want to know it now or when it changes. Values in between may be missed.
// One lock; semantics after tokio's watch.
#pragma once

#include <bifilar/channel/channel_error.hpp>
#include <bifilar/future/detail/wait_list.hpp>
#include <bifilar/future/future.hpp>
#include <cstdint>
#include <exception>
#include <expected>
#include <optional>
#include <type_traits>
#include <utility>

namespace bifilar {

/// Neither copied nor moved; outlives its watchers, else its destructor aborts. Values are copied under the lock: use a
/// std::shared_ptr for what is expensive to copy. Nothing allocates.
/// Thread: any, for all members; release on sending, acquire on looking.
template <class T>
class watch {
    static_assert(std::is_copy_constructible_v<T>, "a watch copies its value; watch a std::shared_ptr");
    static_assert(std::is_nothrow_move_constructible_v<T> && std::is_nothrow_swappable_v<T>,
                  "a watch swaps values under its lock; watch a std::shared_ptr to a type whose move may throw");

public:
    class watcher;

    /// Holds `initial`.
    explicit watch(T initial) noexcept : value_{std::move(initial)} {}
    watch(const watch&) = delete;
    watch& operator=(const watch&) = delete;
    ~watch() { BIFILAR_CHECK(watchers_ == 0, "a watch was destroyed while it has watchers; end them first"); }

    /// Replaces the value and wakes those who wait for a change; the old one is destroyed by the caller's thread,
    /// outside of the lock. Never suspends.
    /// Errors: send_error with the new value when the watch is closed.
    std::expected<void, send_error<T>> send(T value) noexcept {
        bool shut = false;
        waiters_.wake_all([&] {
            shut = closed_;
            if (shut) return false;
            using std::swap;
            swap(value_, value);
            ++version_;
            return true;
        });
        if (shut) return std::unexpected{send_error<T>{std::move(value)}};
        return {};
    }
    template <detail::loses_fraction<T> U>
    void send(U) = delete;  // It would lose its fraction: convert it first.

    /// Changes the value in place: `change(T&)` runs under the lock, so it must not wait or use the watch. Where it
    /// answers a bool, false means that nothing changed and nobody is told. Whether something did; not when the watch
    /// is closed, where it does not run.
    /// Throws: what `change` throws; what it had changed stays, and nobody is told of it.
    template <class Change>
    bool modify(Change change) {
        bool changed = false;
        std::exception_ptr thrown;
        waiters_.wake_all([&]() noexcept {
            if (closed_) return false;
            try {
                if constexpr (std::is_same_v<std::invoke_result_t<Change&, T&>, bool>) {
                    changed = change(value_);
                } else {
                    change(value_);
                    changed = true;
                }
            } catch (...) {
                thrown = std::current_exception();
            }
            if (changed) ++version_;
            return changed;
        });
        if (thrown != nullptr) std::rethrow_exception(std::move(thrown));
        return changed;
    }

    /// A copy of the newest value.
    /// Throws: what copying throws.
    [[nodiscard]] T get() const {
        const std::lock_guard guard{waiters_.lock()};
        return value_;
    }

    /// The value changes no more; waits end. Any number of times.
    void close() noexcept {
        waiters_.wake_all([this] { closed_ = true; });
    }

    /// Has seen what there is now.
    [[nodiscard]] watcher subscribe() noexcept { return watcher{*this}; }

private:
    mutable detail::wait_list waiters_;  // Its lock guards all below.
    T value_;
    std::uint64_t version_ = 0;
    std::uint64_t watchers_ = 0;
    bool closed_ = false;
};

/// One reader's view: which version it has seen. Copying it makes another that has seen the same. Aborts when it is
/// used after it was moved from, or moved while a wait of its lasts; one that was moved from may be assigned again.
/// Thread: one task or thread at a time.
template <class T>
class watch<T>::watcher {
public:
    class changed_future;
    template <class Wanted>
    class wait_for_future;

    explicit watcher(watch& of) noexcept : of_{&of} {
        const std::lock_guard guard{of.waiters_.lock()};
        seen_ = of.version_;
        ++of.watchers_;
    }
    watcher(const watcher& other) noexcept : of_{other.of_}, seen_{other.seen_} {
        if (of_ == nullptr) return;
        const std::lock_guard guard{of_->waiters_.lock()};
        ++of_->watchers_;
    }
    watcher(watcher&& other) noexcept : of_{std::exchange(other.of_, nullptr)}, seen_{other.seen_} {}
    watcher& operator=(watcher other) noexcept {
        std::swap(of_, other.of_);
        std::swap(seen_, other.seen_);
        return *this;
    }
    ~watcher() {
        if (of_ == nullptr) return;
        const std::lock_guard guard{of_->waiters_.lock()};
        --of_->watchers_;
    }

    /// A copy of the newest value, which then counts as seen.
    /// Throws: what copying throws; it is unseen then.
    [[nodiscard]] T get() {
        watch& of = here();
        const std::lock_guard guard{of.waiters_.lock()};
        T value = of.value_;
        seen_ = of.version_;
        return value;
    }
    /// Whether there is a value that get() has not returned.
    [[nodiscard]] bool has_changed() {
        watch& of = here();
        const std::lock_guard guard{of.waiters_.lock()};
        return seen_ != of.version_;
    }

    /// A future that is ready when there is a value that get() has not returned: true, also when the watch is closed as
    /// well; or when it is closed and nothing is new: false. The watcher outlives it and stays where it is.
    /// Cancellation: loses nothing.
    /// Suspends: until a value is sent or the watch is closed.
    [[nodiscard]] changed_future changed() noexcept {
        (void)here();
        return changed_future{*this};
    }

    /// A future of the first value for which `wanted(const T&)` answers true, the present one first; it counts as seen.
    /// Empty when the watch is closed and its last value is not wanted. Values in between may be missed. `wanted` runs
    /// under the lock, so it must not wait or use the watch. The watcher outlives it and stays where it is.
    /// Throws: what `wanted` or copying throws.
    /// Cancellation: loses nothing.
    /// Suspends: until a value is wanted or the watch is closed.
    template <class Wanted>
    [[nodiscard]] wait_for_future<Wanted> wait_for(Wanted wanted) {
        (void)here();
        return wait_for_future<Wanted>{*this, std::move(wanted)};
    }

private:
    watch& here() noexcept {
        BIFILAR_CHECK(of_ != nullptr, "a watcher was used after it was moved from");
        return *of_;
    }

    watch* of_;
    std::uint64_t seen_ = 0;
};

template <class T>
class [[nodiscard]] watch<T>::watcher::changed_future {
public:
    using output = bool;

    explicit changed_future(watcher& of) noexcept : of_{&of}, channel_{of.of_} {}
    changed_future(changed_future&&) noexcept = default;
    changed_future& operator=(changed_future&&) = delete;
    ~changed_future() { channel_->waiters_.leave(node_); }

    polled<bool> poll(context& cx) noexcept {
        watch& from = *channel_;
        BIFILAR_CHECK(of_->of_ == channel_, "a watcher was moved or assigned while a wait of it goes on");
        // Relaxed: a fresh node was never shared.
        if (node_.where(base::relaxed) == detail::wait_node::place::fresh && !cx.take_budget()) return not_ready;
        const std::lock_guard guard{from.waiters_.lock()};
        const bool changed = of_->seen_ != from.version_;
        if (!changed && !from.closed_) {
            from.waiters_.wait(node_, cx);
            return not_ready;
        }
        if (node_.where(base::relaxed) == detail::wait_node::place::waiting)
            from.waiters_.remove(node_);  // Relaxed: locked.
        return changed;
    }
    void describe_wait(task_visitor& to) const noexcept {
        detail::visit_facts<changed_future>(to, wait_fact::object(channel_));
    }

private:
    watcher* of_;
    watch* channel_;
    detail::wait_node node_;
};

template <class T>
template <class Wanted>
class [[nodiscard]] watch<T>::watcher::wait_for_future {
public:
    using output = std::optional<T>;

    wait_for_future(watcher& of, Wanted wanted) : of_{&of}, channel_{of.of_}, wanted_{std::move(wanted)} {}
    wait_for_future(wait_for_future&&) = default;
    wait_for_future& operator=(wait_for_future&&) = delete;
    ~wait_for_future() { channel_->waiters_.leave(node_); }

    polled<output> poll(context& cx) {
        watch& from = *channel_;
        BIFILAR_CHECK(of_->of_ == channel_, "a watcher was moved or assigned while a wait of it goes on");
        // Relaxed: a fresh node was never shared.
        if (node_.where(base::relaxed) == detail::wait_node::place::fresh && !cx.take_budget()) return not_ready;
        const std::lock_guard guard{from.waiters_.lock()};
        output found;
        // The value stays while it waits.
        if (const bool waits = node_.where(base::relaxed) == detail::wait_node::place::waiting;  // Relaxed: locked.
            !waits || from.version_ != looked_at_) {
            looked_at_ = from.version_;
            if (wanted_(std::as_const(from.value_))) {
                found.emplace(from.value_);
                of_->seen_ = from.version_;
            }
        }
        if (!found && !from.closed_) {
            from.waiters_.wait(node_, cx);
            return not_ready;
        }
        if (node_.where(base::relaxed) == detail::wait_node::place::waiting)
            from.waiters_.remove(node_);  // Relaxed: locked.
        return found;
    }
    void describe_wait(task_visitor& to) const noexcept {
        detail::visit_facts<wait_for_future>(to, wait_fact::object(channel_));
    }

private:
    watcher* of_;
    watch* channel_;
    std::uint64_t looked_at_ = 0;  // The version that was not wanted. While it waits.
    detail::wait_node node_;
    Wanted wanted_;
};

}  // namespace bifilar
