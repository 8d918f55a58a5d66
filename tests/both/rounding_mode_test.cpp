// The rounding mode through the scheduler: a fiber has its own, and neither the tasks beside it nor the thread below
// them see it.
#include "one_worker.hpp"

#include <cfenv>
#include <memory>
#include <vector>

namespace bf = bifilar;
using both::small_runtime;

namespace {

bf::task<void> count_nearest(int& nearest) {
    for (int turn = 0; turn < 100; ++turn) {
        nearest += std::fegetround() == FE_TONEAREST;
        co_await bf::yield_now();
    }
}

}  // namespace

TEST_CASE("fibers of other rounding modes do not change that of the tasks beside them", "[both][rounding]") {
    for (const unsigned workers : {1U, 2U}) {
        bf::runtime rt{small_runtime(workers)};
        int nearest = 0;
        int kept = 0;
        rt.run([&] {
            std::vector<bf::join_handle<int>> fibers;
            auto coroutine = bf::spawn(count_nearest, std::ref(nearest));
            for (const int mode : {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO, FE_TONEAREST})
                fibers.push_back(bf::spawn(bf::backend::stackful, [mode] {
                    int own = std::fegetround() == FE_TONEAREST;
                    std::fesetround(mode);
                    for (int turn = 0; turn < 99; ++turn) {
                        bf::await(bf::yield_now());
                        own += std::fegetround() == mode;
                    }
                    return own;
                }));
            for (auto& fiber : fibers) kept += bf::await(fiber);
            bf::await(coroutine);
            kept += std::fegetround() == FE_TONEAREST;
        });
        CHECK(nearest == 100);
        CHECK(kept == 401);
    }
}

#if defined(__x86_64__)
TEST_CASE("a runtime on the calling thread has that thread's rounding mode and leaves it", "[both][rounding]") {
    bf::runtime_options options = small_runtime(1);
    options.on_calling_thread = true;
    bf::runtime rt{options};
    std::vector<int> seen;
    for (const int mode : {FE_UPWARD, FE_DOWNWARD}) {
        std::fesetround(mode);
        rt.run([&] {
            seen.push_back(std::fegetround() == mode);
            bf::await(bf::spawn(bf::backend::stackful, [&] {
                seen.push_back(std::fegetround() == mode);
                std::fesetround(FE_TOWARDZERO);
                bf::await(bf::yield_now());
                seen.push_back(std::fegetround() == FE_TOWARDZERO);
            }));
            seen.push_back(std::fegetround() == mode);
        });
        seen.push_back(std::fegetround() == mode);
        std::fesetround(FE_TONEAREST);
    }
    CHECK(seen == std::vector<int>(10, 1));
}
#endif
