// serve(): limits, handlers that throw, and every way to the end. Failures of accept are in serve_failure_test, sockets
// in serve_tcp_test.
#include "one_worker.hpp"
#include "runtime/scripted_listener.hpp"
#include "simulated_runtime.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <sys/resource.h>
#include <vector>

using namespace std::chrono_literals;
using Catch::Matchers::Contains;
using tests::end_with_the_server;
using tests::end_with_the_server_on_a_fiber;
using tests::let_others_park;
using tests::on;
using tests::script;
using tests::scripted_listener;
using tests::scripted_stream;
using tests::start;
namespace bf = bifilar;

TEST_CASE("a_server_ends_when_it_is_told_and_says_what_it_did") {
    tests::on_one_worker([](bf::backend model) {
        script from;
        bf::event stop;
        auto server = start(on(model), from, stop);
        from.connect(3);
        let_others_park();
        CHECK(*from.open == 3);
        CHECK_FALSE(from.closed);
        stop.set();
        const bf::serve_report report = bf::await(server);
        CHECK(from.closed);
        CHECK(*from.open == 0);
        CHECK(report.accepted == 3);
        CHECK(report.ended == 3);
        CHECK(report.failed + report.cancelled + report.refused + report.exhausted == 0);
        CHECK(report.left.empty());
        CHECK_FALSE(report.error);
    });
}

TEST_CASE("a_server_is_a_future_for_coroutines_fibers_and_run") {
    const auto serve_one = [](script& from, bf::event& stop) {
        const auto handler = [&stop](scripted_stream) -> bf::task<> {
            stop.set();
            co_return;
        };
        return bf::serve(scripted_listener{from}, {}, handler, stop.wait());
    };
    for (const auto how : {both::model::coroutine, both::model::fiber}) {
        INFO(both::name(how));
        bf::runtime rt{both::small_runtime()};
        script from;
        bf::event stop;
        from.connect();
        const auto report = both::await_in(how, rt, [&] { return serve_one(from, stop); });
        CHECK(report.ended == 1);
    }
    script from;
    bf::event stop;
    from.connect();
    CHECK(bf::run(serve_one(from, stop)).ended == 1);
}

TEST_CASE("a_coroutine_serves_on_a_fiber_too") {
    tests::on_one_worker([](bf::backend model) {
        script from;
        bf::event stop;
        std::vector<std::uint64_t> numbers;
        const auto handler = [&numbers](scripted_stream, bf::serving server) -> bf::task<> {
            numbers.push_back(server.number());
            CHECK_FALSE(server.stopping());
            co_await server.stop();
            CHECK(server.stopping());
        };
        auto server = bf::spawn(bf::serve(scripted_listener{from}, on(model), handler, stop.wait()));
        from.connect(2);
        let_others_park();
        stop.set();
        CHECK(bf::await(server).ended == 2);
        std::ranges::sort(numbers);  // Tasks begin in any order.
        CHECK(numbers == std::vector<std::uint64_t>{1, 2});
    });
}

TEST_CASE("a_stop_token_ends_a_server") {
    tests::on_one_worker([](bf::backend model) {
        script from;
        std::stop_source stop;
        auto server = bf::spawn(bf::serve(scripted_listener{from}, on(model), end_with_the_server, stop.get_token()));
        from.connect();
        let_others_park();
        stop.request_stop();
        CHECK(bf::await(server).ended == 1);
    });
}

