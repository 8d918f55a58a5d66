// A task spawns a child and computes on while a worker stands idle beside it: the child begins there, and soon. How
// soon is printed, and not asserted, because other programs may have the processors.
#include "both/in_each_model.hpp"

#include <bifilar/base/detail/clock.hpp>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <vector>

namespace bf = bifilar;

namespace {

std::vector<bf::base::instant_ns> delays_of_children(bf::backend model, int rounds, int compute_us) {
    bf::runtime rt{both::small_runtime(2)};
    std::vector<bf::base::instant_ns> delays;
    rt.run([&, model] {
        for (int round = 0; round < rounds; ++round) {
            std::atomic<bf::base::instant_ns> began{0};
            const bf::base::instant_ns spawned = bf::base::now_ns();
            auto child = bf::spawn(model, [&began] { began.store(bf::base::now_ns(), std::memory_order_release); });
            // Computes on, and for as long as the child has not begun: a hang says that nobody came for it.
            while (began.load(std::memory_order_acquire) == 0 || bf::base::now_ns() - spawned < compute_us * 1'000)
                bf::base::spin_pause();
            bf::await(child);
            delays.push_back(began.load(std::memory_order_relaxed) - spawned);
        }
    });
    std::ranges::sort(delays);
    return delays;
}

void print(const char* model, int compute_us, const std::vector<bf::base::instant_ns>& delays) {
    const auto at = [&](double share) {
        return static_cast<double>(delays[static_cast<std::size_t>(share * static_cast<double>(delays.size() - 1))]) /
               1e3;
    };
    const auto late = std::ranges::count_if(delays, [](bf::base::instant_ns delay) { return delay > 1'000'000; });
    std::printf(
        "%s, computing for %d us: a child begins after %.0f us (median), %.0f (p90), %.0f (p99), %.0f at worst; "
        "%td of %zu later than 1 ms\n",
        model, compute_us, at(0.5), at(0.9), at(0.99), at(1), late, delays.size());
}

}  // namespace

TEST_CASE("a child begins on an idle worker while its parent computes") {
    for (const bf::backend model : {bf::backend::stackless, bf::backend::stackful})
        CHECK(delays_of_children(model, 300, 0).size() == 300);
}

TEST_CASE("how soon a child begins while its parent computes", "[.][nightly]") {
    for (const bf::backend model : {bf::backend::stackless, bf::backend::stackful})
        for (const int compute_us : {0, 300, 2'000})
            print(bf::to_string(model).data(), compute_us, delays_of_children(model, 4'000, compute_us));
}
