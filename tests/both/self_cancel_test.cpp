// Tasks that cancel themselves, and tasks that are cancelled by a destructor while another task unwinds.
#include "one_worker.hpp"

#include <optional>
#include <stdexcept>
#include <utility>

using namespace both;
using tests::let_others_park;

namespace {

// Calls its function when the scope ends, however it ends.
template <class F>
class at_end {
public:
    explicit at_end(F f) : f_{std::move(f)} {}
    at_end(const at_end&) = delete;
    at_end& operator=(const at_end&) = delete;
    ~at_end() { f_(); }

private:
    F f_;
};

// What a task that has its own handle shares with whoever spawned it. The handle is there before `go` is set, and is
// the task's alone until `asked` is.
struct shared {
    std::optional<bf::join_handle<int>> self;
    bf::event go;
    bf::event asked;
    bf::channel<int> letters{1};
    bf::mutex mutex;
    int steps = 0;
    bool unwound = false;
};

// Spawns the same body as a coroutine or as a fiber.
template <class Coroutine, class Fiber, class... Args>
auto spawn_as(bf::backend model, Coroutine coroutine, Fiber fiber, Args... args) {
    if (model == bf::backend::stackless) return bf::spawn(coroutine, args...);
    return bf::spawn(model, fiber, args...);
}

template <class Coroutine, class Fiber>
void spawn_with_own_handle(bf::backend model, shared& of, Coroutine coroutine, Fiber fiber) {
    of.self.emplace(spawn_as(model, coroutine, fiber, std::ref(of)));
    of.go.set();
}

bf::task<> stay(bool& ended) {
    const at_end notes{[&ended] { ended = true; }};
    co_await bf::pending();
}
void stay_on_a_fiber(bool& ended) {
    const at_end notes{[&ended] { ended = true; }};
    bf::await(bf::pending());
}

}  // namespace

TEST_CASE("a_task_that_cancels_itself_goes_on_to_its_next_wait_and_unwinds_there") {
    const auto coroutine = [](shared& of) -> bf::task<int> {
        const at_end notes{[&of] { of.unwound = true; }};
        co_await of.go.wait();
        const auto held = co_await of.mutex.lock();
        of.self->cancel();
        of.self->cancel();
        ++of.steps;
        of.asked.set();
        (void)co_await of.letters.recv();
        ++of.steps;
        co_return 1;
    };
    const auto fiber = [](shared& of) -> int {
        const at_end notes{[&of] { of.unwound = true; }};
        bf::await(of.go.wait());
        const auto held = bf::await(of.mutex.lock());
        of.self->cancel();
        of.self->cancel();
        ++of.steps;
        of.asked.set();
        (void)bf::await(of.letters.recv());
        ++of.steps;
        return 1;
    };
    for (const bf::backend model : tests::both_backends)
        for (const unsigned workers : {1U, 4U}) {
            INFO(bf::to_string(model) << ", workers: " << workers);
            bf::runtime rt{small_runtime(workers)};
            rt.run([&] {
                shared of;
                spawn_with_own_handle(model, of, coroutine, fiber);
                bf::await(of.asked.wait());
                const auto outcome = bf::await(of.self->outcome());
                REQUIRE_FALSE(outcome.has_value());
                CHECK(outcome.error().is_cancelled());
                CHECK(of.steps == 1);
                CHECK(of.unwound);
                // What it held and what it waited for is free again.
                CHECK_FALSE(of.mutex.is_locked());
                CHECK(of.letters.try_send(5).has_value());
                CHECK(of.letters.try_recv() == 5);
            });
        }
}

TEST_CASE("a_task_that_cancels_itself_and_waits_for_nothing_has_its_value") {
    const auto coroutine = [](shared& of) -> bf::task<int> {
        co_await of.go.wait();
        of.self->cancel();
        const int value = co_await bf::ready(7);
        co_return value;
    };
    const auto fiber = [](shared& of) -> int {
        bf::await(of.go.wait());
        of.self->cancel();
        return bf::await(bf::ready(7));
    };
    tests::on_one_worker([&](bf::backend model) {
        shared of;
        spawn_with_own_handle(model, of, coroutine, fiber);
        let_others_park();
        CHECK(of.self->done());
        of.self->cancel();
        CHECK(bf::await(*of.self) == 7);
    });
}

