// Who wins where several arms are ready: each of them equally often, in race, in race over a vector, and in select.
#include "one_worker.hpp"
#include "seed.hpp"
#include <bifilar/task/detail/thread_state.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

using namespace both;

namespace {

// Three arms are ready: the first, the middle one and the last. All others never are.
class wins {
public:
    explicit wins(std::size_t arms) noexcept : half_{arms / 2} {}

    void note(std::size_t place) noexcept {
        if (place % half_ == 0)
            ++ready_[place / half_];
        else
            ++others_;
    }
    [[nodiscard]] long others() const noexcept { return others_; }
    [[nodiscard]] double chi_square() const noexcept {
        const double expected = static_cast<double>(ready_[0] + ready_[1] + ready_[2]) / 3.0;
        double sum = 0;
        for (const long each : ready_) {
            const double off = static_cast<double>(each) - expected;
            sum += off * off / expected;
        }
        return sum;
    }

private:
    std::size_t half_;
    std::array<long, 3> ready_{};
    long others_ = 0;
};

// Chi-square with 2 degrees of freedom, for three arms, is greater than this once in ten million runs.
constexpr double limit = 32.2;

// Runs the coroutine that `make` gives in both models, with a seed for the choices of the thread that it runs on.
template <class Make>
void wins_are_even(const char* name, Make make) {
    const std::uint64_t seed = tests::seed_of_this_run(name);
    for (const bf::backend model : tests::both_backends) {
        INFO(bf::to_string(model) << ", seed " << seed);
        bf::runtime rt{small_runtime(1)};
        const wins seen = rt.spawn(model, [&]() -> bf::task<wins> {
                                bf::detail::this_thread().random = seed | 1;  // Its one worker's; 0 is no seed.
                                co_return co_await make();
                            }).join();
        CHECK(seen.others() == 0);
        CHECK(seen.chi_square() < limit);
    }
}

// A race over a vector of `arms` receives.
bf::task<wins> race_receives(std::size_t arms, int rounds) {
    wins seen{arms};
    std::vector<bf::channel<int>*> from(arms);
    std::array<bf::channel<int>, 3> full{bf::channel<int>{1}, bf::channel<int>{1}, bf::channel<int>{1}};
    bf::channel<int> empty{1};
    for (std::size_t n = 0; n < arms; ++n) from[n] = n % (arms / 2) == 0 ? &full[n / (arms / 2)] : &empty;
    for (int round = 0; round < rounds; ++round) {
        for (std::size_t n = 0; n < full.size(); ++n) (void)full[n].try_send(static_cast<int>(n * (arms / 2)));
        std::vector<decltype(empty.recv())> receives;
        for (bf::channel<int>* const channel : from) receives.push_back(channel->recv());
        auto first = co_await bf::race(std::move(receives));
        // The key is the place in the vector, whatever the order in which the arms were asked.
        const bool right = static_cast<std::size_t>(first.value().value_or(-1)) == first.key();
        seen.note(right ? first.key() : 1);
    }
    co_return seen;
}

}  // namespace

TEST_CASE("the_arm_that_wins_a_race_is_uniformly_random_among_the_ready_ones") {
    wins_are_even("race", []() -> bf::task<wins> {
        wins seen{5};
        bf::channel<int> a{1};
        bf::channel<int> b{1};
        bf::channel<int> empty{1};
        // In one frame, as a loop would have them: a receive, a send, and one that needs no budget.
        for (int n = 0; n < 30'000; ++n) {
            (void)a.try_send(n);
            const auto first = co_await bf::race(a.recv(), empty.recv(), b.send(n), bf::pending<int>(), bf::ready(n));
            seen.note(first.index());
            (void)b.try_recv();
        }
        co_return seen;
    });
}

TEST_CASE("the_arm_that_wins_a_race_over_a_vector_is_uniformly_random_among_the_ready_ones") {
    wins_are_even("race over a vector", [] { return race_receives(5, 12'000); });
    // More than one run of a task looks at.
    wins_are_even("race over a long vector", [] { return race_receives(2 * bf::operations_per_run + 45, 600); });
}

TEST_CASE("the_future_that_select_gives_is_uniformly_random_among_the_ready_ones") {
    wins_are_even("select", []() -> bf::task<wins> {
        wins seen{5};
        bf::channel<int> a{1};
        bf::channel<int> b{1};
        bf::channel<int> empty{1};
        for (int n = 0; n < 30'000; ++n) {
            (void)a.try_send(n);
            auto receive = a.recv();
            auto receive_nothing = empty.recv();
            auto send = b.send(n);
            auto never = bf::pending<int>();
            auto at_once = bf::ready(n);
            const auto first = co_await bf::select(receive, receive_nothing, send, never, at_once);
            seen.note(first.index());
            (void)b.try_recv();
        }
        co_return seen;
    });
}
