// Pipes and FIFOs over whichever driver BIFILAR_DRIVER names, in both models.
#include "both/in_each_model.hpp"
#include "descriptors.hpp"
#include "io/pipe_ends.hpp"
#include "io/scratch_directory.hpp"
#include "last_words.hpp"

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <numeric>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace bf = bifilar;
using namespace std::chrono_literals;
using both::in_both;
using tests::bytes_of;
using tests::open_pipe;

namespace {

// A FIFO in a directory of its own.
class fifo {
public:
    fifo() { REQUIRE(::mkfifo(path().c_str(), 0600) == 0); }
    [[nodiscard]] std::string path() const { return directory_ / "fifo"; }
    [[nodiscard]] const std::string& directory() const { return directory_.path(); }

private:
    tests::scratch_directory directory_;
};

bf::task<> read_into(bf::pipe_reader& from, std::span<std::byte> into, std::atomic<bool>& begun) {
    begun = true;
    (void)co_await from.read(into);
}

bf::task<std::size_t> write_bytes(bf::pipe_writer& to, const std::vector<std::byte>& bytes) {
    const auto wrote = co_await to.write_all(bytes);
    co_return wrote.value_or(0);
}

}  // namespace

TEST_CASE("bytes_go_through_a_pipe_in_each_model_and_the_end_is_a_value") {
    both::in_each_model([](both::model m, bf::runtime& rt) {
        auto [from, to] = open_pipe();
        const std::string text = "through the pipe";
        CHECK(both::await_in(m, rt, [&to = to, &text] { return to.write_all(bytes_of(text)); }).value() == text.size());
        std::string got(text.size(), '\0');
        const auto into = std::as_writable_bytes(std::span{got});
        CHECK(both::await_in(m, rt, [&from = from, into] { return from.read_exact(into); }).value() == text.size());
        CHECK(got == text);
        to.close();
        CHECK(to.descriptor() == -1);
        CHECK(both::await_in(m, rt, [&from = from, into] { return from.read(into); }).value() == 0);
        const auto cut = both::await_in(m, rt, [&from = from, into] { return from.read_exact(into); });
        CHECK(cut.error() == std::errc::no_message_available);
    });
}

TEST_CASE("a_pipe_carries_more_than_its_capacity_between_two_tasks") {
    in_both([](bf::backend on) -> bf::task<> {
        auto [from, to] = open_pipe();
        std::vector<std::byte> sent(1'000'000);
        for (std::size_t n = 0; n < sent.size(); ++n) sent[n] = static_cast<std::byte>(n * 7);
        auto writer = bf::spawn(on, write_bytes, std::ref(to), std::cref(sent));
        std::vector<std::byte> received(sent.size());
        const auto got = co_await from.read_exact(received);
        CHECK(got.value() == sent.size());
        CHECK(received == sent);
        const std::size_t wrote = co_await std::move(writer);
        CHECK(wrote == sent.size());
    });
}

TEST_CASE("several_buffers_are_written_and_read_with_one_call") {
    in_both([](bf::backend) -> bf::task<> {
        auto [from, to] = open_pipe();
        std::string one = "one";
        std::string two = "two!";
        std::array<iovec, 3> parts{{{one.data(), one.size()}, {nullptr, 0}, {two.data(), two.size()}}};
        const auto wrote = co_await to.write_all_vectored(parts);
        CHECK(wrote.value() == 7);
        std::array<char, 2> first{};
        std::array<char, 8> second{};
        const std::array<iovec, 2> into{{{first.data(), first.size()}, {second.data(), second.size()}}};
        const auto got = co_await from.read_vectored(into);
        CHECK(got.value() == 7);
        CHECK(std::string{first.data(), 2} + std::string{second.data(), 5} == "onetwo!");
    });
}

TEST_CASE("a_write_without_a_reader_is_an_error_and_no_signal") {
    both::in_each_model([](both::model m, bf::runtime& rt) {
        auto [from, to] = open_pipe();
        from.close();
        const std::string text = "to nobody";
        const auto wrote = both::await_in(m, rt, [&to = to, &text] { return to.write(bytes_of(text)); });
        CHECK(wrote.error() == std::errc::broken_pipe);
    });
}

TEST_CASE("a_writer_that_waits_learns_that_its_reader_has_gone") {
    in_both([](bf::backend on) -> bf::task<> {
        auto [from, to] = open_pipe();
        const std::vector<std::byte> much(1'000'000);
        auto writer = bf::spawn(on, write_bytes, std::ref(to), std::cref(much));
        std::array<std::byte, 100> some{};
        const auto got = co_await from.read_exact(some);
        CHECK(got.value() == some.size());
        from.close();
        const std::size_t wrote = co_await std::move(writer);
        CHECK(wrote == 0);
    });
}

