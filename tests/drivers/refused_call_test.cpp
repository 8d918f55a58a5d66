// Calls that the kernel refuses, as under the seccomp filters of containers: rings, and what came after the filter was
// written. It is there before the program begins: what follows the exec is a test of its own, hidden from others.
#include "bytes.hpp"
#include "drivers/answered_calls.hpp"
#include "environment.hpp"
#include "io/processor_time.hpp"
#include "io/scratch_directory.hpp"
#include "io/stream_pair.hpp"
#include "last_words.hpp"
#include "one_worker.hpp"
#include <bifilar/bifilar.hpp>
#include <bifilar/drivers/contract/detail/driver.hpp>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <fcntl.h>
#include <stdexcept>
#include <string>
#include <sys/syscall.h>
#include <unistd.h>

namespace bf = bifilar;
using Catch::Matchers::Contains;
using namespace std::chrono_literals;

namespace {

constexpr const char* forbidden = "io_uring is forbidden here (seccomp, or kernel.io_uring_disabled)";
constexpr const char* missing = "this kernel has no io_uring";

/// From now on what is newer than such filters fails so, in this process and what it becomes.
bool refuse_calls(int error) {
    return tests::answer_calls({SYS_io_uring_setup, SYS_openat2, SYS_epoll_pwait2, SYS_statx, SYS_preadv2, SYS_pwritev2,
                                SYS_faccessat2, SYS_pidfd_send_signal},
                               error);
}

/// What a process that was refused so says of the test of this name.
std::string told_by(const char* test, int error) {
    const tests::environment_variable any_driver{"BIFILAR_DRIVER", std::nullopt};
    const tests::environment_variable no_injection{"BIFILAR_PROBE_FAIL", std::nullopt};
    return tests::dies([&] {
               if (!refuse_calls(error)) return;
               ::dup2(STDERR_FILENO, STDOUT_FILENO);
               ::execl("/proc/self/exe", "test_drivers", test, static_cast<char*>(nullptr));
           })
        .text;
}

bf::task<> echoes() {
    tests::stream_pair pair = co_await tests::tcp_pair();
    std::array<std::byte, 4> bytes{};
    auto reading = bf::spawn(pair.far.read_exact(bytes));
    for (int turn = 0; turn < 10; ++turn) co_await bf::yield_now();  // It waits by now, as a rule.
    const auto wrote = co_await pair.near.write_all(std::span{bytes});
    CHECK(wrote.has_value());
    const auto got = co_await reading;
    CHECK(got.value() == bytes.size());
}

/// A read is told while a timer is set, and the thread sleeps meanwhile.
bf::task<> waits_beside_a_timer() {
    tests::stream_pair pair = co_await tests::tcp_pair();
    std::array<std::byte, 4> bytes{};
    auto reading = bf::spawn(bf::timeout(pair.far.read_exact(bytes), 60s));
    const auto before = tests::processor_time(CLOCK_PROCESS_CPUTIME_ID);
    co_await bf::sleep_for(300ms);
    const auto used = tests::processor_time(CLOCK_PROCESS_CPUTIME_ID) - before;
    CHECK(used < 150ms);
    const auto wrote = co_await pair.near.write_all(std::span{bytes});
    CHECK(wrote.has_value());
    const auto got = co_await reading;
    CHECK(got.has_value());
}

bf::task<> uses_files_and_programs() {
    const tests::scratch_directory in;
    const std::string path = in / "file";
    const auto wrote = co_await bf::write_file(path, tests::bytes_of("text"));
    CHECK(wrote.has_value());
    const auto text = co_await bf::read_text_file(path);
    CHECK(text.value() == "text");
    const auto about = co_await bf::metadata(path);
    CHECK(about.value().size_bytes == 4);
    CHECK(about.value().kind == bf::file_kind::regular);
    const auto there = co_await bf::exists(path);
    CHECK(there.value());
    const auto nothing = co_await bf::exists(in / "nothing");
    CHECK_FALSE(nothing.value());

    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    const bf::owned_descriptor from{ends[0]};
    const bf::owned_descriptor to{ends[1]};
    auto out = bf::output_stream::duplicate(to.get()).value();
    auto into = bf::input_stream::duplicate(from.get()).value();
    const auto put = co_await out.write_all(tests::bytes_of("word"));
    CHECK(put.has_value());
    std::array<std::byte, 8> bytes{};
    const auto got = co_await into.read(bytes);
    CHECK(got.value() == 4);

    auto cat = bf::command{"cat"}.standard_input(bf::stdio::pipe()).spawn();
    REQUIRE(cat.has_value());
    const auto told = cat->kill();
    CHECK(told.has_value());
    const auto ended = co_await cat->wait();
    CHECK(ended.value().signal() == SIGKILL);
    CHECK(cat->kill().error() == std::errc::no_such_process);
}

void serves_without_ring(const std::string& why) {
    const int ring = static_cast<int>(::syscall(SYS_io_uring_setup, 1, nullptr));
    REQUIRE(ring < 0);
    REQUIRE(::syscall(SYS_epoll_pwait2, -1, nullptr, 0, nullptr, nullptr, 0) < 0);
    REQUIRE(errno != EBADF);
    CHECK(bf::drivers::choose_driver(bf::driver_kind::best) == bf::driver_kind::epoll);
    for (const bf::backend on : tests::both_backends) {
        bf::runtime rt{both::small_runtime()};
        CHECK(rt.driver() == bf::driver_kind::epoll);
        rt.spawn(on, echoes).join();
        rt.spawn(on, waits_beside_a_timer).join();
        rt.spawn(on, uses_files_and_programs).join();
    }
    const auto listener = bf::tcp_listener::bind("127.0.0.1:0").value();
    CHECK(bf::block_on(bf::tcp_stream::connect(listener.local_address().value())).has_value());
    bf::runtime_options demanding = both::small_runtime();
    demanding.driver = bf::driver_kind::uring;
    const std::string error = "io_uring was demanded but " + why;
    CHECK_THROWS_WITH(bf::runtime{demanding}, Contains(error) && Contains("choose driver_kind::best"));
    CHECK_THROWS_AS(bf::runtime{demanding}, std::runtime_error);
}

}  // namespace

TEST_CASE("serves_where_rings_are_forbidden", "[.]") { serves_without_ring(forbidden); }
TEST_CASE("serves_where_rings_are_missing", "[.]") { serves_without_ring(missing); }

TEST_CASE("where_rings_are_forbidden_epoll_serves_and_a_demanded_ring_is_an_error") {
    if (!tests::children_have_threads) return;
    const std::string told = told_by("serves_where_rings_are_forbidden", EPERM);
    CHECK_THAT(told, Contains("All tests passed"));
    CHECK_THAT(told, Contains("using epoll, because") && Contains(forbidden));
}

TEST_CASE("where_rings_are_missing_epoll_serves_and_a_demanded_ring_is_an_error") {
    if (!tests::children_have_threads) return;
    const std::string told = told_by("serves_where_rings_are_missing", ENOSYS);
    CHECK_THAT(told, Contains("All tests passed"));
    CHECK_THAT(told, Contains("using epoll, because") && Contains(missing));
}
