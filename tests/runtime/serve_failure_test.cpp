// serve() when accept fails: what is passed over, what ends it, and how it waits for descriptors.
#include "drivers/answered_calls.hpp"
#include "one_worker.hpp"
#include "resource_limits.hpp"
#include "runtime/scripted_listener.hpp"
#include "simulated_runtime.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <sys/syscall.h>
#include <thread>

using namespace std::chrono_literals;
using tests::let_others_park;
using tests::on;
using tests::script;
using tests::scripted_listener;
using tests::scripted_stream;
using tests::start;
namespace bf = bifilar;

TEST_CASE("failures_of_one_connection_are_passed_over") {
    tests::on_one_worker([](bf::backend model) {
        script from;
        bf::event stop;
        auto server = start(on(model), from, stop);
        for (const int code : {ECONNABORTED, EPROTO, EPERM, EHOSTUNREACH}) {
            from.fail(code);
            from.connect();
        }
        let_others_park();
        CHECK(*from.open == 4);
        stop.set();
        const bf::serve_report report = bf::await(server);
        CHECK(report.accepted == 4);
        CHECK(report.exhausted == 0);
    });
}

TEST_CASE("a_listener_that_fails_for_good_ends_the_server") {
    tests::on_one_worker([](bf::backend model) {
        script from;
        bf::event stop;
        auto server = start(on(model), from, stop);
        from.connect();
        from.fail(EINVAL);
        const bf::serve_report report = bf::await(server);
        CHECK(report.error == std::errc::invalid_argument);
        CHECK(report.ended == 1);
        CHECK(from.closed);
    });
}

TEST_CASE("a_wait_for_the_stop_that_fails_is_reported_and_is_no_stop") {
    tests::on_one_worker([](bf::backend model) {
        const auto fail = [] { return bf::ready(bf::io_result<void>{bf::io_failure(ENOSPC)}); };
        const auto to_the_end = [](scripted_stream, bf::serving server) -> bf::task<> {
            co_await server.stop();
            co_await bf::yield_now();
        };
        script from;
        from.connect();
        auto cannot_be_stopped = bf::spawn(bf::serve(scripted_listener{from}, on(model), to_the_end, fail()));
        bf::serve_report report = bf::await(cannot_be_stopped);
        CHECK(report.error == std::errc::no_space_on_device);
        CHECK(report.cancelled == 0);

        // The second stop would have cut the time to drain short.
        script other;
        bf::event stop;
        other.connect();
        auto drains = bf::spawn(bf::serve(scripted_listener{other}, on(model), to_the_end, stop.wait(), fail()));
        let_others_park();
        stop.set();
        report = bf::await(drains);
        CHECK(report.error == std::errc::no_space_on_device);
        CHECK(report.ended == 1);

        script third;
        bf::event done;
        const auto succeed = [&done] { return bf::map(done.wait(), [] { return bf::io_result<int>{SIGINT}; }); };
        auto stopped = bf::spawn(bf::serve(scripted_listener{third}, on(model), to_the_end, succeed()));
        let_others_park();
        done.set();
        report = bf::await(stopped);
        CHECK_FALSE(report.error);
    });
}

