// Wrong use of tasks, handles and fibers ends with a sentence that names the remedy.
#include "last_words.hpp"
#include "one_worker.hpp"

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

using namespace both;
using tests::both_backends;
using tests::check_aborts;

namespace {

bf::task<int> one() { co_return 1; }

bf::task<int> awaits_twice() {
    auto child = one();
    const int first = co_await std::move(child);
    const int second = co_await std::move(child);
    co_return first + second;
}

struct yields_when_destroyed {
    ~yields_when_destroyed() { bf::this_fiber::yield(); }
};

bf::task<> yields_at_its_end() {
    const yields_when_destroyed local;
    co_await bf::pending();
}

std::string fail() { throw std::runtime_error{"of the body"}; }

}  // namespace

TEST_CASE("a_task_that_was_moved_from_aborts_its_awaiter") {
    check_aborts("a task was awaited after it was ready, awaited or moved from", [] { (void)bf::run(awaits_twice); });
}

TEST_CASE("joining_again_after_an_exception_aborts") {
    for (const bf::backend on : both_backends)
        check_aborts("a task was joined again after its exception had come out; join once", [on] {
            bf::runtime rt{small_runtime(1)};
            auto failed = rt.spawn(on, fail);
            CHECK_THROWS_WITH(failed.join(), "of the body");
            (void)failed.join();
        });
}

TEST_CASE("an_exception_that_outlives_its_runtime_is_not_told_to_another") {
    for (const bf::backend on : both_backends)
        check_aborts("outlived its runtime; join the handle first", [on] {
            std::optional<bf::join_handle<std::string>> failed;
            bf::runtime_options options = small_runtime(1);
            options.on_detached_exception = [](std::exception_ptr) {};
            {
                bf::runtime ends{options};
                failed.emplace(ends.spawn(on, fail));
                while (!failed->done()) std::this_thread::yield();
            }
            const bf::runtime next{options};
            failed.reset();
        });
}

TEST_CASE("a_fiber_that_would_leave_in_the_middle_of_a_poll_aborts") {
    check_aborts("a fiber would yield inside a future's poll; co_await yield_now() there", [] {
        bf::runtime rt{small_runtime(1)};
        rt.run([] { bf::await(bf::lazy([] { bf::this_fiber::yield(); })); });
    });
    // Bringing a future to rest is such a poll: destructors of coroutines run there.
    check_aborts("a fiber would yield inside a future's poll; co_await yield_now() there", [] {
        bf::runtime rt{small_runtime(1)};
        rt.run([] {
            auto waits = bf::spawn(bf::backend::stackful, [] { bf::await(yields_at_its_end()); });
            tests::let_others_park();
            waits.cancel();
            (void)bf::await(waits.outcome());
        });
    });
    check_aborts("a fiber would wait inside a future's poll; co_await there", [] {
        bf::runtime rt{small_runtime(1)};
        rt.run([] {
            auto scope = std::make_unique<bf::task_scope>();
            bf::await(bf::lazy([&scope] { scope.reset(); }));
        });
    });
}
