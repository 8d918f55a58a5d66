// Buffered readers: the same answers however the bytes come in pieces, and no byte lost however futures end.
#include <bifilar/io/streams/buffered_reader.hpp>
#include "io/scripted_stream.hpp"
#include "io/stream_pair.hpp"
#include "last_words.hpp"
#include "one_worker.hpp"

#include <atomic>
#include <bit>

namespace bf = bifilar;
using namespace std::chrono_literals;
using tests::bytes_of;
using tests::scripted_stream;
using tests::text_of;

static_assert(bf::byte_reader<bf::buffered_reader<bf::tcp_stream&>>);
static_assert(bf::byte_reader<bf::buffered_reader<bf::socket_read_half>>);
static_assert(bf::cancellable_future<bf::buffered_read_until_future<bf::tcp_stream>>);

namespace {

using reader = bf::buffered_reader<scripted_stream&>;

// The answers of one future after the other, as text, until the end or the first error.
template <class Next>
std::string all_answers(reader& from, Next next) {
    std::string answers;
    for (;;) {
        bf::io_result<std::optional<std::string>> got = bf::await(next(from));
        if (!got) return answers + "error " + std::to_string(got.error().value());
        if (!*got) return answers + "end";
        answers += "[" + **got + "]";
    }
}

const std::string input = "ab\r\nc\n\r\n\nxy\r";

// Cuts the input where the mask has a bit; some pieces are waited for.
scripted_stream in_pieces(unsigned mask, bool waits) {
    scripted_stream made;
    std::string piece;
    for (std::size_t n = 0; n < input.size(); ++n) {
        piece += input[n];
        if ((mask >> n & 1) == 0 && n + 1 != input.size()) continue;
        if (waits) made.wait();
        made.give(std::exchange(piece, {}));
    }
    return made;
}

template <class Next>
void every_split_answers(Next next, const std::string& expected) {
    for (const std::size_t capacity : {3U, 64U})
        for (unsigned mask = 0; mask < 1U << (input.size() - 1); ++mask) {
            scripted_stream stream = in_pieces(mask, std::popcount(mask) % 2 == 0);
            reader from{stream, capacity};
            const std::string answers = all_answers(from, next);
            if (answers == expected) continue;
            INFO("pieces " << mask << ", capacity " << capacity);
            REQUIRE(answers == expected);
        }
    SUCCEED();
}

// As read_until's answer, for a size instead of a mark.
auto exact(reader& from, std::string& into) {
    return bf::map(from.read_exact(std::as_writable_bytes(std::span{into})),
                   [&into](bf::io_result<std::size_t> count) -> bf::io_result<std::optional<std::string>> {
                       if (!count) return std::unexpected{count.error()};
                       return std::optional{into};
                   });
}

}  // namespace

TEST_CASE("every_split_of_an_input_gives_the_same_lines") {
    REQUIRE(input.size() == 12);
    every_split_answers([](reader& from) { return from.read_line(); }, "[ab][c][][][xy\r]end");
    every_split_answers([](reader& from) { return from.read_line(2); }, "[ab][c][][]error " + std::to_string(EMSGSIZE));
    every_split_answers([](reader& from) { return from.read_line(1); }, "error " + std::to_string(EMSGSIZE));
}

TEST_CASE("every_split_of_an_input_gives_the_same_items") {
    every_split_answers([](reader& from) { return from.read_until("\r\n"); }, "[ab\r\n][c\n\r\n][\nxy\r]end");
    every_split_answers([](reader& from) { return from.read_until("\n\r\n", 5); }, "[ab\r\nc\n\r\n][\nxy\r]end");
    every_split_answers([](reader& from) { return from.read_until("\n\r\n", 4); }, "error " + std::to_string(EMSGSIZE));
    every_split_answers([](reader& from) { return from.read_until('c'); }, "[ab\r\nc][\n\r\n\nxy\r]end");
    every_split_answers([](reader& from) { return from.read_until(std::byte{'y'}, 10); }, "[ab\r\nc\n\r\n\nxy][\r]end");
    every_split_answers([](reader& from) { return from.read_until("zz", 11); }, "error " + std::to_string(EMSGSIZE));
}

