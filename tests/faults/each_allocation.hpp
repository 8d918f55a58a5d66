// Runs a scenario with its first allocation refused, then with its second, until none is; and again with all from the
// first one on refused, from the second one on, and so on.
#pragma once

#include "both/in_each_model.hpp"
#include "descriptors.hpp"
#include "faults/refusal.hpp"

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

namespace faults {

namespace bf = bifilar;

/// What a scenario throws when the library has broken a promise. Not memory's fault.
class broken : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};
inline void promise(bool kept, const char* what) {
    if (!kept) throw broken{what};
}

/// An operation's result in a scenario: without memory it may fail, and then says so.
template <class T>
T taken(bf::io_result<T> from) {
    if (!from && (from.error() == std::errc::not_enough_memory || from.error() == std::errc::connection_reset ||
                  from.error() == std::errc::broken_pipe))
        throw std::bad_alloc{};  // The operation's or the peer's.
    if (!from) throw broken{from.error().message()};
    if constexpr (!std::is_void_v<T>) return std::move(*from);
}

/// How often a scenario ran, and how it ended when memory was refused.
class counts {
public:
    std::uint64_t points = 0;  // Allocations that were refused.
    std::uint64_t threw = 0;
    std::uint64_t did_without = 0;
};

/// Which allocation of a round is refused, counted from begin() on.
class refusal {
public:
    refusal(std::uint64_t nth, refused how) noexcept : nth_{nth}, how_{how} {}
    void begin() const noexcept { refuse(nth_, how_); }

private:
    std::uint64_t nth_;
    refused how_;
};

// `attempt(refusal)` runs the scenario whole. Whether an allocation was refused in it.
template <class Attempt>
bool with_refusal(std::uint64_t nth, refused how, counts& sum, Attempt& attempt) {
    INFO("allocation " << nth << (how == refused::one ? "" : " and all that follow"));
    std::string wrong;
    bool threw = false;
    try {
        attempt(refusal{nth, how});
    } catch (const std::bad_alloc&) {
        threw = true;
    } catch (const std::system_error& error) {
        threw = true;
        make_peace();
        if (error.code() != std::errc::not_enough_memory) wrong = error.what();
    } catch (const std::exception& error) {
        make_peace();
        wrong = error.what();
    }
    const bool was_refused = make_peace();
    CHECK(wrong == "");
    CHECK((was_refused || !threw));
    if (was_refused) ++(threw ? sum.threw : sum.did_without);
    return was_refused;
}

/// Descriptors and blocks that nobody gave back. Waits a little for what ends by itself: the children of commands that
/// failed are killed, and waited for in the background.
class left_open {
public:
    static left_open now() { return left_open{tests::open_descriptors(), living_blocks()}; }
    /// Whether there comes to be no more than that.
    [[nodiscard]] bool comes_back() const {
        for (int look = 0; look != 1'000; ++look) {
            if (tests::open_descriptors() <= descriptors_ && living_blocks() <= blocks_) return true;
            std::this_thread::sleep_for(std::chrono::milliseconds{1});
        }
        std::fprintf(stderr, "%zu descriptors of %zu, %lld blocks of %lld\n", tests::open_descriptors(), descriptors_,
                     static_cast<long long>(living_blocks()), static_cast<long long>(blocks_));
        return false;
    }

private:
    left_open(std::size_t descriptors, std::int64_t blocks) noexcept : descriptors_{descriptors}, blocks_{blocks} {}

    std::size_t descriptors_;
    std::int64_t blocks_;
};

/// All points of a scenario, or each `step`th, and in short runs each fifth of these, twice: what the first round
/// leaves in caches is all that may be left after the second.
template <class Attempt>
void at_each_allocation(const char* name, Attempt attempt, std::uint64_t step = 1) {
    if (std::getenv("BIFILAR_SHORT_TESTS") != nullptr) step *= 5;
    counts sum;
    const auto round = [&] {
        sum = {};
        for (const refused how : {refused::one, refused::all_after})
            for (std::uint64_t nth = 0; with_refusal(nth, how, sum, attempt); nth += step) {
                REQUIRE(nth < 100'000);
                ++sum.points;
            }
    };
    attempt(refusal{1'000'000, refused::one});  // What is made once a process.
    make_peace();
    round();
    const left_open before = left_open::now();
    round();
    CHECK(before.comes_back());
    std::printf("%-32s %5llu allocations refused: %5llu threw, %5llu did without\n", name,
                static_cast<unsigned long long>(sum.points), static_cast<unsigned long long>(sum.threw),
                static_cast<unsigned long long>(sum.did_without));
}

/// A scenario within a runtime: body(backend) gives a task, which runs as a coroutine, and then as a fiber that awaits
/// it. The runtime works afterwards, and nothing is left in it.
template <class Body>
void in_a_runtime(const char* name, Body body, bf::runtime_options options = both::small_runtime(),
                  std::uint64_t step = 1) {
    for (const bf::backend on : {bf::backend::stackless, bf::backend::stackful}) {
        INFO("backend: " << bf::to_string(on));
        at_each_allocation(
            name,
            [&](refusal when) {
                // What a task throws whose handle was lost with the task that held it.
                options.on_detached_exception = [](std::exception_ptr) {};
                bf::runtime rt{options};
                when.begin();
                std::exception_ptr error;
                try {
                    if (on == bf::backend::stackless)
                        rt.spawn([&] { return body(on); }).join();
                    else
                        rt.spawn(on, [&] { bf::await(body(on)); }).join();
                } catch (...) {
                    error = std::current_exception();
                }
                make_peace();
                promise(rt.run([]() -> bf::task<int> { co_return co_await bf::spawn([] { return 7; }); }) == 7,
                        "the runtime works afterwards");
                promise(rt.shutdown().clean(), "nothing is left in the runtime");
                if (error) std::rethrow_exception(error);
            },
            step);
    }
}

}  // namespace faults
