// How a cancelled fiber unwinds: past handlers of errors, around destructors that wait, and in spite of those that
// swallow. One worker, so that a fiber that yields a few times finds the others parked.
#include "last_words.hpp"
#include "one_worker.hpp"

#include <exception>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace bf = bifilar;
using both::small_runtime;
using tests::let_others_park;

namespace {

// What on_swallowed_cancellation was told.
struct told {
    std::vector<std::uint32_t> times;
    std::string line;
};

// Spawns `body` as a fiber named "server", cancels it when it is parked, lets it go on for a while, then calls
// `meanwhile` and waits for it. Whether it ended as cancelled; what was told of it goes to `into`.
template <class Body, class Meanwhile>
bool ends_cancelled(Body body, Meanwhile meanwhile, told& into) {
    bf::runtime_options options = small_runtime(1);
    options.on_swallowed_cancellation = [&into](const bf::task_description& task, std::uint32_t times) {
        into.times.push_back(times);
        into.line = bf::to_string(task);
    };
    bf::runtime rt{options};
    return rt.run([&] {
        bf::spawn_options named;
        named.on = bf::backend::stackful;
        named.name = "server";
        auto fiber = bf::spawn(named, body);
        let_others_park();
        fiber.cancel();
        let_others_park();
        meanwhile(fiber);
        const auto outcome = bf::await(fiber.outcome());
        return !outcome.has_value() && outcome.error().is_cancelled();
    });
}

template <class Body>
bool ends_cancelled(Body body, told& into) {
    return ends_cancelled(body, [](auto&) {}, into);
}

class waits_under_a_shield {
public:
    waits_under_a_shield(bf::event& go, int& closed) : go_{&go}, closed_{&closed} {}
    waits_under_a_shield(const waits_under_a_shield&) = delete;
    waits_under_a_shield& operator=(const waits_under_a_shield&) = delete;
    ~waits_under_a_shield() {
        bf::await(bf::shield(go_->wait()));
        ++*closed_;
    }

private:
    bf::event* go_;
    int* closed_;
};

struct waits_at_its_end {
    ~waits_at_its_end() { bf::await(bf::yield_now()); }
};

}  // namespace

TEST_CASE("a_loop_that_logs_errors_ends_when_it_is_cancelled") {
    told into;
    int logged = 0;
    CHECK(ends_cancelled(
        [&] {
            while (logged < 1'000) try {
                    bf::await(bf::pending());
                } catch (const std::exception&) {
                    ++logged;
                }
        },
        into));
    CHECK(logged == 0);
    CHECK(into.times.empty());
}

TEST_CASE("a_loop_that_yields_ends_when_it_is_cancelled") {
    told into;
    bool stop = false;
    bool cleaned = false;
    CHECK(ends_cancelled(
        [&] {
            const waits_at_its_end unwinds;  // Goes on while the exception is in flight.
            try {
                while (!stop) bf::this_fiber::yield();
            } catch (const bf::cancelled&) {
                bf::this_fiber::yield();
                cleaned = true;
                throw;
            }
        },
        [&](auto&) { stop = true; }, into));
    CHECK(cleaned);
    CHECK(into.times.empty());
}

TEST_CASE("a_destructor_under_a_shield_waits_and_the_next_wait_unwinds") {
    told into;
    bf::event go;
    int closed = 0;
    bool between = false;
    bool behind = false;
    CHECK(ends_cancelled(
        [&] {
            {
                const waits_under_a_shield first{go, closed};
            }
            between = true;
            const waits_under_a_shield second{go, closed};
            bf::await(bf::pending());
            behind = true;
        },
        [&](auto& fiber) {
            CHECK_FALSE(fiber.done());
            CHECK_FALSE(between);
            go.set();
        },
        into));
    CHECK(between);
    CHECK_FALSE(behind);
    CHECK(closed == 2);
}

TEST_CASE("what_the_callable_of_a_fiber_keeps_may_wait_at_its_end") {
    told into;
    int closed = 0;
    class keeps {
    public:
        explicit keeps(int& closed) noexcept : closed_{&closed} {}
        keeps(const keeps&) = default;
        keeps& operator=(const keeps&) = delete;
        ~keeps() {
            // The copy in the task, not those on its way there.
            const auto* const here = bf::stackful::fiber::current();
            if (here == nullptr || here->label() == nullptr) return;
            bf::await(bf::yield_now());
            ++*closed_;
        }

    private:
        int* closed_;
    };
    CHECK(ends_cancelled([kept = keeps{closed}] { bf::await(bf::pending()); }, into));
    CHECK(closed == 1);
}

TEST_CASE("what_a_shield_comes_to_is_given_to_a_cancelled_fiber") {
    told into;
    bf::channel<int> channel{1};
    int received = 0;
    CHECK_FALSE(ends_cancelled([&] { received = bf::await(bf::shield(channel.recv())).value_or(-1); },
                               [&](auto&) { CHECK(channel.try_send(7).has_value()); }, into));
    CHECK(received == 7);
}

