// A future that a callable makes when it is polled first, and that the callable outlives.
#pragma once

#include <bifilar/base/detail/assert.hpp>
#include <bifilar/future/future.hpp>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

namespace bifilar::detail {

/// Made by its first poll, so that what the call spawns is spawned then. Keeps the callable, so that a coroutine lambda
/// has its captures.
template <class Make>
class made_at_poll {
    using made = std::invoke_result_t<Make&>;

public:
    using output = output_of<made>;

    explicit made_at_poll(Make make) : make_{std::move(make)} {}
    /// Before its first poll.
    made_at_poll(made_at_poll&& other) noexcept(std::is_nothrow_move_constructible_v<Make>)
        : make_{std::move(other.make_)} {
        BIFILAR_CHECK(!other.made_, "a future was moved after its first poll");
    }
    made_at_poll& operator=(made_at_poll&&) = delete;

    polled<output> poll(context& cx) { return begun().poll(cx); }
    polled<output> poll_arm(context& cx) { return bifilar::poll_arm(begun(), cx); }
    [[nodiscard]] bool is_promised() const noexcept { return made_ && bifilar::is_promised(*made_); }
    polled<void> poll_cancel(context& cx) {
        if (made_) return bifilar::poll_cancel(*made_, cx);
        return done;
    }

    void describe_wait(task_visitor& to) const noexcept {
        if (made_) bifilar::describe_wait(*made_, to);
    }

private:
    // Makes it in its final place: a future need not be movable.
    class emplaced {
    public:
        explicit emplaced(Make& make) noexcept : make_{&make} {}
        operator made() const { return std::invoke(*make_); }

    private:
        Make* make_;
    };

    made& begun() {
        if (!made_) made_.emplace(emplaced{make_});
        return *made_;
    }

    Make make_;
    std::optional<made> made_;
};

}  // namespace bifilar::detail
