// Bytes that tasks, fibers and threads share: a bound on what all of them together hold for their peers.
// detail::permits counted in units, with a loan that grows, shrinks and gives back what it has.
#pragma once

#include <bifilar/future/future.hpp>
#include <bifilar/sync/detail/permits.hpp>
#include <cstdint>
#include <utility>

namespace bifilar {

/// How many bytes may be in use at a time, whoever uses them: bodies of requests, values of a store, buffers. It
/// counts; the memory itself is the caller's to allocate, once it has the loan.
///
/// Up to 2 GiB it counts bytes; above that, units of the smallest power of two with which fewer than 2^31 of them make
/// the total, and each loan is rounded up to whole units. Who waits is served in the order of arrival, so one that
/// wants much holds up those behind it that want little. Who holds a loan and waits for more may wait for ever for
/// others who do the same: take all at once, or try_grow() and turn the peer away. Must outlive its loans and its
/// waits: destroying it before them aborts. Nothing allocates.
/// Thread: any, for all members; acquire on taking, release on giving back.
/// Complexity: uncontended, one atomic exchange to take and one to give back.
class byte_budget {
public:
    class loan;
    class take_future;

    /// The largest budget there can be: 8 TiB.
    static constexpr std::uint64_t max_bytes = std::uint64_t{1} << 43;

    /// For `total_bytes` at a time.
    /// Throws: std::invalid_argument above max_bytes.
    explicit byte_budget(std::uint64_t total_bytes);
    byte_budget(const byte_budget&) = delete;
    byte_budget& operator=(const byte_budget&) = delete;
    ~byte_budget() {
        BIFILAR_CHECK(!units_.waited(), "a byte_budget was destroyed while tasks wait for it; join them first");
        BIFILAR_CHECK(units_.free() == units_.most(), "a byte_budget was destroyed before its loans; end them first");
    }

    /// `bytes` now, or an empty loan: when so many are not free, also because they are for somebody who waits, and when
    /// there are not so many in all. Never suspends.
    [[nodiscard]] loan try_take(std::uint64_t bytes) noexcept;

    /// A future of `bytes`. An empty loan at once when that is more than the total, for no wait would bring them: a
    /// length that a peer names can be given as it is.
    /// Cancellation: leaves its place; what was granted to it goes to the next.
    /// Suspends: until so many are free and its turn has come.
    [[nodiscard]] take_future take(std::uint64_t bytes) noexcept;

    /// What the budget began with, free or taken.
    [[nodiscard]] std::uint64_t total_bytes() const noexcept { return total_; }
    /// Bytes that are free, whole units of them; may be out of date when it returns.
    [[nodiscard]] std::uint64_t free_bytes() const noexcept;

private:
    // Of no more than the total, which fits.
    [[nodiscard]] std::uint32_t units(std::uint64_t bytes) const noexcept {
        return static_cast<std::uint32_t>((bytes >> shift_) + ((bytes & ((std::uint64_t{1} << shift_) - 1)) != 0));
    }
    void give(std::uint32_t count) noexcept {
        BIFILAR_CHECK(count == 0 || units_.give(count), "more bytes came back to a byte_budget than it has");
    }

    const std::uint64_t total_;
    const unsigned shift_;  // Bytes a unit, as a power of two.
    detail::permits units_;
};

/// Bytes in somebody's hands; given back in the destructor. Must not outlive the budget.
/// Thread: one at a time.
class [[nodiscard]] byte_budget::loan {
public:
    /// Holds nothing, of no budget.
    loan() noexcept = default;
    loan(loan&& other) noexcept : from_{std::exchange(other.from_, nullptr)}, bytes_{std::exchange(other.bytes_, 0)} {}
    loan& operator=(loan&& other) noexcept {
        if (this != &other) {
            release();
            from_ = std::exchange(other.from_, nullptr);
            bytes_ = std::exchange(other.bytes_, 0);
        }
        return *this;
    }
    ~loan() { release(); }

    /// Takes `more` bytes into this loan now. False, with nothing changed, as try_take(), and when the loan is empty.
    /// Never suspends.
    [[nodiscard]] bool try_grow(std::uint64_t more) noexcept;
    /// Gives back all above `bytes` now; nothing when it holds no more than that.
    void shrink_to(std::uint64_t bytes) noexcept;
    /// Gives all back now and is empty; nothing when it is already.
    void release() noexcept {
        shrink_to(0);
        from_ = nullptr;
    }
    /// How many bytes it holds.
    [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }
    /// Whether it was granted; also where that was for 0 bytes.
    [[nodiscard]] explicit operator bool() const noexcept { return from_ != nullptr; }

private:
    // They alone make one that holds: of bytes that were taken.
    friend class byte_budget;
    friend class take_future;
    loan(byte_budget& from, std::uint64_t bytes) noexcept : from_{&from}, bytes_{bytes} {}

    byte_budget* from_ = nullptr;
    std::uint64_t bytes_ = 0;
};

class [[nodiscard]] byte_budget::take_future {
public:
    using output = loan;

    take_future(byte_budget& from, std::uint64_t bytes) noexcept
        : from_{&from}, bytes_{bytes}, wait_{from.units_, is_possible() ? from.units(bytes) : 0} {}
    polled<loan> poll(context& cx) noexcept {
        if (!is_possible()) [[unlikely]]
            return loan{};
        if (!wait_.poll(cx)) return not_ready;
        return loan{*from_, bytes_};
    }
    void describe_wait(task_visitor& to) const noexcept {
        detail::visit_facts<take_future>(to, wait_fact::object(from_), wait_fact::number("wants", bytes_),
                                         wait_fact::number("free", from_->free_bytes()),
                                         wait_fact::number("of", from_->total_bytes()));
    }

private:
    [[nodiscard]] bool is_possible() const noexcept { return bytes_ <= from_->total_; }

    byte_budget* from_;
    std::uint64_t bytes_;
    detail::permits::wait wait_;
};

inline byte_budget::loan byte_budget::try_take(std::uint64_t bytes) noexcept {
    return bytes <= total_ && units_.try_take(units(bytes)) ? loan{*this, bytes} : loan{};
}

inline byte_budget::take_future byte_budget::take(std::uint64_t bytes) noexcept { return take_future{*this, bytes}; }

static_assert(future<byte_budget::take_future>);

}  // namespace bifilar
