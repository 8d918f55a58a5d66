// Inherited streams of every kind, whose O_NONBLOCK flag must stay as it is. Both models, both drivers.
#include <bifilar/drivers/contract/owned_descriptor.hpp>
#include <bifilar/io/process/standard_stream.hpp>
#include "both/in_each_model.hpp"
#include "descriptors.hpp"
#include "io/scratch_directory.hpp"
#include "io/stream_pair.hpp"
#include "last_words.hpp"
#include "uninterrupted.hpp"

#include <array>
#include <atomic>
#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>
#include <vector>

namespace bf = bifilar;
using namespace std::chrono_literals;
using tests::bytes_of;

namespace {

// Where one end's output is the other's input. All block.
class blocking_ends {
public:
    enum class kind { pipe, socket, terminal_input, terminal_output };

    explicit blocking_ends(kind what) {
        std::array<int, 2> made{};
        if (what == kind::pipe) REQUIRE(::pipe2(made.data(), O_CLOEXEC) == 0);
        if (what == kind::socket) made = tests::local_stream();
        if (what == kind::terminal_input || what == kind::terminal_output) {
            made[1] = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
            REQUIRE(made[1] >= 0);
            REQUIRE(::grantpt(made[1]) == 0);
            REQUIRE(::unlockpt(made[1]) == 0);
            made[0] = ::open(::ptsname(made[1]), O_RDWR | O_NOCTTY | O_CLOEXEC);
            REQUIRE(made[0] >= 0);
            termios raw{};
            REQUIRE(::tcgetattr(made[0], &raw) == 0);
            ::cfmakeraw(&raw);
            REQUIRE(::tcsetattr(made[0], TCSANOW, &raw) == 0);
        }
        if (what == kind::terminal_output) std::swap(made[0], made[1]);
        from = bf::owned_descriptor{made[0]};
        to = bf::owned_descriptor{made[1]};
    }

    bf::owned_descriptor from;
    bf::owned_descriptor to;
};

constexpr std::array all_kinds{blocking_ends::kind::pipe, blocking_ends::kind::socket,
                               blocking_ends::kind::terminal_input, blocking_ends::kind::terminal_output};

bool is_blocking(int descriptor) { return (::fcntl(descriptor, F_GETFL) & O_NONBLOCK) == 0; }

bf::task<std::size_t> read_all(bf::input_stream& from, std::span<std::byte> into) {
    const auto got = co_await from.read_exact(into);
    co_return got.value_or(0);
}

}  // namespace

