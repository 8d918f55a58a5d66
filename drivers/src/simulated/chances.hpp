// What a simulated driver leaves to chance: drawn from its own generator, or decided by the simulation that it is in.
#pragma once

#include <bifilar/base/detail/baton.hpp>
#include <bifilar/base/detail/decisions.hpp>
#include <bifilar/base/detail/random.hpp>
#include <bifilar/drivers/contract/file_op.hpp>
#include <bifilar/drivers/contract/op_kind.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace bifilar::drivers {

class chances {
public:
    using kind = base::decision_kind;

    explicit chances(std::uint64_t seed) noexcept : random_{seed} {}

    /// Null outside of a simulation.
    [[nodiscard]] base::baton* simulation() const noexcept { return simulation_; }

    /// Whom a decision is about: a kind of operation, or of calls on files.
    static constexpr std::uint32_t subject_of(op_kind what) noexcept { return static_cast<std::uint32_t>(what); }
    static constexpr std::uint32_t subject_of(file_op what) noexcept { return 256 + static_cast<std::uint32_t>(what); }

    [[nodiscard]] bool happens(kind which, std::uint32_t subject, double share) noexcept;
    /// From `least` to `most`, evenly.
    [[nodiscard]] std::int64_t nanoseconds(std::uint32_t subject, std::chrono::nanoseconds least,
                                           std::chrono::nanoseconds most) noexcept;
    /// How long a cancelled operation goes on; nothing: not at all.
    [[nodiscard]] std::int64_t late_end(std::uint32_t subject, double share, std::chrono::nanoseconds least,
                                        std::chrono::nanoseconds most) noexcept;
    /// What a cut leaves of a transfer; 0: it is not cut. `may()` tells whether it may be, and of how many bytes.
    template <class Bytes>
    [[nodiscard]] std::size_t cut(std::uint32_t subject, double share, std::size_t least, Bytes may) noexcept {
        if (simulation_ == nullptr) {
            if (!happens(kind::cut, subject, share)) return 0;
            const std::size_t bytes = may();
            return bytes > least ? left_of(bytes, least, random_.next()) : 0;
        }
        const std::uint64_t left = simulation_->by().decide(kind::cut, subject, [&](std::uint64_t bits) {
            const std::size_t bytes = base::decisions::unit(bits) < share ? may() : 0;
            return bytes > least ? left_of(bytes, least, base::decisions::mixed(bits)) : 0;
        });
        return left != 0 && left < may() ? left : 0;
    }
    /// A place before `end`, by default the last.
    [[nodiscard]] std::size_t before(std::size_t end) noexcept;
    /// 64 bits, and as a number from 0 to 1. Outside of a simulation.
    [[nodiscard]] double draw() noexcept { return base::decisions::unit(random_.next()); }

private:
    static std::size_t left_of(std::size_t bytes, std::size_t least, std::uint64_t bits) noexcept;

    base::random random_;
    base::baton* const simulation_ = base::baton::here();
};

}  // namespace bifilar::drivers
