// Permits for tasks, fibers and threads: a bound on how many do something at a time.
// detail::permits with a guard that gives back what it took.
#pragma once

#include <bifilar/future/future.hpp>
#include <bifilar/sync/detail/permits.hpp>
#include <stdexcept>
#include <string>
#include <utility>

namespace bifilar {

/// Waiters are called in the order of arrival, also where a later one wants fewer permits. Until a called one runs,
/// tasks that run already may take its permits; if it comes in vain, the next ones that are free are handed to it.
/// Those that were called together may change places. Must outlive its waits, and a release or a close() that more than
/// 64 were waiting for. Destroying it waited for aborts; with permits in somebody's hands it does not, because their
/// guards may have been told to forget them. Nothing allocates.
/// Thread: any, for all members; acquire on acquiring, release on giving back.
/// Complexity: uncontended, one atomic exchange to acquire and one to give back.
class semaphore {
public:
    class permit;
    class acquire_future;

    /// The most permits a semaphore can have.
    static constexpr std::uint32_t max_permits = (std::uint32_t{1} << 31) - 1;

    /// With `permits` free, and never more than that; for one that begins empty and is filled by release(), give the
    /// limit too.
    /// Throws: std::invalid_argument above max_permits.
    explicit semaphore(std::uint32_t permits) : semaphore{permits, permits} {}
    /// With `permits` free, and never more than `most`: release() may bring new ones.
    /// Throws: std::invalid_argument when `most` exceeds max_permits, or `permits` exceeds `most`.
    semaphore(std::uint32_t permits, std::uint32_t most) : permits_{permits, checked(permits, most)} {}
    semaphore(const semaphore&) = delete;
    semaphore& operator=(const semaphore&) = delete;
    ~semaphore() {
        BIFILAR_CHECK(!permits_.waited(), "a semaphore was destroyed while tasks wait for it; join them first");
    }

    /// `count` permits now, or an empty permit: also when they are for somebody who waits, or the semaphore is closed.
    /// Never suspends. Aborts as acquire().
    [[nodiscard]] permit try_acquire(std::uint32_t count = 1) noexcept;

    /// A future of `count` permits; of an empty permit when the semaphore is closed, also while it waits. Aborts when
    /// `count` is more than there can ever be, for such a wait would never end.
    /// Cancellation: leaves its place; what was granted to it goes to the next.
    /// Suspends: until so many are free and its turn has come, or the semaphore is closed.
    [[nodiscard]] acquire_future acquire(std::uint32_t count = 1) noexcept;

    /// Gives back permits that a guard forgot, or brings new ones. Aborts when there would be more than the semaphore
    /// was made for. Never suspends.
    void release(std::uint32_t count = 1) noexcept {
        BIFILAR_CHECK(permits_.give(count), "release() of more permits than the semaphore was made for");
    }

    /// No permits any more: waits end with an empty permit, and later ones do at once. Permits that are out stay good,
    /// and are given back as before. Any number of times. Never suspends.
    void close() noexcept { permits_.end(); }
    /// Whether close() was called; may be out of date when it returns.
    [[nodiscard]] bool is_closed() const noexcept { return permits_.has_ended(); }

    /// Free permits; may be out of date when it returns.
    [[nodiscard]] std::uint32_t available() const noexcept { return permits_.free(); }

private:
    static std::uint32_t checked(std::uint32_t permits, std::uint32_t most) {
        if (most > max_permits)
            throw std::invalid_argument{"a semaphore has at most 2147483647 permits, not " + std::to_string(most)};
        if (permits > most)
            throw std::invalid_argument{"a semaphore was made with " + std::to_string(permits) +
                                        " permits and a limit of " + std::to_string(most) + "; raise the limit"};
        return most;
    }
    void check_possible(std::uint32_t count) const noexcept {
        BIFILAR_CHECK(count <= permits_.most(), "acquire() of more permits than the semaphore was made for");
    }

    detail::permits permits_;
};

/// Permits in somebody's hands; given back in the destructor. Must not outlive the semaphore.
/// Thread: one at a time.
class [[nodiscard]] semaphore::permit {
public:
    /// Holds nothing.
    permit() noexcept = default;
    /// Takes over permits that the caller holds.
    permit(semaphore& from, std::uint32_t count) noexcept : from_{&from}, count_{count} {}
    permit(permit&& other) noexcept : from_{std::exchange(other.from_, nullptr)}, count_{other.count_} {}
    permit& operator=(permit&& other) noexcept {
        if (this != &other) {
            release();
            from_ = std::exchange(other.from_, nullptr);
            count_ = other.count_;
        }
        return *this;
    }
    ~permit() { release(); }

    /// Gives back now; nothing when it holds nothing.
    void release() noexcept {
        if (semaphore* const from = std::exchange(from_, nullptr)) from->release(count_);
    }
    /// The permits are not given back, unless by semaphore::release(). Returns how many.
    std::uint32_t forget() noexcept { return std::exchange(from_, nullptr) != nullptr ? count_ : 0; }
    /// How many it holds.
    [[nodiscard]] std::uint32_t count() const noexcept { return from_ != nullptr ? count_ : 0; }
    /// Whether it holds a permit.
    [[nodiscard]] explicit operator bool() const noexcept { return from_ != nullptr; }

private:
    semaphore* from_ = nullptr;
    std::uint32_t count_ = 0;
};

class [[nodiscard]] semaphore::acquire_future {
public:
    using output = permit;

    acquire_future(semaphore& from, std::uint32_t count) noexcept : from_{&from}, wait_{from.permits_, count} {}
    polled<permit> poll(context& cx) noexcept {
        if (!wait_.poll(cx)) return not_ready;
        if (wait_.in_vain()) [[unlikely]]
            return permit{};
        return permit{*from_, wait_.count()};
    }
    void describe_wait(task_visitor& to) const noexcept {
        detail::visit_facts<acquire_future>(to, wait_fact::object(from_), wait_fact::number("wants", wait_.count()),
                                            wait_fact::number("free", from_->permits_.free()),
                                            wait_fact::number("of", from_->permits_.most()));
    }

private:
    semaphore* from_;
    detail::permits::wait wait_;
};

inline semaphore::permit semaphore::try_acquire(std::uint32_t count) noexcept {
    check_possible(count);
    return permits_.try_take(count) ? permit{*this, count} : permit{};
}

inline semaphore::acquire_future semaphore::acquire(std::uint32_t count) noexcept {
    check_possible(count);
    return acquire_future{*this, count};
}

static_assert(future<semaphore::acquire_future>);

}  // namespace bifilar
