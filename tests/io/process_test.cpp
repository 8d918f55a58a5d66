// Programs started, talked to, signalled, waited for, dropped and refused. Both models, both drivers.
#include <bifilar/io/process/command.hpp>
#include "both/in_each_model.hpp"
#include "bytes.hpp"
#include "descriptors.hpp"
#include "io/programs.hpp"
#include "last_words.hpp"
#include "resource_limits.hpp"
#include "uninterrupted.hpp"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace bf = bifilar;
using namespace std::chrono_literals;
using both::in_both;
using tests::bytes_of;
using tests::shell;
using tests::warm_up;

namespace {

// Whether the kernel knows the number no more: neither a process nor a zombie has it. Of a child of ours.
bool is_gone(pid_t id) { return ::kill(id, 0) != 0 && errno == ESRCH; }

void await_gone(pid_t id) {
    while (!is_gone(id)) std::this_thread::yield();
}

}  // namespace

TEST_CASE("a_program_ends_with_its_code_or_its_signal_in_each_model") {
    both::in_each_model([](both::model m, bf::runtime& rt) {
        const auto run = [&](const std::string& script) {
            auto started = shell(script).spawn();
            REQUIRE(started.has_value());
            CHECK(started->id() > 0);
            const auto first = both::await_in(m, rt, [&] { return started->wait(); });
            const auto again = both::await_in(m, rt, [&] { return started->wait(); });
            CHECK(first.value() == again.value());
            CHECK(started->try_wait().value() == first.value());
            CHECK(started->kill().error() == std::errc::no_such_process);
            CHECK(is_gone(started->id()));
            return first.value();
        };
        CHECK(run("exit 0").success());
        CHECK(run("exit 3").code() == 3);
        CHECK_FALSE(run("exit 3").success());
        const auto killed = run("kill -TERM $$");
        CHECK(killed.signal() == SIGTERM);
        CHECK(killed.code() == std::nullopt);
        CHECK_FALSE(killed.success());
    });
}

TEST_CASE("cat_gives_back_what_it_gets_and_ends_with_its_input") {
    in_both([](bf::backend) -> bf::task<> {
        auto cat =
            bf::command{"cat"}.standard_input(bf::stdio::pipe()).standard_output(bf::stdio::pipe()).spawn().value();
        for (int round = 0; round < 10; ++round) {
            const std::string text = "line " + std::to_string(round);
            const auto wrote = co_await cat.standard_input().write_all(bytes_of(text));
            CHECK(wrote.value() == text.size());
            std::string back(text.size(), '\0');
            const auto got = co_await cat.standard_output().read_exact(std::as_writable_bytes(std::span{back}));
            CHECK(got.value() == text.size());
            CHECK(back == text);
        }
        CHECK_FALSE(cat.try_wait().value().has_value());
        cat.standard_input().close();
        std::array<std::byte, 8> rest{};
        const auto end = co_await cat.standard_output().read(rest);
        CHECK(end.value() == 0);
        const auto ended = co_await cat.wait();
        CHECK(ended.value().success());
    });
}

TEST_CASE("output_collects_both_streams_which_may_be_large") {
    in_both([](bf::backend) -> bf::task<> {
        const auto what = shell("head -c 5000000 /dev/zero >&2 & head -c 5000000 /dev/zero; wait; echo end");
        const auto ended = co_await what.output();
        CHECK(ended.value().status.success());
        CHECK(ended->standard_output.size() == 5'000'004);
        CHECK(ended->standard_output.ends_with("end\n"));
        CHECK(ended->standard_error.size() == 5'000'000);
    });
}

TEST_CASE("output_above_its_limit_is_an_error_and_the_program_ends") {
    in_both([](bf::backend) -> bf::task<> {
        bf::output_limits limits;
        limits.standard_output_bytes = 100'000;
        const auto endless = bf::command{"cat", "/dev/zero"};
        const auto cut = co_await endless.output(limits);
        CHECK(cut.error() == std::errc::message_size);
        limits.standard_output_bytes = 5;
        const auto exact = co_await shell("printf 12345").output(limits);
        CHECK(exact.value().standard_output == "12345");
        limits.standard_error_bytes = 0;
        const auto spoke = co_await shell("echo x >&2; exec sleep 1000").output(limits);
        CHECK(spoke.error() == std::errc::message_size);
        limits.standard_output_bytes = std::numeric_limits<std::size_t>::max();
        const auto all = co_await shell("printf 123456").output(limits);
        CHECK(all.value().standard_output == "123456");
    });
    tests::await_no_children();
}

TEST_CASE("a_dropped_program_is_killed_and_leaves_no_zombie") {
    std::vector<pid_t> ids;
    for (int n = 0; n < 20; ++n) {
        // It does not end for SIGTERM.
        auto started = shell("trap '' TERM; echo ready; while :; do sleep 1000; done")
                           .standard_output(bf::stdio::pipe())
                           .new_process_group()
                           .spawn()
                           .value();
        std::array<std::byte, 6> ready{};
        CHECK(bf::block_on(started.standard_output().read_exact(ready)).value() == 6);
        CHECK(started.kill(SIGTERM).has_value());
        CHECK_FALSE(started.try_wait().value().has_value());
        ids.push_back(started.id());
        if (n % 2 == 0) {
            auto other = bf::command{"true"}.spawn().value();
            other = std::move(started);  // Drops one that may have ended.
        }
    }
    for (const pid_t id : ids) {
        await_gone(id);
        ::kill(-id, SIGKILL);  // Its sleep.
    }
}