// Cancels a fiber in the destructor of a `Closes`, which has to end the process with a sentence.
template <class Closes>
void check_cancelled_destructor_aborts() {
    tests::check_aborts(
        "in a wait of a destructor, or of another function that no exception may leave; wait there for shield(...)",
        [] {
            bf::runtime rt{small_runtime(1)};
            rt.run([] {
                bf::spawn_options named;
                named.on = bf::backend::stackful;
                named.name = "closing";
                auto fiber = bf::spawn(named, [] { const Closes one; });
                let_others_park();
                fiber.cancel();
                (void)bf::await(fiber.outcome());
            });
        },
        "task closing was cancelled");
}

TEST_CASE("a_destructor_without_a_shield_that_is_cancelled_ends_with_a_sentence") {
    if (!tests::children_have_threads) return;
    struct waits {
        ~waits() { bf::await(bf::pending()); }
    };
    check_cancelled_destructor_aborts<waits>();
    // What it cleans up on the way out changes how the compiler terminates.
    struct waits_and_cleans_up {
        ~waits_and_cleans_up() {
            bf::event never;
            bf::await(never.wait());
        }
    };
    check_cancelled_destructor_aborts<waits_and_cleans_up>();
}

TEST_CASE("cleaning_up_in_a_handler_is_not_swallowing") {
    told into;
    bf::event go;
    int steps = 0;
    CHECK(ends_cancelled(
        [&] {
            try {
                bf::await(bf::pending());
            } catch (...) {
                bf::await(bf::yield_now());
                ++steps;
                try {
                    throw std::runtime_error{"of the clean-up"};
                } catch (const std::runtime_error&) {
                    bf::await(go.wait());
                    ++steps;
                }
                try {
                    throw;
                } catch (...) {
                    bf::await(bf::yield_now());
                    ++steps;
                }
                bf::this_fiber::yield();
                ++steps;
                throw;
            }
        },
        [&](auto&) { go.set(); }, into));
    CHECK(steps == 4);
    CHECK(into.times.empty());
}

TEST_CASE("a_cancellation_that_is_kept_and_thrown_again_is_not_swallowed") {
    told into;
    bool cleaned = false;
    CHECK(ends_cancelled(
        [&] {
            std::exception_ptr kept;
            try {
                bf::await(bf::pending());
            } catch (...) {
                kept = std::current_exception();
            }
            bf::await(bf::yield_now());
            cleaned = true;
            std::rethrow_exception(kept);
        },
        into));
    CHECK(cleaned);
    CHECK(into.times.empty());
}

TEST_CASE("a_swallowed_cancellation_is_told_and_thrown_again") {
    told into;
    int swallowed = 0;
    int turns_of_others = 0;
    int turns_when_first_told = -1;
    CHECK(ends_cancelled(
        [&] {
            auto other = bf::spawn(bf::backend::stackful, [&] {
                for (;; ++turns_of_others) bf::this_fiber::yield();
            });
            while (swallowed < 25) try {
                    bf::await(bf::pending());
                } catch (...) {
                    if (++swallowed == 1) turns_when_first_told = turns_of_others;
                }
            other.cancel();
            bf::await(bf::pending());
        },
        into));
    CHECK(swallowed == 25);
    CHECK(into.times == std::vector<std::uint32_t>{1, 10});
    CHECK(turns_of_others >= turns_when_first_told + 20);
    CHECK_THAT(into.line, Catch::Matchers::Contains("task server (fiber), spawned at") &&
                              Catch::Matchers::Contains("waits on bifilar::pending"));
}

TEST_CASE("a_handler_that_goes_on_for_a_thousand_waits_is_told_of") {
    told into;
    int waits = 0;
    CHECK(ends_cancelled(
        [&] {
            try {
                bf::await(bf::pending());
            } catch (const bf::cancelled&) {
                for (; waits < 1'500; ++waits) bf::await(bf::yield_now());
                throw;
            }
        },
        into));
    CHECK(waits == 1'500);
    CHECK(into.times == std::vector<std::uint32_t>{1});
}

TEST_CASE("a_loop_that_keeps_each_cancellation_is_thrown_at_in_the_end") {
    told into;
    std::vector<std::exception_ptr> kept;
    int waits = 0;
    CHECK(ends_cancelled(
        [&] {
            while (kept.size() < 12) try {
                    kept.empty() ? bf::await(bf::pending()) : bf::await(bf::yield_now());
                    ++waits;
                } catch (...) {
                    kept.push_back(std::current_exception());
                }
            bf::await(bf::pending());
        },
        into));
    CHECK(waits >= 999);
    CHECK(waits <= 1'001);
    CHECK(into.times.size() == 3);  // For the waits, and for the 1st and 10th that were not thrown again.
}

TEST_CASE("a_swallowed_cancellation_is_printed_where_nobody_asks") {
    if (!tests::children_have_threads) return;
    const tests::last_words last = tests::dies([] {
        bf::runtime rt{small_runtime(1)};
        rt.run([] {
            auto fiber = bf::spawn(bf::backend::stackful, [] {
                try {
                    bf::await(bf::pending());
                } catch (...) {
                }
                bf::await(bf::pending());
            });
            let_others_park();
            fiber.cancel();
            (void)bf::await(fiber.outcome());
        });
    });
    CHECK(last.signal == 0);
    CHECK_THAT(last.text, Catch::Matchers::Contains("bifilar: task without a name (fiber)") &&
                              Catch::Matchers::Contains("it has swallowed its cancellation 1 time; throw again after"));
}