TEST_CASE("the_disposition_that_a_program_has_chosen_for_sigpipe_stays") {
    const auto last = tests::dies([] {
        std::signal(SIGPIPE, SIG_IGN);
        auto pipe = bf::make_pipe();
        struct sigaction now{};
        ::sigaction(SIGPIPE, nullptr, &now);
        if (now.sa_handler != SIG_IGN) std::abort();
    });
    CHECK(last.signal == 0);
}

TEST_CASE("capacities_are_read_and_set") {
    auto [from, to] = open_pipe();
    const auto set = to.set_capacity(8'192);
    CHECK(set.value() == 8'192);
    CHECK(from.capacity().value() == 8'192);
    const std::vector<std::byte> bytes(5'000);
    CHECK(bf::block_on(to.write_all(bytes)).value() == 5'000);
    CHECK(from.set_capacity(4'096).error() == std::errc::device_or_resource_busy);
}

TEST_CASE("a_cancelled_read_of_a_pipe_takes_nothing") {
    in_both([](bf::backend on) -> bf::task<> {
        auto [from, to] = open_pipe();
        for (int round = 0; round < 10; ++round) {
            std::array<std::byte, 8> unused{};
            std::atomic<bool> begun{false};
            auto reader = bf::spawn(on, read_into, std::ref(from), std::span<std::byte>{unused}, std::ref(begun));
            while (!begun && round % 2 == 0) co_await bf::yield_now();  // Odd rounds: before it starts, maybe.
            reader.cancel();
            (void)co_await reader.outcome();
            const std::string text = "late";
            (void)co_await to.write_all(bytes_of(text));
            std::array<std::byte, 4> got{};
            const auto count = co_await from.read_exact(got);
            CHECK(count.value() == 4);
            CHECK(std::memcmp(got.data(), text.data(), 4) == 0);
        }
    });
}

TEST_CASE("a_read_in_flight_may_be_destroyed_and_a_second_one_is_busy") {
    bf::runtime rt{both::small_runtime(1)};
    rt.run([]() -> bf::task<> {
        auto [from, to] = open_pipe();
        std::array<std::byte, 8> buffer{};
        std::array<std::byte, 8> other{};
        {
            auto reading = from.read(buffer);
            auto turn = bf::yield_now();
            (void)co_await bf::select(reading, turn);
            const auto second = co_await from.read(other);
            CHECK(second.error() == std::errc::device_or_resource_busy);
        }
        const std::string text = "next";
        (void)co_await to.write_all(bytes_of(text));
        const auto got = co_await from.read(buffer);
        CHECK(got.value() == 4);
    });
}

TEST_CASE("fifos_are_opened_without_waiting") {
    const fifo at;
    CHECK(bf::pipe_writer::open(at.path()).error() == std::errc::no_such_device_or_address);
    CHECK(bf::pipe_reader::open(at.path() + "-not").error() == std::errc::no_such_file_or_directory);
    CHECK(bf::pipe_reader::open(at.directory()).error() == std::errc::invalid_argument);
    auto from = bf::pipe_reader::open(at.path()).value();
    std::array<std::byte, 8> buffer{};
    CHECK(bf::block_on(from.read(buffer)).value() == 0);  // Nobody writes yet.
    for (int round = 0; round < 2; ++round) {             // A second writer after the first has gone.
        auto to = bf::pipe_writer::open(at.path()).value();
        CHECK_FALSE(bf::block_on(bf::timeout(from.read(buffer), 1ms)).has_value());
        CHECK(bf::block_on(to.write(bytes_of("fifo"))).value() == 4);
        CHECK(bf::block_on(from.read(buffer)).value() == 4);
        to.close();
        CHECK(bf::block_on(from.read(buffer)).value() == 0);
    }
}

TEST_CASE("pipes_conserve_descriptors_and_are_closed_at_exec") {
    (void)bf::block_on(bf::yield_now());
    {
        auto [from, to] = open_pipe();
        std::array<std::byte, 1> buffer{};
        (void)bf::block_on(bf::timeout(from.read(buffer), 1ms));  // Opens this thread's driver.
    }
    const std::size_t before = tests::open_descriptors();
    for (int n = 0; n < 100; ++n) {
        auto [from, to] = open_pipe();
        CHECK((::fcntl(from.descriptor(), F_GETFD) & FD_CLOEXEC) != 0);
        CHECK((::fcntl(to.descriptor(), F_GETFD) & FD_CLOEXEC) != 0);
        std::array<std::byte, 1> buffer{};
        (void)bf::block_on(bf::timeout(from.read(buffer), 10us));
    }
    CHECK(tests::open_descriptors() <= before + 2);
    {
        const tests::no_descriptors_left limit;
        CHECK(bf::make_pipe().error() == std::errc::too_many_files_open);
    }
    CHECK(bf::make_pipe().has_value());
}

TEST_CASE("a_closed_pipe_that_is_used_aborts") {
    tests::check_aborts("a pipe was used after it was closed or moved from", [] {
        auto made = bf::make_pipe();
        made->first.close();
        std::array<std::byte, 1> buffer{};
        (void)made->first.read(buffer);
    });
}