TEST_CASE("a_program_that_is_not_to_be_killed_ends_by_itself_and_leaves_no_zombie") {
    auto pipe = bf::make_pipe().value();
    ::fcntl(pipe.first.descriptor(), F_SETFL, ::fcntl(pipe.first.descriptor(), F_GETFL) & ~O_NONBLOCK);
    pid_t id = 0;
    {
        auto cat = bf::command{"cat"};
        cat.standard_input(bf::stdio::descriptor(pipe.first.descriptor())).kill_on_drop(false);
        id = cat.spawn().value().id();
    }
    auto other = bf::command{"sleep", "1000"}.spawn().value();
    const pid_t killed = other.id();
    {
        const bf::process dropped{std::move(other)};
    }
    await_gone(killed);  // Behind one that still runs.
    CHECK_FALSE(is_gone(id));
    pipe.second.close();
    await_gone(id);
}

TEST_CASE("two_hundred_programs_at_once") {
    if (!tests::descriptors_suffice(900) || !tests::processes_suffice(250)) return;
    in_both([](bf::backend on) -> bf::task<> {
        struct body {
            static bf::task<int> run(int code) {
                const auto what = shell("exit " + std::to_string(code));
                const auto ended = co_await what.output();
                co_return ended ? ended->status.code().value_or(-1) : -1;
            }
        };
        std::vector<bf::join_handle<int>> runs;
        for (int n = 0; n < 100; ++n) runs.push_back(bf::spawn(on, body::run, n));
        for (int n = 0; n < 100; ++n) {
            const int code = co_await runs[static_cast<std::size_t>(n)];
            CHECK(code == n);
        }
    });
}

TEST_CASE("a_cancelled_wait_leaves_the_program_and_a_later_one_gets_its_end") {
    in_both([](bf::backend on) -> bf::task<> {
        struct body {
            static bf::task<> wait(bf::process& of) { (void)co_await of.wait(); }
        };
        auto cat = bf::command{"cat"}.standard_input(bf::stdio::pipe()).spawn().value();
        for (int round = 0; round < 10; ++round) {
            auto waiter = bf::spawn(on, body::wait, std::ref(cat));
            if (round % 2 == 0) co_await bf::yield_now();
            waiter.cancel();
            (void)co_await waiter.outcome();
        }
        {
            auto waiting = cat.wait();
            auto turn = bf::yield_now();
            (void)co_await bf::select(waiting, turn);  // Destroyed in flight.
        }
        const auto late = co_await bf::timeout(cat.wait(), 1ms);
        CHECK_FALSE(late.has_value());
        CHECK_FALSE(cat.try_wait().value().has_value());
        cat.standard_input().close();
        const auto ended = co_await cat.wait();
        CHECK(ended.value().success());
    });
}

TEST_CASE("a_cancelled_output_kills_its_program") {
    warm_up();
    const std::size_t before = tests::open_descriptors();
    in_both([](bf::backend on) -> bf::task<> {
        struct body {
            static bf::task<> run() {
                const bf::command endless{"sleep", "1000"};
                (void)co_await endless.output();
            }
        };
        for (int round = 0; round < 10; ++round) {
            auto runs = bf::spawn(on, body::run);
            for (int turn = 0; turn < round; ++turn) co_await bf::yield_now();
            runs.cancel();
            (void)co_await runs.outcome();
        }
    });
    tests::await_no_children();
    while (tests::open_descriptors() > before) std::this_thread::yield();
    CHECK(tests::open_descriptors() == before);
}

TEST_CASE("a_second_wait_is_busy_and_a_bad_signal_is_refused") {
    bf::runtime rt{both::small_runtime(1)};
    rt.run([]() -> bf::task<> {
        auto sleeps = bf::command{"sleep", "1000"}.spawn().value();
        auto waiting = sleeps.wait();
        auto turn = bf::yield_now();
        (void)co_await bf::select(waiting, turn);
        const auto second = co_await sleeps.wait();
        CHECK(second.error() == std::errc::device_or_resource_busy);
        CHECK(sleeps.kill(1000).error() == std::errc::invalid_argument);
        CHECK(sleeps.kill(0).has_value());
        CHECK(sleeps.kill(SIGUSR1).has_value());
        const auto ended = co_await waiting;
        CHECK(ended.value().signal() == SIGUSR1);
    });
}

TEST_CASE("a_program_leads_a_group_or_a_session_of_its_own_if_it_is_told_to") {
    const auto start = [](bool group, bool session) {
        return bf::command{"sleep", "1000"}.new_process_group(group).new_session(session).spawn().value();
    };
    const auto plain = start(false, false);
    CHECK(::getpgid(plain.id()) == ::getpgid(0));
    const auto leads = start(true, false);
    CHECK(::getpgid(leads.id()) == leads.id());
    CHECK(::getsid(leads.id()) == ::getsid(0));
    for (const bool group : {false, true}) {
        const auto session = start(group, true);
        CHECK(::getsid(session.id()) == session.id());
        CHECK(::getpgid(session.id()) == session.id());
    }
}

TEST_CASE("a_status_that_somebody_else_has_taken_is_an_error") {
    auto gone = bf::command{"true"}.spawn().value();
    CHECK(tests::uninterrupted([&] { return ::waitpid(gone.id(), nullptr, 0); }) == gone.id());
    CHECK(bf::block_on(gone.wait()).error() == std::errc::no_child_process);
    CHECK(gone.try_wait().error() == std::errc::no_child_process);
    CHECK(gone.kill().error() == std::errc::no_such_process);
}

TEST_CASE("misuse_of_a_process_aborts") {
    tests::check_aborts("give stdio::pipe() to command::standard_output", [] {
        auto plain = bf::command{"true"}.spawn().value();
        (void)plain.standard_output();
    });
    tests::check_aborts("a process was used after it was moved from", [] {
        auto first = bf::command{"true"}.spawn().value();
        const auto second = std::move(first);
        (void)first.wait();
    });
}
