// What a forked child may do with its copy of a runtime, and that its parent notices none of it. Both drivers.
#include <bifilar/io/process/pipe.hpp>
#include "both/in_each_model.hpp"
#include "bytes.hpp"
#include "last_words.hpp"
#include "uninterrupted.hpp"

#include <array>
#include <atomic>
#include <cstdlib>
#include <memory>
#include <sys/wait.h>
#include <unistd.h>

namespace bf = bifilar;
using namespace std::chrono_literals;
using tests::bytes_of;

namespace {

const char* const sentence = "a runtime was used in a forked child, which has no workers; call exec or _exit there";

// Bytes through a pipe on a runtime: it works.
void check_works(bf::runtime& rt) {
    const std::size_t got = rt.run([]() -> bf::task<std::size_t> {
        auto pipe = bf::make_pipe().value();
        auto reader = bf::spawn(
            [](bf::pipe_reader& from) -> bf::task<std::size_t> {
                std::array<std::byte, 4> buffer{};
                const auto count = co_await from.read_exact(buffer);
                co_return count.value_or(0);
            },
            std::ref(pipe.first));
        for (int n = 0; n < 3; ++n) co_await bf::yield_now();
        const std::string text = "four";
        (void)co_await pipe.second.write_all(bytes_of(text));
        co_return co_await std::move(reader);
    });
    if (got != 4) std::abort();
}

}  // namespace

TEST_CASE("a_forked_child_that_uses_its_parents_runtime_aborts_with_a_remedy") {
    bf::runtime rt{both::small_runtime()};
    check_works(rt);
    tests::check_aborts(sentence, [&rt] { rt.run([] {}); });
    tests::check_aborts(sentence, [&rt] { rt.spawn([] {}).detach(); });
    tests::check_aborts(sentence, [&rt] { rt.shutdown(std::chrono::steady_clock::time_point::max()); });
    tests::check_aborts(sentence, [&rt] { (void)rt.stats(); });
    check_works(rt);
}

TEST_CASE("a_task_that_forks_may_call_exec_or_exit_in_the_child_and_nothing_that_waits") {
    for (const bf::backend on : {bf::backend::stackless, bf::backend::stackful}) {
        bf::runtime rt{both::small_runtime()};
        const auto join = [&](auto body) { rt.spawn(on, body).join(); };
        join([]() -> bf::task<> {
            const pid_t child = ::fork();
            if (child == 0) ::execl("/bin/sh", "sh", "-c", "exit 7", static_cast<char*>(nullptr));
            int status = 0;
            CHECK(tests::uninterrupted([&] { return ::waitpid(child, &status, 0); }) == child);
            CHECK(WEXITSTATUS(status) == 7);
            co_await bf::yield_now();
        });
        join([]() -> bf::task<> {
            const auto last = tests::dies([] { ::_exit(0); });
            CHECK(last.signal == 0);
            co_return;
        });
        check_works(rt);
    }
    bf::runtime rt{both::small_runtime()};
    rt.spawn(bf::backend::stackful, [] {
          const auto last = tests::dies([] {
              auto pipe = bf::make_pipe().value();
              if (bf::await(pipe.second.write_all(bytes_of("room"))) != 4) std::abort();  // Does not wait.
          });
          CHECK(last.signal == 0);
          tests::check_aborts(sentence, [] { bf::this_fiber::yield(); });
          tests::check_aborts(sentence, [] { bf::await(bf::sleep_for(1h)); });
          tests::check_aborts(sentence, [] {
              auto pipe = bf::make_pipe().value();
              std::array<std::byte, 1> buffer{};
              (void)bf::await(pipe.first.read(buffer));
          });
      }).join();
    check_works(rt);
}

TEST_CASE("a_child_that_closes_its_copies_does_not_disturb_its_parents_events") {
    bf::runtime rt{both::small_runtime(1)};
    rt.run([]() -> bf::task<> {
        auto pipe = bf::make_pipe().value();
        std::array<std::byte, 4> buffer{};
        const auto early = co_await bf::timeout(pipe.first.read(buffer), 1ms);  // Registers it.
        CHECK_FALSE(early.has_value());
        const auto last = tests::dies([&pipe] {
            pipe.first.close();
            pipe.second.close();
        });
        CHECK(last.signal == 0);
        auto reader = bf::spawn(
            [](bf::pipe_reader& from, std::span<std::byte> into) -> bf::task<std::size_t> {
                const auto count = co_await from.read_exact(into);
                co_return count.value_or(0);
            },
            std::ref(pipe.first), std::span<std::byte>{buffer});
        for (int n = 0; n < 10; ++n) co_await bf::yield_now();  // It waits by now.
        const std::string text = "four";
        (void)co_await pipe.second.write_all(bytes_of(text));
        const std::size_t got = co_await std::move(reader);
        CHECK(got == 4);
    });
}

TEST_CASE("destroying_an_operation_of_the_parent_in_a_child_aborts_and_the_parent_goes_on") {
    bf::runtime rt{both::small_runtime(1)};
    rt.run([]() -> bf::task<> {
        auto pipe = bf::make_pipe().value();
        std::array<std::byte, 4> buffer{};
        std::optional<bf::stream_read_future> reading{pipe.first.read(buffer)};
        auto turn = bf::yield_now();
        (void)co_await bf::select(*reading, turn);
        tests::check_aborts(sentence, [&reading] { reading.reset(); });
        const std::string text = "four";
        (void)co_await pipe.second.write_all(bytes_of(text));
        const auto got = co_await *reading;
        CHECK(got.value() == 4);
    });
}

TEST_CASE("destroying_the_parents_runtime_in_a_child_does_nothing") {
    auto rt = std::make_unique<bf::runtime>(both::small_runtime());
    check_works(*rt);
    const auto last = tests::dies([&rt] { rt.reset(); });
    CHECK(last.signal == 0);
    check_works(*rt);
}

TEST_CASE("a_child_may_make_a_runtime_of_its_own_and_wait_on_its_thread") {
    if (!tests::children_have_threads) return;
    bf::runtime rt{both::small_runtime()};
    check_works(rt);
    std::array<std::byte, 1> buffer{};
    auto pipe = bf::make_pipe().value();
    CHECK_FALSE(bf::block_on(bf::timeout(pipe.first.read(buffer), 1ms)).has_value());  // This thread has a driver.
    for (int round = 0; round < 3; ++round) {
        const auto last = tests::dies([&pipe] {
            std::array<std::byte, 1> into{};
            if (bf::block_on(bf::timeout(pipe.first.read(into), 1ms))) std::abort();
            for (int n = 0; n < 2; ++n) {
                bf::runtime own{both::small_runtime()};
                check_works(own);
            }
            const auto deeper = tests::dies([] {
                bf::runtime own{both::small_runtime()};
                check_works(own);
            });
            if (deeper.signal != 0) std::abort();
        });
        INFO(last.text);
        CHECK(last.signal == 0);
        check_works(rt);
    }
    CHECK(bf::block_on(pipe.second.write(bytes_of("x"))).value() == 1);
    CHECK(bf::block_on(pipe.first.read(buffer)).value() == 1);
}