TEST_CASE("who_is_left_after_the_time_to_drain_is_described_and_cancelled") {
    for (const bf::backend model : tests::both_backends) {
        bf::simulated_clock clock{tests::clock_mode::manual, tests::noon};
        bf::runtime rt{tests::on_clock(clock, 1)};
        const auto body = [&clock](bf::backend of) {
            script from;
            bf::event stop;
            bf::event never;
            const auto stuck = [&never](scripted_stream) -> bf::task<> { co_await never.wait(); };
            const auto stuck_on_a_fiber = [&never](scripted_stream) { bf::await(never.wait()); };
            bf::serve_options options = on(of);
            options.name = "stuck";
            options.drain = 5s;
            auto server = of == bf::backend::stackful
                              ? bf::spawn(bf::serve(scripted_listener{from}, options, stuck_on_a_fiber, stop.wait()))
                              : bf::spawn(bf::serve(scripted_listener{from}, options, stuck, stop.wait()));
            from.connect(2);
            let_others_park();
            stop.set();
            let_others_park();
            CHECK(from.closed);
            CHECK(*from.open == 2);
            clock.advance(5s - 1ns);
            let_others_park();
            CHECK_FALSE(server.done());
            clock.advance(1ns);
            const bf::serve_report report = bf::await(server);
            CHECK(report.cancelled == 2);
            CHECK(*from.open == 0);
            REQUIRE(report.left.size() == 2);
            const bf::task_description& first = report.left.front();
            CHECK(first.name == "stuck");
            CHECK(first.parked);
            CHECK(first.model == (of == bf::backend::stackful ? "fiber" : "coroutine"));
            CHECK_THAT(std::string{first.waits_on}, Contains("event"));
        };
        rt.run(body, model);
    }
}

TEST_CASE("a_second_stop_cancels_at_once") {
    tests::on_one_worker([](bf::backend model) {
        script from;
        bf::event stop;
        bf::event stop_now;
        bf::event never;
        const auto stuck = [&never](scripted_stream) -> bf::task<> { co_await never.wait(); };
        bf::serve_options options = on(model);
        options.drain = std::chrono::hours{1'000};
        auto server = bf::spawn(bf::serve(scripted_listener{from}, options, stuck, stop.wait(), stop_now.wait()));
        from.connect();
        let_others_park();
        stop.set();
        let_others_park();
        CHECK_FALSE(server.done());
        stop_now.set();
        const bf::serve_report report = bf::await(server);
        CHECK(report.cancelled == 1);
        CHECK(report.left.size() == 1);
    });
}

TEST_CASE("a_cancelled_server_cancels_its_connections") {
    tests::on_one_worker([](bf::backend model) {
        script from;
        bf::event stop;
        auto server = start(on(model), from, stop);
        from.connect(100);
        let_others_park();
        CHECK(*from.open == 100);
        server.cancel();
        CHECK(bf::await(server.outcome()).error().is_cancelled());
        CHECK(*from.open == 0);
        CHECK(from.closed);
    });
}

TEST_CASE("a_handler_that_throws_is_reported_and_harms_nobody") {
    tests::on_one_worker([](bf::backend model) {
        script from;
        bf::event stop;
        const auto handler = [](scripted_stream, bf::serving server) -> bf::task<> {
            if (server.number() % 2 == 0) throw std::runtime_error{"even"};
            co_await server.stop();
        };
        const auto on_a_fiber = [](scripted_stream, bf::serving server) {
            if (server.number() % 2 == 0) throw std::runtime_error{"even"};
            bf::await(server.stop());
        };
        std::vector<std::string> said;
        bf::serve_options options = on(model);
        options.on_error = [&said](const std::exception_ptr& error) {
            try {
                std::rethrow_exception(error);
            } catch (const std::exception& known) {
                said.emplace_back(known.what());
            }
        };
        auto server = model == bf::backend::stackful
                          ? bf::spawn(bf::serve(scripted_listener{from}, options, on_a_fiber, stop.wait()))
                          : bf::spawn(bf::serve(scripted_listener{from}, options, handler, stop.wait()));
        from.connect(4);
        let_others_park();
        CHECK(*from.open == 2);
        stop.set();
        const bf::serve_report report = bf::await(server);
        CHECK(report.ended == 2);
        CHECK(report.failed == 2);
        CHECK(said == std::vector<std::string>{"even", "even"});
    });
}

TEST_CASE("no_more_connections_live_than_allowed") {
    tests::on_one_worker([](bf::backend model) {
        script from;
        bf::event stop;
        bf::semaphore turn{0, 100};
        const auto handler = [&turn](scripted_stream) -> bf::task<> { (void)co_await turn.acquire(); };
        bf::serve_options options = on(model);
        options.max_connections = 3;
        auto server = bf::spawn(bf::serve(scripted_listener{from}, options, handler, stop.wait()));
        from.connect(10);
        let_others_park();
        // The acquired permit comes back with its guard, so each release lets one more end, and all after it.
        CHECK(*from.open == 3);
        CHECK(from.attempts == 3);
        turn.release();
        let_others_park();
        CHECK(from.attempts == 10);
        stop.set();
        CHECK(bf::await(server).ended == 10);
    });
}

// By default there was no bound, and who held connections open took every descriptor of the process.
TEST_CASE("half_of_the_descriptors_are_for_connections_unless_told_otherwise") {
    rlimit former{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &former) == 0);
    rlimit few = former;
    few.rlim_cur = 60;
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &few) == 0);
    const bf::serve_options made;
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &former) == 0);
    CHECK(made.max_connections == 30);
    tests::on_one_worker([&made](bf::backend model) {
        script from;
        bf::event stop;
        bf::serve_options options = made;
        options.on = model;
        auto server = start(options, from, stop);
        from.connect(40);
        let_others_park();
        CHECK(*from.open == 30);
        stop.set();
        CHECK(bf::await(server).ended >= 30);
    });
}