TEST_CASE("every_split_of_an_input_gives_the_same_exact_reads") {
    std::string five(5, '\0');
    every_split_answers([&five](reader& from) { return exact(from, five); },
                        "[ab\r\nc][\n\r\n\nx]error " + std::to_string(ENODATA));
    std::string all(12, '\0');
    every_split_answers([&all](reader& from) { return exact(from, all); },
                        "[" + input + "]error " + std::to_string(ENODATA));
    std::string more(13, '\0');
    every_split_answers([&more](reader& from) { return exact(from, more); }, "error " + std::to_string(ENODATA));
}

TEST_CASE("what_an_error_or_a_limit_leaves_is_still_there") {
    scripted_stream stream;
    stream.give("too long\nnext").fail(ECONNRESET).give("!");
    reader from{stream};
    CHECK(bf::await(from.read_line(3)).error() == std::errc::message_size);
    CHECK(bf::await(from.read_line(8)).value() == "too long");
    CHECK(bf::await(from.read_line()).error() == std::errc::connection_reset);
    CHECK(text_of(from.buffered()) == "next");
    std::string eight(8, '\0');
    CHECK(bf::await(from.read_exact(std::as_writable_bytes(std::span{eight}))).error().value() == ENODATA);
    CHECK(bf::await(from.read_line()).value() == "next!");
    CHECK(bf::await(from.read_line()).value() == std::nullopt);
}

// A part of it was read past the buffer when the stream ended.
TEST_CASE("an_exact_read_larger_than_the_buffer_puts_back_what_came") {
    scripted_stream stream;
    stream.give("01").give("23").give("4567").end().give("89");
    reader from{stream, 3};
    std::string one(1, '\0');
    CHECK(bf::await(from.read_exact(std::as_writable_bytes(std::span{one}))).value() == 1);
    std::string ten(10, '\0');
    CHECK(bf::await(from.read_exact(std::as_writable_bytes(std::span{ten}))).error().value() == ENODATA);
    CHECK(text_of(from.buffered()) == "1234567");
    std::string nine(9, '\0');
    CHECK(bf::await(from.read_exact(std::as_writable_bytes(std::span{nine}))).value() == 9);
    CHECK(nine == "123456789");
}

TEST_CASE("fill_shows_and_consume_uses_up") {
    scripted_stream stream;
    stream.give("abc").give("def").give("g");
    reader from{stream, 4};
    CHECK(text_of(bf::await(from.fill()).value()) == "abc");
    CHECK(text_of(bf::await(from.fill()).value()) == "abc");
    from.consume(2);
    CHECK(text_of(bf::await(from.fill(3)).value()) == "cdef");
    CHECK(text_of(bf::await(from.fill(100)).value()) == "cdefg");
    CHECK(text_of(bf::await(from.fill(100)).value()) == "cdefg");
    from.consume(5);
    CHECK(bf::await(from.fill()).value().empty());
    CHECK(from.buffered().empty());
}

TEST_CASE("large_reads_pass_the_buffer_and_small_ones_share_a_call") {
    scripted_stream stream;
    stream.give("abcdef").give("0123456789");
    reader from{stream, 8};
    std::string two(2, '\0');
    std::string large(10, '\0');
    for (const char* const expected : {"ab", "cd", "ef"}) {
        CHECK(bf::await(from.read(std::as_writable_bytes(std::span{two}))).value() == 2);
        CHECK(two == expected);
    }
    CHECK(stream.reads == std::vector<std::size_t>{8});
    CHECK(bf::await(from.read(std::as_writable_bytes(std::span{large}))).value() == 10);
    CHECK(large == "0123456789");
    CHECK(stream.reads == std::vector<std::size_t>{8, 10});
    CHECK(bf::await(from.read({})).value() == 0);
    CHECK(bf::await(from.read(std::as_writable_bytes(std::span{large}))).value() == 0);
}

TEST_CASE("a_buffer_that_has_grown_shrinks_again") {
    scripted_stream stream;
    stream.give(std::string(100, 'x')).give("\n").give("y");
    reader from{stream, 8};
    CHECK(bf::await(from.read_line()).value() == std::string(100, 'x'));
    CHECK(*std::ranges::max_element(stream.reads) > 8);
    CHECK(bf::await(from.read_line()).value() == "y");
    CHECK(stream.reads.at(stream.reads.size() - 2) == 8);
}

