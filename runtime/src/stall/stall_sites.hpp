// Which stalls are worth a report: each place once in a while, and not too many at all.
#pragma once

#include <bifilar/base/detail/clock.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

namespace bifilar::stall {

/// So many times a second at most.
class rate_limit {
public:
    explicit rate_limit(std::uint32_t per_second) noexcept : per_second_{per_second} {}

    /// Whether it may be once more.
    [[nodiscard]] bool take(base::instant_ns now) noexcept {
        constexpr base::instant_ns second_ns = 1'000'000'000;
        if (now - began_ns_ >= second_ns) {
            began_ns_ = now;
            taken_ = 0;
        }
        if (taken_ == per_second_) return false;
        ++taken_;
        return true;
    }

private:
    const std::uint32_t per_second_;
    std::uint32_t taken_ = 0;
    base::instant_ns began_ns_ = 0;  // When the present second did.
};

/// Places where tasks have stalled; those that have been silent longest are forgotten. Not thread-safe.
class stall_sites {
public:
    static constexpr std::size_t max_sites = 256;
    static constexpr base::instant_ns silence_ns = 10'000'000'000;
    static constexpr std::uint32_t max_reports_a_second = 10;

    /// A stall at a place: if it is to be reported, how many there were not since the last report. Throws
    /// std::bad_alloc.
    [[nodiscard]] std::optional<std::uint64_t> admit(const std::string& place, base::instant_ns now);

private:
    struct site {
        base::instant_ns reported_ns = 0;  // 0: never.
        std::uint64_t unreported = 0;
    };

    void make_room();

    std::unordered_map<std::string, site> sites_;
    rate_limit reports_{max_reports_a_second};
};

}  // namespace bifilar::stall