TEST_CASE("out_of_descriptors_a_server_pauses_longer_and_longer_and_says_so_once") {
    for (const bf::backend model : tests::both_backends) {
        bf::simulated_clock clock{tests::clock_mode::manual, tests::noon};
        bf::runtime rt{tests::on_clock(clock, 1)};
        const auto body = [&clock](bf::backend of) {
            script from;
            bf::event stop;
            int told = 0;
            bf::serve_options options = on(of);
            options.on_exhausted = [&told](std::error_code error) {
                ++told;
                CHECK(error == std::errc::too_many_files_open);
            };
            auto server = start(options, from, stop);
            for (int n = 0; n < 9; ++n) from.fail(EMFILE);
            let_others_park();
            auto pause = 10ms;
            for (int attempts = 1; attempts < 9; ++attempts) {
                CHECK(from.attempts == attempts);
                clock.advance(pause - 1ns);
                let_others_park();
                CHECK(from.attempts == attempts);
                clock.advance(1ns);
                let_others_park();
                pause = std::min(2 * pause, 1'000ms);
            }
            CHECK(from.attempts == 9);
            CHECK(told == 1);
            clock.advance(1s);
            from.connect();
            let_others_park();
            CHECK(*from.open == 1);
            // A new episode: it is told again, and the pause is short again.
            clock.advance(3s);
            from.fail(EMFILE);
            let_others_park();
            CHECK(told == 2);
            from.connect();
            clock.advance(10ms);
            let_others_park();
            CHECK(*from.open == 2);
            stop.set();
            const bf::serve_report report = bf::await(server);
            CHECK(report.exhausted == 10);
            CHECK(report.ended == 2);
        };
        rt.run(body, model);
    }
}

// What it had is given back at once, and is no reason to try again.
TEST_CASE("a_server_pauses_while_connections_find_no_stack") {
    if (!tests::address_space_suffices(std::size_t{3} << 30)) return;
    bf::simulated_clock clock{tests::clock_mode::manual, tests::noon};
    bf::runtime rt{tests::on_clock(clock, 1)};
    rt.run([&clock] {
        script from;
        bf::event stop;
        bf::serve_options options = on(bf::backend::stackful);
        options.stack_bytes = std::size_t{1} << 30;
        options.on_exhausted = [](std::error_code error) { CHECK(error == std::errc::not_enough_memory); };
        auto server = start(options, from, stop);
        from.connect(3);
        {
            const tests::address_space_left little{std::size_t{1} << 29};
            let_others_park();
            CHECK(from.attempts == 1);
            clock.advance(10ms - 1ns);
            let_others_park();
            CHECK(from.attempts == 1);
            clock.advance(1ns);
            let_others_park();
            CHECK(from.attempts == 2);
        }
        CHECK(*from.open == 0);
        clock.advance(20ms);
        let_others_park();
        CHECK(*from.open == 1);
        stop.set();
        const bf::serve_report report = bf::await(server);
        CHECK(report.refused == 2);
        CHECK(report.exhausted == 2);
        CHECK(report.ended == 1);
    });
}

// A process that locks its memory is answered so beyond its limit. Of a connection the same answer says nothing.
TEST_CASE("a_server_pauses_whatever_the_kernel_says_when_a_connection_finds_no_stack") {
    constexpr std::size_t large = std::size_t{128} << 20;
    bool filtered = false;
    bf::serve_report report;
    std::error_code told;
    // On a thread of its own, because the filter stays.
    std::thread{[&] {
        bf::runtime_options here;
        here.on_calling_thread = true;
        bf::runtime rt{here};
        rt.run([&] {
            script from;
            bf::event stop;
            bf::serve_options options = on(bf::backend::stackful);
            options.stack_bytes = large;
            options.on_exhausted = [&](std::error_code error) {
                told = error;
                stop.set();
            };
            auto server = start(options, from, stop);
            filtered = tests::answer_calls_from(SYS_mmap, 1, large, EAGAIN);
            filtered ? from.connect() : stop.set();
            report = bf::await(server);
        });
    }}.join();
    if (!filtered) {
        WARN("skipped: no system call can be answered in the kernel's place here");
        return;
    }
    CHECK(told == std::errc::resource_unavailable_try_again);
    CHECK(report.refused == 1);
    CHECK(report.exhausted == 1);
}

TEST_CASE("the_end_of_a_connection_ends_the_pause") {
    for (const bf::backend model : tests::both_backends) {
        bf::simulated_clock clock{tests::clock_mode::manual, tests::noon};  // Stands still: no pause ends by itself.
        bf::runtime rt{tests::on_clock(clock, 1)};
        const auto body = [](bf::backend of) {
            script from;
            bf::event stop;
            bf::event leave;
            const auto handler = [&leave](scripted_stream, bf::serving server) -> bf::task<> {
                if (server.number() == 1)
                    co_await leave.wait();
                else
                    co_await server.stop();
            };
            bf::serve_options options = on(of);
            options.on_exhausted = [](std::error_code) {};
            auto server = bf::spawn(bf::serve(scripted_listener{from}, options, handler, stop.wait()));
            from.connect();
            from.fail(ENFILE);
            from.connect();
            let_others_park();
            CHECK(from.attempts == 2);
            leave.set();
            let_others_park();
            CHECK(from.attempts == 3);
            stop.set();
            CHECK(bf::await(server).ended == 2);
        };
        rt.run(body, model);
    }
}

TEST_CASE("a_stop_ends_a_pause") {
    bf::simulated_clock clock{tests::clock_mode::manual, tests::noon};
    bf::runtime rt{tests::on_clock(clock, 1)};
    rt.run([] {
        script from;
        bf::event stop;
        bf::serve_options options;
        options.on_exhausted = [](std::error_code) {};
        auto server = start(options, from, stop);
        from.fail(ENOMEM);
        let_others_park();
        stop.set();
        CHECK(bf::await(server).exhausted == 1);
    });
}
