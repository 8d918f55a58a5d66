// Threads that are no workers spawn fibers while the runtime is shut down under them.
// Method: callables of 100 KB and inherited values with slow copies make a spawn long; one worker, parked fibers that
// make the visit of all tasks long, and shutdowns with short deadlines, one after the other. Each spawn is refused, or
// its task ends exactly once.
#include "catch.hpp"
#include "effort.hpp"
#include "seed.hpp"
#include <bifilar/base/detail/random.hpp>
#include <bifilar/base/detail/sanitizer.hpp>
#include <bifilar/bifilar.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>
#include <vector>

namespace bf = bifilar;
using namespace std::chrono_literals;

namespace {

#if defined(BIFILAR_ASAN) || defined(BIFILAR_TSAN)
constexpr int rounds = 10;
#else
constexpr int rounds = 100;
#endif

class large_callable {
public:
    explicit large_callable(std::atomic<int>& alive) : alive_{&alive} { ++*alive_; }
    large_callable(const large_callable& other) : bytes_{other.bytes_}, alive_{other.alive_} { ++*alive_; }
    large_callable& operator=(const large_callable&) = delete;
    ~large_callable() { --*alive_; }

    int operator()() {
        bf::await(bf::sleep_for(1h));
        return bytes_[0];
    }

private:
    std::array<char, 100'000> bytes_{};
    std::atomic<int>* alive_;
};

// Copied by each spawn, before the runtime knows the task.
class slow_copy {
public:
    slow_copy() noexcept = default;
    slow_copy(const slow_copy&) noexcept {
        for (int turn = 0; turn < 8; ++turn) std::this_thread::yield();
    }
    slow_copy& operator=(const slow_copy&) = delete;
};
bf::task_local<slow_copy> inherited{bf::inherit::yes};

struct tally {
    std::atomic<int> alive{0};
    std::atomic<int> started{0};
    std::atomic<int> refused{0};
    std::atomic<int> wrong{0};  // Tasks that came to their ends in spite of the shutdown.
    std::atomic<bool> over{false};
};

void spawn_until_over(bf::runtime& rt, tally& all) {
    inherited.emplace();
    std::vector<bf::join_handle<int>> mine;
    while (!all.over) {
        try {
            mine.push_back(rt.spawn(bf::backend::stackful, large_callable{all.alive}));
            ++all.started;
        } catch (const std::logic_error&) {
            ++all.refused;
        }
    }
    for (auto& each : mine)
        if (bf::block_on(each.outcome()).has_value()) ++all.wrong;
}

void shut_down_once(bf::base::random& random) {
    tally all;
    bf::runtime_options options;
    options.workers = 1;
    bf::runtime rt{options};
    std::vector<bf::join_handle<int>> parked;
    for (int n = 0; n < 64; ++n) parked.push_back(rt.spawn(bf::backend::stackful, large_callable{all.alive}));
    std::vector<std::thread> spawners;
    for (int n = 0; n < 3; ++n) spawners.emplace_back([&] { spawn_until_over(rt, all); });
    while (all.started < static_cast<int>(random.below(40))) std::this_thread::yield();
    bool clean = false;
    for (int tries = 0; !clean && tries < 1'000; ++tries)
        clean = rt.shutdown(std::chrono::steady_clock::now() + std::chrono::microseconds{random.below(200)}).clean();
    // Each one visits all tasks once more.
    for (const int refused_before = all.refused; all.refused < refused_before + 100;) CHECK(rt.shutdown().clean());
    all.over = true;
    for (std::thread& each : spawners) each.join();
    for (auto& each : parked)
        if (bf::block_on(each.outcome()).has_value()) ++all.wrong;
    CHECK(all.alive == 0);
    CHECK(all.wrong == 0);
}

}  // namespace

TEST_CASE("threads_spawn_fibers_while_the_runtime_shuts_down") {
    bf::base::random random{tests::seed_of_this_run("spawn and shutdown")};
    for (int round = 0; round < tests::rounds_of(rounds); ++round) shut_down_once(random);
}
