// The halves of a stream that was split: every read and write of theirs, their ends, and their use after a move.
#include "both/in_each_model.hpp"
#include "bytes.hpp"
#include "descriptors.hpp"
#include "io/stream_pair.hpp"
#include "last_words.hpp"

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace bf = bifilar;
using both::await_in;
using tests::bytes_of;
using tests::stream_pair;
using tests::text_of;

namespace {

iovec part_of(std::span<const std::byte> bytes) { return {const_cast<std::byte*>(bytes.data()), bytes.size()}; }

// One half in each of two tasks that wait at the same time.
bf::task<std::string> read_line(bf::socket_read_half from) {
    std::array<std::byte, 16> buffer{};
    const auto got = co_await from.read(buffer);
    co_return text_of(std::span{buffer}.first(got.value()));
}
bf::task<> write_line(bf::socket_write_half to) {
    const auto wrote = co_await to.write_all(bytes_of("line"));
    CHECK(wrote.value() == 4);
}

}  // namespace

TEST_CASE("a_read_half_reads_in_every_way_in_each_model") {
    both::in_each_model([](both::model m, bf::runtime& rt) {
        stream_pair pair;
        auto [in, out] = std::move(pair.near).split();
        std::array<std::byte, 16> buffer{};
        const auto send = [&](const char* text) {
            const std::string_view all{text};
            REQUIRE(await_in(m, rt, [&] { return pair.far.write_all(bytes_of(all)); }).value() == all.size());
        };
        send("peek, read");
        CHECK(await_in(m, rt, [&, &from = in] { return from.peek(std::span{buffer}.first(4)); }).value() == 4);
        CHECK(await_in(m, rt, [&, &from = in] { return from.read_exact(std::span{buffer}.first(6)); }).value() == 6);
        CHECK(text_of(std::span{buffer}.first(6)) == "peek, ");
        CHECK(await_in(m, rt, [&, &from = in] { return from.read(buffer); }).value() == 4);

        send("vectored");
        std::array<std::byte, 3> first{};
        std::array<std::byte, 8> second{};
        const std::array<iovec, 2> into{iovec{first.data(), first.size()}, iovec{second.data(), second.size()}};
        CHECK(await_in(m, rt, [&, &from = in] { return from.read_vectored(into); }).value() == 8);
        CHECK(text_of(first) + text_of(std::span{second}.first(5)) == "vectored");

        send("lent");
        const auto lent = await_in(m, rt, [&from = in] { return from.receive(); });
        CHECK(text_of(lent.value().bytes()) == "lent");

        // The last, because the half reads no more after it; it keeps the descriptor for itself.
        send("all");
        bf::receive_stream rest = in.receive_all();
        const auto piece = await_in(m, rt, [&rest] { return rest.next(); });
        CHECK(text_of(piece.value().bytes()) == "all");
        pair.far.close();
        const auto end = await_in(m, rt, [&rest] { return rest.next(); });
        CHECK(end.value().empty());
        CHECK(out.descriptor() == in.descriptor());
    });
}

TEST_CASE("a_write_half_writes_in_every_way_and_ends_its_side_in_each_model") {
    both::in_each_model([](both::model m, bf::runtime& rt) {
        const std::size_t before = tests::open_descriptors("socket:");
        {
            stream_pair pair;
            std::optional<bf::socket_read_half> in;
            {
                auto [reads, out] = std::move(pair.near).split();
                in.emplace(std::move(reads));
                CHECK(await_in(m, rt, [&to = out] { return to.write(bytes_of("one ")); }).value() == 4);
                CHECK(await_in(m, rt, [&to = out] { return to.write_all(bytes_of("two ")); }).value() == 4);
                std::array<iovec, 2> from{part_of(bytes_of("th")), part_of(bytes_of("ree "))};
                CHECK(await_in(m, rt, [&, &to = out] { return to.write_vectored(from); }).value() == 6);
                CHECK(await_in(m, rt, [&, &to = out] { return to.write_all_vectored(from); }).value() == 6);
                CHECK(out.shutdown_write().has_value());
                const auto after = await_in(m, rt, [&to = out] { return to.write(bytes_of("more")); });
                CHECK(after.error() == std::errc::broken_pipe);
            }
            std::array<std::byte, 32> buffer{};
            CHECK(await_in(m, rt, [&] { return pair.far.read_exact(std::span{buffer}.first(20)); }).value() == 20);
            CHECK(text_of(std::span{buffer}.first(20)) == "one two three three ");
            CHECK(await_in(m, rt, [&] { return pair.far.read(buffer); }).value() == 0);
            CHECK(await_in(m, rt, [&] { return pair.far.write(bytes_of("back")); }).value() == 4);
            CHECK(await_in(m, rt, [&] { return in->read(buffer); }).value() == 4);
        }
        CHECK(tests::open_descriptors("socket:") == before);
    });
}

TEST_CASE("the_halves_belong_to_two_tasks_and_the_writing_one_ends_its_side_when_it_goes") {
    for (const bf::backend on : {bf::backend::stackless, bf::backend::stackful}) {
        bf::runtime rt{both::small_runtime()};
        stream_pair pair;
        auto [in, out] = std::move(pair.near).split();
        auto reading = rt.spawn(on, read_line, std::move(in));
        auto writing = rt.spawn(on, write_line, std::move(out));
        std::move(writing).join();
        std::array<std::byte, 16> buffer{};
        CHECK(bf::block_on(pair.far.read_exact(std::span{buffer}.first(4))).value() == 4);
        CHECK(bf::block_on(pair.far.read(buffer)).value() == 0);
        CHECK(bf::block_on(pair.far.write_all(bytes_of("answer"))).value() == 6);
        CHECK(std::move(reading).join() == "answer");
    }
}

TEST_CASE("a_second_wait_of_one_direction_is_busy_and_one_of_each_is_not") {
    bf::runtime rt{both::small_runtime(1)};
    rt.run([]() -> bf::task<> {
        stream_pair pair;
        auto [in, out] = std::move(pair.near).split();
        std::array<std::byte, 4> buffer{};
        std::array<std::byte, 4> other{};
        auto waiting = in.read(buffer);
        auto turn = bf::yield_now();
        (void)co_await bf::select(waiting, turn);
        const auto second = co_await in.peek(other);
        CHECK(second.error() == std::errc::device_or_resource_busy);
        const auto wrote = co_await out.write(bytes_of("ping"));
        CHECK(wrote.value() == 4);
        const auto back = co_await pair.far.write_all(bytes_of("pong"));
        CHECK(back.value() == 4);
        const auto got = co_await waiting;
        CHECK(got.value() == 4);
    });
}

// They dereferenced null.
TEST_CASE("a_half_that_was_moved_from_aborts_and_has_no_descriptor") {
    const char* const sentence = "a stream or a half of one was used after close() or split()";
    stream_pair pair;
    auto [in, out] = std::move(pair.near).split();
    const bf::socket_read_half reads{std::move(in)};
    const bf::socket_write_half writes{std::move(out)};
    CHECK(reads.descriptor() == writes.descriptor());
    CHECK(in.descriptor() == -1);
    CHECK(out.descriptor() == -1);
    CHECK(pair.near.descriptor() == -1);
    tests::check_aborts(sentence, [&from = in] { (void)from.read({}); });
    tests::check_aborts(sentence, [&from = in] { (void)from.receive_all(); });
    tests::check_aborts(sentence, [&to = out] { (void)to.write_all({}); });
    tests::check_aborts(sentence, [&to = out] { (void)to.shutdown_write(); });
    tests::check_aborts(sentence, [&] { (void)pair.near.read({}); });
}
