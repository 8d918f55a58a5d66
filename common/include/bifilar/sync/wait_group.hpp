// A count of things under way, up and down, and a wait for none: Go's WaitGroup.
#pragma once

#include <bifilar/sync/detail/countdown.hpp>
#include <utility>

namespace bifilar {

/// Whoever passed may destroy it, when at most 64 waited and no wait is left; try_wait() and count() do not tell that
/// the last to count is gone. May count up again after it was 0; a wait that was woken stays ready. Destroying it
/// waited for aborts. Nothing allocates, and nothing but wait() suspends.
/// Thread: any, for all members; release on done, acquire on passing.
class wait_group {
public:
    class token;
    using wait_future = detail::gate_wait<detail::countdown>;

    wait_group() noexcept : count_{0} {}
    ~wait_group() {
        BIFILAR_CHECK(!count_.has_waiters(), "a wait_group was destroyed while tasks wait for it; join them first");
    }

    /// So many more are under way. Before whatever will be done starts, else a wait may find 0 too early. Aborts when
    /// they would be 2^63.
    void add(std::uint64_t count = 1) noexcept {
        BIFILAR_CHECK(count_.add(count), "add() to a wait_group beyond 2^63");
    }
    /// So many have ended; the last wakes all that wait. Aborts when there were not so many.
    void done(std::uint64_t count = 1) noexcept {
        BIFILAR_CHECK(count_.take(count), "done() of a wait_group more often than add()");
    }
    /// add() now, and done() when the token ends, cancellation included. Aborts as add().
    [[nodiscard]] token enter() noexcept;

    /// Whether nothing is under way.
    [[nodiscard]] bool try_wait() const noexcept { return count_.is_zero(); }
    /// A future that is ready when nothing is under way.
    /// Cancellation: loses nothing.
    /// Suspends: until then.
    [[nodiscard]] wait_future wait() noexcept { return wait_future{count_}; }
    /// May be out of date when it returns.
    [[nodiscard]] std::uint64_t count() const noexcept { return count_.count(); }

private:
    detail::countdown count_;
};

/// One thing under way. Movable. Must not outlive the group.
/// Thread: one at a time.
class [[nodiscard]] wait_group::token {
public:
    explicit token(wait_group& of) noexcept : of_{&of} { of.add(); }
    token(token&& other) noexcept : of_{std::exchange(other.of_, nullptr)} {}
    token& operator=(token&& other) noexcept {
        std::swap(of_, other.of_);
        return *this;
    }
    ~token() {
        if (of_ != nullptr) of_->done();
    }

private:
    wait_group* of_;
};

inline wait_group::token wait_group::enter() noexcept { return token{*this}; }

static_assert(future<wait_group::wait_future>);

}  // namespace bifilar
