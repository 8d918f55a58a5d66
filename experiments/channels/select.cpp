// Which of four channels a choice falls on when all of them have a message.
// Unit: percent that fell on the first; chi-square of the four counts against equal ones, three degrees of freedom.
#include "rows.hpp"
#include <harness/measure.hpp>
#include <harness/peers.hpp>

#include <array>

namespace bifilar::experiments {

namespace {

constexpr std::uint64_t choices = 100'000;

struct four_channels {
    channel<std::uint64_t> first{1}, second{1}, third{1}, fourth{1};

    [[nodiscard]] auto any() { return race(first.recv(), second.recv(), third.recv(), fourth.recv()); }
    void refill() {
        for (channel<std::uint64_t>* const one : {&first, &second, &third, &fourth}) (void)one->try_send(1);
    }
};

class tally {
public:
    void add(std::size_t place) noexcept { ++counts_[place]; }
    [[nodiscard]] sample result() const {
        constexpr double expected = static_cast<double>(choices) / 4;
        sample all;
        for (const std::uint64_t count : counts_) {
            const double off = static_cast<double>(count) - expected;
            all.also["chi_square"] += off * off / expected;
            all.answer += count;
        }
        all.value = 100 * static_cast<double>(counts_[0]) / static_cast<double>(choices);
        return all;
    }

private:
    std::array<std::uint64_t, 4> counts_{};
};

task<sample> coroutine_chooses() {
    four_channels from;
    tally chosen;
    for (std::uint64_t n = 0; n < choices; ++n) {
        from.refill();
        const auto taken = co_await from.any();
        chosen.add(taken.index());
    }
    co_return chosen.result();
}

sample fiber_chooses() {
    four_channels from;
    tally chosen;
    for (std::uint64_t n = 0; n < choices; ++n) {
        from.refill();
        chosen.add(await(from.any()).index());
    }
    return chosen.result();
}

}  // namespace

void add_select(experiment& all) {
    workload work{"select", "choices between four channels that all have a message", "percent on the first", 4, choices,
                  {}};
    work.contenders = {{"coroutine",
                        [] {
                            const pinned here{1};
                            runtime made{workers(1)};
                            return made.run(coroutine_chooses);
                        }},
                       {"fiber", [] {
                            const pinned here{1};
                            runtime made{workers(1)};
                            return made.run(fiber_chooses);  // A plain function runs as a fiber.
                        }}};
    add_peers(all, work, {go({"select", std::to_string(choices)})});
    all.add(std::move(work));
}

}  // namespace bifilar::experiments