TEST_CASE("a_task_that_cancels_itself_and_lets_go_of_its_handle_unwinds_all_the_same") {
    const auto coroutine = [](shared& of) -> bf::task<int> {
        const at_end notes{[&of] { of.unwound = true; }};
        co_await of.go.wait();
        of.self->cancel();
        of.self.reset();
        co_await bf::pending();
        co_return 1;
    };
    const auto fiber = [](shared& of) -> int {
        const at_end notes{[&of] { of.unwound = true; }};
        bf::await(of.go.wait());
        of.self->cancel();
        of.self.reset();
        bf::await(bf::pending());
        return 1;
    };
    tests::on_one_worker([&](bf::backend model) {
        shared of;
        spawn_with_own_handle(model, of, coroutine, fiber);
        let_others_park();
        CHECK(of.unwound);
    });
}

TEST_CASE("an_exception_on_its_way_out_stays_the_outcome_of_a_task_that_cancels_itself_meanwhile") {
    const auto coroutine = [](shared& of) -> bf::task<int> {
        const at_end cancels{[&of] { of.self->cancel(); }};
        co_await of.go.wait();
        throw std::runtime_error{"out"};
    };
    const auto fiber = [](shared& of) -> int {
        const at_end cancels{[&of] { of.self->cancel(); }};
        bf::await(of.go.wait());
        throw std::runtime_error{"out"};
    };
    tests::on_one_worker([&](bf::backend model) {
        shared of;
        spawn_with_own_handle(model, of, coroutine, fiber);
        let_others_park();
        CHECK_THROWS_WITH(bf::await(*of.self), "out");
    });
}

TEST_CASE("a_task_that_unwinds_cancels_another_from_a_destructor") {
    using handle = bf::join_handle<void>;
    const auto coroutine = [](bf::event& go, handle& other) -> bf::task<> {
        const at_end cancels{[&other] { other.cancel(); }};
        co_await go.wait();
        throw std::runtime_error{"out"};
    };
    const auto fiber = [](bf::event& go, handle& other) {
        const at_end cancels{[&other] { other.cancel(); }};
        bf::await(go.wait());
        throw std::runtime_error{"out"};
    };
    for (const bf::backend others : tests::both_backends)
        for (const bool throws : {true, false}) {
            INFO("the other: " << bf::to_string(others) << (throws ? ", by an exception" : ", by its cancellation"));
            tests::on_one_worker([&](bf::backend model) {
                bf::event go;
                bool ended = false;
                handle other = spawn_as(others, stay, stay_on_a_fiber, std::ref(ended));
                handle unwinds = spawn_as(model, coroutine, fiber, std::ref(go), std::ref(other));
                let_others_park();
                CHECK_FALSE(ended);
                if (throws)
                    go.set();
                else
                    unwinds.cancel();
                const auto outcome = bf::await(unwinds.outcome());
                REQUIRE_FALSE(outcome.has_value());
                CHECK(outcome.error().is_cancelled() == !throws);
                if (throws) CHECK_THROWS_WITH(std::rethrow_exception(outcome.error().exception()), "out");
                const auto end = bf::await(other.outcome());
                REQUIRE_FALSE(end.has_value());
                CHECK(end.error().is_cancelled());
                CHECK(ended);
            });
        }
}

TEST_CASE("a_fiber_that_unwinds_waits_in_a_destructor_for_what_it_cancels_there") {
    using handle = bf::join_handle<void>;
    for (const bool throws : {true, false}) {
        INFO((throws ? "by an exception" : "by its cancellation"));
        tests::on_one_worker([&](bf::backend others) {
            bf::event go;
            bool ended = false;
            bool ended_before = false;
            handle other = spawn_as(others, stay, stay_on_a_fiber, std::ref(ended));
            handle unwinds = bf::spawn(bf::backend::stackful, [&] {
                const at_end cancels{[&] {
                    other.cancel();
                    ended_before = !bf::await(other.outcome()).has_value() && ended;
                }};
                bf::await(go.wait());
                throw std::runtime_error{"out"};
            });
            let_others_park();
            if (throws)
                go.set();
            else
                unwinds.cancel();
            const auto outcome = bf::await(unwinds.outcome());
            REQUIRE_FALSE(outcome.has_value());
            CHECK(outcome.error().is_cancelled() == !throws);
            CHECK(ended_before);
        });
    }
}