// The kernel may complete a read in the moment in which its future is given up.
TEST_CASE("a_read_that_was_completed_behind_the_back_of_its_future_is_kept") {
    const auto give_up = [](auto future) {
        CHECK_FALSE(bf::await(bf::timeout(std::move(future), 0ns)).has_value());  // By poll_cancel.
    };
    const auto drop = [](auto future) {
        auto turn = bf::yield_now();
        CHECK(bf::await(bf::select(future, turn)).index() == 1);  // By the destructor.
    };
    const auto both_ways = [&](auto story) {
        story(give_up);
        story(drop);
    };
    both_ways([](auto lose) {
        scripted_stream stream;
        stream.give("a").give_late("b").give_late("c\nd").fail_late(ECONNRESET).give("e");
        reader from{stream, 2};
        lose(from.read_line());
        CHECK(text_of(from.buffered()) == "ab");
        lose(from.read_until("\r\n"));
        CHECK(bf::await(from.read_line()).value() == "abc");
        lose(from.fill(3));
        CHECK(text_of(from.buffered()) == "d");
        CHECK(bf::await(from.fill(3)).error() == std::errc::connection_reset);
        CHECK(bf::await(from.read_line()).value() == "de");
    });
    both_ways([](auto lose) {
        scripted_stream stream;
        stream.give_late("abc").give("d").give_late("efg").give("h");
        reader from{stream, 2};
        std::string many(8, '\0');
        const auto all = std::as_writable_bytes(std::span{many});
        lose(from.read(all));
        CHECK(text_of(from.buffered()) == "abc");
        lose(from.read_exact(all));
        CHECK(text_of(from.buffered()) == "abcdefg");
        CHECK(bf::await(from.read_exact(all)).value() == 8);
        CHECK(many == "abcdefgh");
    });
}

TEST_CASE("an_end_that_came_behind_the_back_of_a_future_is_told") {
    scripted_stream stream;
    stream.give("a").give_late({}).give("not yet");
    reader from{stream};
    CHECK_FALSE(bf::await(bf::timeout(from.read_line(), 0ns)).has_value());
    CHECK(bf::await(from.read_line()).value() == "a");
    CHECK(bf::await(from.read_line()).value() == std::nullopt);
    CHECK(bf::await(from.read_line()).value() == "not yet");
}

TEST_CASE("a_reader_owns_its_stream_or_uses_one") {
    scripted_stream stream;
    stream.give("first\nsecond");
    bf::buffered_reader owner{std::move(stream)};
    static_assert(std::is_same_v<decltype(owner), bf::buffered_reader<scripted_stream>>);
    CHECK(bf::await(owner.read_line()).value() == "first");
    bf::buffered_reader moved{std::move(owner)};
    CHECK(bf::await(moved.lines().next()).value() == "second");
    CHECK(bf::await(moved.stream().write(bytes_of("out"))).value() == 3);
    CHECK(std::move(moved).into_inner().written == "out");
    scripted_stream used;
    CHECK(&reader{used}.stream() == &used);
    CHECK(&reader{used}.into_inner() == &used);
    CHECK_THROWS_AS((reader{used, 0}), std::invalid_argument);
}

TEST_CASE("misuse_of_a_reader_is_told") {
    tests::check_aborts("consume at most what fill() showed", [] {
        scripted_stream stream;
        reader{stream}.consume(1);
    });
    tests::check_aborts("give it one byte at least", [] {
        scripted_stream stream;
        reader from{stream};
        (void)from.read_until("");
    });
}