TEST_CASE("inherited_streams_of_every_kind_suspend_and_stay_blocking") {
    for (const auto kind : all_kinds) {
        for (const bf::backend on : {bf::backend::stackless, bf::backend::stackful}) {
            if (kind == blocking_ends::kind::terminal_input) continue;  // Its writer is no inherited stream.
            INFO("kind " << static_cast<int>(kind) << ", model " << static_cast<int>(on));
            blocking_ends ends{kind};
            auto from = bf::input_stream::duplicate(ends.from.get()).value();
            auto to = bf::output_stream::duplicate(ends.to.get()).value();
            std::vector<std::byte> sent(100'000);
            for (std::size_t n = 0; n < sent.size(); ++n) sent[n] = static_cast<std::byte>(n * 7);
            std::vector<std::byte> received(sent.size());
            bf::runtime rt{both::small_runtime(1)};  // A call that blocks would stop everything.
            auto reader = rt.spawn(on, read_all, std::ref(from), std::span<std::byte>{received});
            auto writer = rt.spawn(
                on,
                [](bf::output_stream& into, const std::vector<std::byte>& bytes) -> bf::task<std::size_t> {
                    for (int n = 0; n < 5; ++n) co_await bf::yield_now();  // The reader waits first.
                    const auto wrote = co_await into.write_all(bytes);
                    co_return wrote.value_or(0);
                },
                std::ref(to), std::cref(sent));
            CHECK(std::move(writer).join() == sent.size());
            CHECK(std::move(reader).join() == sent.size());
            CHECK(received == sent);
            CHECK(is_blocking(ends.from.get()));
            CHECK(is_blocking(ends.to.get()));
        }
    }
}

TEST_CASE("waiting_reads_of_inherited_streams_are_cancelled_and_take_nothing") {
    for (const auto kind : all_kinds) {
        blocking_ends ends{kind};
        auto from = bf::input_stream::duplicate(ends.from.get()).value();
        both::in_each_model(
            [&](both::model m, bf::runtime& rt) {
                std::array<std::byte, 4> into{};
                const auto late =
                    both::await_in(m, rt, [&] { return bf::timeout(from.read(std::span<std::byte>{into}), 1ms); });
                CHECK_FALSE(late.has_value());
                const auto wrote = tests::uninterrupted([&] { return ::write(ends.to.get(), "four", 4); });
                REQUIRE(wrote == 4);
                const auto got = both::await_in(m, rt, [&] { return from.read_exact(std::span<std::byte>{into}); });
                CHECK(got.value() == 4);
            },
            1);
    }
}

TEST_CASE("a_second_reader_is_busy_and_ends_are_values") {
    bf::runtime rt{both::small_runtime(1)};
    rt.run([]() -> bf::task<> {
        blocking_ends ends{blocking_ends::kind::pipe};
        auto from = bf::input_stream::duplicate(ends.from.get()).value();
        auto to = bf::output_stream::duplicate(ends.to.get()).value();
        std::array<std::byte, 4> into{};
        std::array<std::byte, 4> other{};
        auto reading = from.read(into);
        auto turn = bf::yield_now();
        (void)co_await bf::select(reading, turn);
        const auto second = co_await from.read(other);
        CHECK(second.error() == std::errc::device_or_resource_busy);
        ends.to.reset();
        {
            const auto gone = std::move(to);
        }
        const auto end = co_await reading;
        CHECK(end.value() == 0);
        auto orphan = bf::output_stream::duplicate(ends.from.get()).value();
        const std::string text = "text";
        const auto wrong = co_await orphan.write(bytes_of(text));
        CHECK(wrong.error() == std::errc::bad_file_descriptor);  // It is the end to read from.
    });
}

TEST_CASE("a_write_to_an_inherited_pipe_without_a_reader_is_a_value") {
    blocking_ends ends{blocking_ends::kind::pipe};
    auto to = bf::output_stream::duplicate(ends.to.get()).value();
    ends.from.reset();
    CHECK(bf::block_on(to.write(bytes_of("text"))).error() == std::errc::broken_pipe);
}

TEST_CASE("files_and_devices_are_read_and_written_without_a_wait") {
    both::in_each_model([](both::model m, bf::runtime& rt) {
        const tests::scratch_directory here;
        const bf::owned_descriptor file{::open((here / "file").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
        REQUIRE(file);
        auto to = bf::output_stream::duplicate(file.get()).value();
        const std::string text(10'000, 'x');
        CHECK(both::await_in(m, rt, [&] { return to.write_all(bytes_of(text)); }).value() == text.size());
        REQUIRE(::lseek(file.get(), 0, SEEK_SET) == 0);
        auto from = bf::input_stream::duplicate(file.get()).value();
        std::string got(20'000, '\0');
        const auto into = std::as_writable_bytes(std::span{got});
        CHECK(both::await_in(m, rt, [&] { return from.read_exact(into.first(text.size())); }).value() == text.size());
        CHECK(both::await_in(m, rt, [&] { return from.read(into); }).value() == 0);

        const bf::owned_descriptor null{::open("/dev/null", O_RDWR | O_CLOEXEC)};
        auto nothing = bf::input_stream::duplicate(null.get()).value();
        CHECK(both::await_in(m, rt, [&] { return nothing.read(into); }).value() == 0);
        auto nowhere = bf::output_stream::duplicate(null.get()).value();
        CHECK(both::await_in(m, rt, [&] { return nowhere.write_all(bytes_of(text)); }).value() == text.size());

        const bf::owned_descriptor folder{::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
        auto strange = bf::input_stream::duplicate(folder.get()).value();
        const auto failed = both::await_in(m, rt, [&] { return strange.read(into); });
        CHECK(failed.error() == std::errc::is_a_directory);
    });
    CHECK(bf::input_stream::duplicate(-1).error() == std::errc::bad_file_descriptor);
    CHECK(bf::output_stream::duplicate(-1).error() == std::errc::bad_file_descriptor);
}

TEST_CASE("inherited_streams_conserve_descriptors_and_are_closed_at_exec") {
    blocking_ends ends{blocking_ends::kind::pipe};
    const std::size_t before = tests::open_descriptors();
    for (int n = 0; n < 100; ++n) {
        const auto from = bf::input_stream::duplicate(ends.from.get()).value();
        CHECK((::fcntl(from.descriptor(), F_GETFD) & FD_CLOEXEC) != 0);
    }
    CHECK(tests::open_descriptors() == before);
    const tests::no_descriptors_left limit;
    const auto refused = bf::input_stream::duplicate(ends.from.get());
    CHECK_FALSE(refused.has_value());  // EMFILE, or EINVAL because the lowest number is above the limit.
}

TEST_CASE("the_processes_own_streams_suspend_and_stay_blocking") {
    if (!tests::children_have_threads) return;
    for (const bf::backend on : {bf::backend::stackless, bf::backend::stackful}) {
        const auto last = tests::dies([on] {
            blocking_ends in{blocking_ends::kind::pipe};
            blocking_ends out{blocking_ends::kind::pipe};
            ::dup2(in.from.get(), STDIN_FILENO);
            ::dup2(out.to.get(), STDOUT_FILENO);
            bf::runtime rt{both::small_runtime(1)};
            std::array<std::byte, 4> got{};
            auto reader = rt.spawn(on, read_all, std::ref(bf::standard_input()), std::span<std::byte>{got});
            if (::write(in.to.get(), "four", 4) != 4) std::abort();
            if (std::move(reader).join() != 4) std::abort();
            const auto echo = [&](bf::output_stream& to) {
                return rt
                    .spawn(on,
                           [&]() -> bf::task<bool> {
                               const auto wrote = co_await to.write_all(got);
                               co_return wrote.has_value();
                           })
                    .join();
            };
            if (!echo(bf::standard_output()) || !echo(bf::standard_error())) std::abort();
            std::array<char, 4> written{};
            if (tests::uninterrupted([&] { return ::read(out.from.get(), written.data(), 4); }) != 4) std::abort();
            if (std::string{written.data(), 4} != "four") std::abort();
            if (!is_blocking(0) || !is_blocking(1) || !is_blocking(2)) std::abort();
        });
        CHECK(last.signal == 0);
        // Behind the seed, where a process simulates for the first time.
        CHECK_THAT(last.text, Catch::EndsWith("four"));
        const auto closed = tests::dies([] {
            ::close(STDIN_FILENO);
            std::array<std::byte, 4> into{};
            if (bf::block_on(bf::standard_input().read(into)).error() != std::errc::bad_file_descriptor) std::abort();
        });
        CHECK(closed.signal == 0);
    }
}