TEST_CASE("connections_share_the_servers_byte_budget") {
    tests::on_one_worker([](bf::backend model) {
        script from;
        bf::event stop;
        std::vector<std::uint64_t> got;
        const auto handler = [&got](scripted_stream, bf::serving server) -> bf::task<> {
            CHECK_FALSE(server.budget().try_take(101));
            const auto mine = co_await server.budget().take(60);
            got.push_back(server.budget().free_bytes());
            co_await server.stop();
        };
        bf::serve_options options = on(model);
        options.budget_bytes = 100;
        auto server = bf::spawn(bf::serve(scripted_listener{from}, options, handler, stop.wait()));
        from.connect(3);
        let_others_park();
        CHECK(got == std::vector<std::uint64_t>{40});
        stop.set();
        CHECK(bf::await(server).ended == 3);
        CHECK(got == std::vector<std::uint64_t>{40, 40, 40});
    });
}

TEST_CASE("several_listeners_are_served_by_one_server") {
    tests::on_one_worker([](bf::backend model) {
        script first;
        script second;
        bf::event stop;
        std::vector<scripted_listener> listeners;
        listeners.emplace_back(first);
        listeners.emplace_back(second);
        auto server = bf::spawn(bf::serve(std::move(listeners), on(model), end_with_the_server, stop.wait()));
        first.connect(2);
        second.connect(3);
        let_others_park();
        CHECK(*first.open == 2);
        CHECK(*second.open == 3);
        stop.set();
        CHECK(bf::await(server).ended == 5);
        CHECK(first.closed);
        CHECK(second.closed);
    });
}

TEST_CASE("options_that_cannot_be_kept_are_refused") {
    bf::runtime rt{both::small_runtime(1)};
    rt.run([] {
        script from;
        bf::event stop;
        bf::serve_options none;
        none.max_connections = 0;
        const auto serve = [&] {
            (void)bf::await(bf::serve(scripted_listener{from}, none, end_with_the_server, stop.wait()));
        };
        CHECK_THROWS_WITH(serve(), Contains("max_connections is 0 for 1 listeners"));
        std::vector<scripted_listener> empty;
        const auto serve_nothing = [&] {
            (void)bf::await(bf::serve(std::move(empty), {}, end_with_the_server, stop.wait()));
        };
        CHECK_THROWS_WITH(serve_nothing(), Contains("no listener"));
    });
}