// A task that finds everything in its buffer lets others run as well.
TEST_CASE("lines_from_the_buffer_cost_budget") {
    bf::runtime rt{both::small_runtime(1)};
    rt.run([]() -> bf::task<> {
        scripted_stream stream;
        stream.give(std::string(10'000, '\n'));
        reader from{stream, 10'000};
        bool stop = false;
        auto other = bf::spawn(
            [](bool& flag) -> bf::task<> {
                flag = true;
                co_return;
            },
            std::ref(stop));
        int lines = 0;
        while (!stop && co_await from.read_line()) ++lines;
        CHECK(lines < 10'000);
        co_await other;
    });
}

namespace {

// "0\n1\n2\n…": a byte that was lost or given twice shows.
bool is_next(int& count, const std::optional<std::string>& line) { return line == std::to_string(count++); }

bf::task<> trickle(bf::tcp_stream& to, std::atomic<bool>& enough) {
    for (int number = 0; !enough; ++number) {
        const std::string line = std::to_string(number) + "\n";
        for (const char& c : line) {
            const auto wrote = co_await to.write_all(std::as_bytes(std::span{&c, 1}));
            if (!wrote) co_return;
            co_await bf::yield_now();
        }
    }
    (void)to.shutdown_write();
}

}  // namespace

TEST_CASE("a_thousand_read_lines_that_were_given_up_lose_nothing_in_both_models") {
    for (const bf::backend on : tests::both_backends) {
        bf::runtime rt{both::small_runtime()};
        const auto story = [](bf::backend) {
            tests::stream_pair pair;
            bf::buffered_reader<bf::tcp_stream&> from{pair.far, 16};
            int given_up = 0;
            int lines = 0;
            bool good = true;
            // A byte for each future that is given up.
            for (int number = 0; given_up < 1'000; ++number)
                for (const char c : std::to_string(number) + "\n") {
                    auto early = bf::await(bf::timeout(from.read_line(), 0ns));
                    if (early)
                        good = good && is_next(lines, early->value());
                    else
                        ++given_up;
                    good = good && bf::await(pair.near.write_all(std::as_bytes(std::span{&c, 1}))).has_value();
                    // A driver need not have looked at the socket before this task waits for something.
                    if (given_up % 50 == 0) (void)bf::await(from.fill(from.buffered().size() + 1));
                }
            (void)pair.near.shutdown_write();
            for (;;) {
                const auto line = bf::await(from.read_line());
                if (!line || !*line) break;
                good = good && is_next(lines, *line);
            }
            CHECK(good);
            CHECK(lines > 200);
        };
        if (on == bf::backend::stackful) rt.run(story, on);
        const auto racing = [](bf::backend) -> bf::task<> {
            tests::stream_pair pair;
            std::atomic<bool> enough{false};
            auto writer = bf::spawn(trickle, std::ref(pair.near), std::ref(enough));
            bf::buffered_reader<bf::tcp_stream&> from{pair.far, 16};
            int given_up = 0;
            int lines = 0;
            bool good = true;
            for (;;) {
                auto limit = given_up % 8 == 0 ? 1us : 0us;
                auto early = co_await bf::timeout(from.read_line(), limit);
                if (!early) {
                    if (++given_up == 1'000) enough = true;
                    continue;
                }
                if (!early->has_value() || !**early) break;
                good = good && is_next(lines, **early);
            }
            CHECK(good);
            CHECK(given_up >= 1'000);
            co_await writer;
        };
        if (on == bf::backend::stackless) rt.run(racing, on);
    }
}

// The ring has taken the byte from the kernel when the future is destroyed.
TEST_CASE("a_read_in_flight_that_is_destroyed_keeps_what_the_driver_had") {
    tests::on_one_worker([](bf::backend) {
        tests::stream_pair pair;
        bf::buffered_reader<bf::tcp_stream&> from{pair.far};
        std::string sent;
        for (int round = 0; round < 50; ++round) {
            auto line = from.read_line();
            auto turn = bf::yield_now();
            CHECK(bf::await(bf::select(line, turn)).index() == 1);
            const std::string text = std::to_string(round);
            CHECK(bf::await(pair.near.write_all(bytes_of(text))).value() == text.size());
            sent += text;
        }
        (void)pair.near.shutdown_write();
        const auto all = bf::await(from.read_line());
        CHECK(all.value().value_or("none") == sent);
    });
}

TEST_CASE("a_cancelled_task_leaves_its_bytes_to_the_next_one") {
    for (const bf::backend on : tests::both_backends) {
        bf::runtime rt{both::small_runtime()};
        rt.run(
            [](bf::backend model) -> bf::task<> {
                tests::stream_pair pair;
                bf::buffered_reader<bf::tcp_stream&> from{pair.far};
                const std::string half = "half a ";
                (void)co_await pair.near.write_all(bytes_of(half));
                struct body {
                    static bf::task<> read(bf::buffered_reader<bf::tcp_stream&>& lines) {
                        (void)co_await lines.read_line();
                    }
                };
                auto first = bf::spawn(model, body::read, std::ref(from));
                for (int n = 0; n < 10; ++n) co_await bf::yield_now();  // It reads by now, as a rule.
                first.cancel();
                const auto outcome = co_await first.outcome();
                CHECK_FALSE(outcome.has_value());
                const std::string rest = "line\n";
                (void)co_await pair.near.write_all(bytes_of(rest));
                const auto line = co_await from.read_line();
                CHECK(line.value() == "half a line");
            },
            on);
    }
}
