// Values that belong to a task as thread_local ones belong to a thread; children may inherit copies.
// One type for coroutines, fibers and plain threads; fiber_local is its other name.
#pragma once

#include <bifilar/local/detail/local_store.hpp>
#include <concepts>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace bifilar {

/// Whether a spawned task begins with copies of its spawner's values.
enum class inherit : bool { no, yes };

/// A key under which every task may keep one T. Constant-initialized: make it a static or a global. It lives longer
/// than every task and thread that set it.
///
/// The value is found wherever the task runs: after suspensions, on another worker, inside of another task's poll. It
/// ends with the task's body, also when that is cancelled, newest first; the last ones see the others already gone.
/// Destructors run in the task and may use its other values, but not wait: await() refuses there.
///
/// Outside of tasks the value belongs to the plain thread, as a thread_local does; inside of spawn_blocking to the job.
///
/// With inherit::yes every task, fiber and blocking job begins with a copy of the value that its spawner has at that
/// time: a task its own, a plain thread its own. T's copy constructor runs in the spawner, does not wait, and what it
/// throws comes out of spawn; nothing was started then. spawn_options::inherit_locals = false leaves them out.
/// Thread: any; each call is about the value of its own task or thread.
/// Complexity: a look-up takes a few nanoseconds and one more for each key that the task set later. Tasks that set no
/// value and inherit none pay nothing.
template <class T>
class task_local : private detail::local_key {
    static_assert(std::is_object_v<T> && !std::is_const_v<T>, "a task_local keeps an object that can be set");

public:
    /// Children get no copies. T need not be copyable.
    constexpr task_local() noexcept : local_key{nullptr} {}
    /// With inherit::yes tasks begin with copies of the values of who spawns them.
    constexpr explicit task_local(inherit how)
        requires std::copy_constructible<T>
        : local_key{how == inherit::yes ? &copy : nullptr} {}

    /// The calling task's value, which stays where it is until it is reset, emplaced or the task's body ends; null when
    /// there is none.
    [[nodiscard]] T* get() const noexcept {
        const detail::local_store* const own = detail::running_locals(detail::this_thread());
        if (own == nullptr) return nullptr;
        detail::local_entry* const found = own->find(*this);
        return found != nullptr ? &static_cast<entry*>(found)->value_ : nullptr;
    }

    /// A copy of the value, or `other`.
    [[nodiscard]] T get_or(T other) const
        requires std::copy_constructible<T>
    {
        const T* const found = get();
        return found != nullptr ? *found : std::move(other);
    }

    /// Makes the calling task's value anew, as its newest; the old one ends after that.
    /// Throws: what T's constructor throws, and std::bad_alloc; the old value stays then.
    /// Allocates: a block from the frame pool, and one more for the first value of a task or thread.
    template <class... Args>
        requires std::constructible_from<T, Args...>
    T& emplace(Args&&... args) {
        auto made = std::make_unique<entry>(*this, std::forward<Args>(args)...);
        T& value = made->value_;
        detail::local_store& own = detail::own_locals();
        // Ends when the new one is in its place, because its destructor may ask for it.
        const std::unique_ptr<detail::local_entry> old = own.take(*this);
        own.add(std::move(made));
        return value;
    }

    /// Sets the calling task's value: assigns where there is one, else makes it as emplace does.
    /// Throws: what assigning throws; else as emplace.
    T& set(T value) {
        if constexpr (std::is_move_assignable_v<T>) {
            if (T* const old = get()) return *old = std::move(value);
        }
        return emplace(std::move(value));
    }

    /// Ends the calling task's value, if there is one. While it ends get() gives null.
    void reset() noexcept {
        detail::local_store* const own = detail::running_locals(detail::this_thread());
        if (own != nullptr) (void)own->take(*this);
    }

private:
    class entry final : public detail::local_entry {
    public:
        template <class... Args>
        explicit entry(const task_local& key, Args&&... args) : local_entry{key}, value_(std::forward<Args>(args)...) {}

        T value_;
    };

    static std::unique_ptr<detail::local_entry> copy(const detail::local_entry& of) {
        const auto& from = static_cast<const entry&>(of);
        return std::make_unique<entry>(static_cast<const task_local&>(from.key()), from.value_);
    }
};

/// The same: fibers are tasks, and what they set is found by whatever runs in them.
template <class T>
using fiber_local = task_local<T>;

}  // namespace bifilar
