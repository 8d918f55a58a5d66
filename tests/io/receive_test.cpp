// Bytes in lent buffers: what arrives, how many may be out, and that all come back.
#include "bytes.hpp"
#include "descriptors.hpp"
#include "io/stream_pair.hpp"
#include "io/waiting_bytes.hpp"
#include "last_words.hpp"
#include "one_worker.hpp"
#include "resource_limits.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <thread>
#include <vector>

using namespace both;
using namespace std::chrono_literals;
using tests::bytes_of;
using tests::stream_pair;

namespace {

std::string text_of(const bf::received_bytes& got) { return tests::text_of(got.bytes()); }

// On a runtime that has gone since.
stream_pair connected_pair() {
    bf::runtime rt{small_runtime(1)};
    return rt.run(tests::tcp_pair);
}

}  // namespace

TEST_CASE("what_arrives_is_lent_and_an_empty_buffer_is_the_end") {
    stream_pair pair = connected_pair();
    tests::on_one_worker([&](bf::backend) {
        CHECK(bf::await(pair.near.write_all(bytes_of("there already"))).has_value());
        CHECK(text_of(bf::await(pair.far.receive()).value()) == "there already");
    });
    for (const bf::backend model : tests::both_backends) {
        bf::runtime rt{small_runtime(1)};
        rt.run([&] {
            auto waits = bf::spawn(model, [&]() -> bf::task<std::string> {
                auto got = co_await pair.far.receive();
                co_return text_of(*got);
            });
            tests::let_others_park();
            CHECK(bf::await(pair.near.write_all(bytes_of("waited for"))).has_value());
            CHECK(bf::await(waits) == "waited for");
        });
    }
    bf::runtime rt{small_runtime(1)};
    rt.run([&] {
        pair.near.close();
        CHECK(bf::await(pair.far.receive()).value().empty());
    });
}

TEST_CASE("buffers_beyond_the_drivers_come_from_the_heap_and_nothing_is_lost") {
    if (!tests::descriptors_suffice(700)) return;
    constexpr std::size_t streams = 300;  // More than a driver lends.
    std::vector<stream_pair> pairs;
    for (std::size_t n = 0; n < streams; ++n) pairs.push_back(connected_pair());
    for (const bool waits_first : {false, true}) {
        bf::runtime rt{small_runtime(1)};
        rt.run([&] {
            std::vector<bf::join_handle<bf::io_result<bf::received_bytes>>> receives;
            const auto receive_all = [&] {
                for (stream_pair& pair : pairs) receives.push_back(bf::spawn(pair.far.receive()));
            };
            if (waits_first) {
                receive_all();
                tests::let_others_park();
            }
            for (std::size_t n = 0; n < streams; ++n)
                CHECK(bf::await(pairs[n].near.write_all(bytes_of("message " + std::to_string(n)))).has_value());
            if (!waits_first) receive_all();
            std::vector<bf::received_bytes> kept;
            for (auto& one : receives) kept.push_back(bf::await(one).value());
            for (std::size_t n = 0; n < streams; ++n) CHECK(text_of(kept[n]) == "message " + std::to_string(n));
        });
    }
}

TEST_CASE("a_buffer_outlives_stream_task_and_runtime") {
    bf::received_bytes kept;
    {
        stream_pair pair = connected_pair();
        bf::runtime rt{small_runtime(2)};
        kept = rt.run([&] {
            (void)bf::await(pair.near.write_all(bytes_of("kept")));
            return bf::await(pair.far.receive()).value();
        });
    }
    CHECK(text_of(kept) == "kept");
    std::thread elsewhere{[last = std::move(kept)] { CHECK(text_of(last) == "kept"); }};
    elsewhere.join();
}

TEST_CASE("a_receive_that_is_given_up_leaves_the_stream_working") {
    stream_pair pair = connected_pair();
    for (const bf::backend model : tests::both_backends) {
        bf::runtime rt{small_runtime(1)};
        rt.run([&] {
            auto waits = bf::spawn(model, [&]() -> bf::task<> { (void)co_await pair.far.receive(); });
            tests::let_others_park();
            waits.cancel();
            CHECK_FALSE(bf::await(waits.outcome()).has_value());
            CHECK_FALSE(bf::await(bf::timeout(pair.far.receive(), 1ms)).has_value());
            for (int n = 0; n < 500; ++n) {  // Every buffer many times.
                CHECK(bf::await(pair.near.write_all(bytes_of("x"))).has_value());
                CHECK(bf::await(pair.far.receive()).value().size() == 1);
            }
        });
    }
}

TEST_CASE("a_receive_answers_the_systems_code") {
    stream_pair pair = connected_pair();
    bf::runtime rt{small_runtime(1)};
    rt.run([&] {
        CHECK(pair.near.set_linger(0s).has_value());
        pair.near.close();
        CHECK(bf::await(pair.far.receive()).error() == std::errc::connection_reset);
    });
}

TEST_CASE("a_receive_stream_gives_every_byte_once_and_in_order") {
    for (const bf::backend model : tests::both_backends) {
        stream_pair pair = connected_pair();
        bf::runtime rt{small_runtime(2)};
        constexpr std::size_t total = 3'000'000;
        auto sum = rt.spawn(model, [&]() -> bf::task<std::size_t> {
            bf::receive_stream all = pair.far.receive_all();
            std::size_t got = 0;
            for (;;) {
                auto piece = co_await all.next();
                if (!piece || piece->empty()) break;
                for (const std::byte one : piece->bytes())
                    if (one != static_cast<std::byte>(got++ * 7)) co_return 0;
                if (got % 3 == 0) co_await bf::yield_now();
            }
            co_return got;
        });
        rt.run([&] {
            std::vector<std::byte> sent(total);
            for (std::size_t n = 0; n < total; ++n) sent[n] = static_cast<std::byte>(n * 7);
            std::span<const std::byte> left = sent;
            for (std::size_t piece = 1; !left.empty(); piece = piece * 3 % 40'009 + 1) {
                const auto now = left.first(std::min(piece, left.size()));
                if (!bf::await(pair.near.write_all(now))) break;
                left = left.subspan(now.size());
            }
            pair.near.close();
        });
        CHECK(sum.join() == total);
    }
}

TEST_CASE("next_of_a_receive_stream_that_is_given_up_loses_nothing") {
    stream_pair pair = connected_pair();
    bf::runtime rt{small_runtime(1)};
    rt.run([&] {
        bf::receive_stream all = pair.far.receive_all();
        std::string text;
        auto sender = bf::spawn([&]() -> bf::task<> {
            for (char letter = 'a'; letter <= 'z'; ++letter) {
                const std::string one(1, letter);
                (void)co_await pair.near.write_all(bytes_of(one));
                co_await bf::yield_now();
            }
        });
        while (text.size() < 26) {
            auto next = all.next();
            auto turn = bf::yield_now();
            auto first = bf::await(bf::select(next, turn));
            if (first.index() == 0) text += text_of(*std::get<0>(first.value()));
        }
        bf::await(sender);
        CHECK(text == "abcdefghijklmnopqrstuvwxyz");
    });
}

TEST_CASE("a_receive_stream_with_more_than_all_buffers_waiting_goes_on") {
    stream_pair pair = connected_pair();
    bf::runtime rt{small_runtime(1)};
    rt.run([&] {
        bf::receive_stream all = pair.far.receive_all();
        std::vector<bf::received_bytes> kept;
        CHECK_FALSE(bf::await(bf::timeout(all.next(), 1ms)).has_value());
        for (int n = 0; n < 400; ++n) {
            CHECK(bf::await(pair.near.write_all(bytes_of("y"))).has_value());
            tests::let_others_park();
        }
        std::size_t got = 0;
        while (got < 400) {
            kept.push_back(bf::await(all.next()).value());
            got += kept.back().size();
        }
        CHECK(got == 400);
        pair.near.close();
        CHECK(bf::await(all.next()).value().empty());
    });
}

TEST_CASE("connections_that_come_in_are_accepted_ahead_and_none_is_lost") {
    if (!tests::descriptors_suffice(700)) return;
    for (const bf::backend model : tests::both_backends) {
        auto incoming = bf::tcp_listener::bind("127.0.0.1:0").value().incoming();
        const auto at = incoming.local_address().value();
        bf::runtime rt{small_runtime(2)};
        constexpr int clients = 600;
        auto accepting = rt.spawn(model, [&]() -> bf::task<int> {
            int good = 0;
            for (int n = 0; n < clients; ++n) {
                auto stream = co_await incoming.accept();
                if (!stream) continue;
                const auto got = co_await stream->receive();
                if (got && text_of(*got) == "hello") ++good;
            }
            co_return good;
        });
        rt.run([&] {
            for (int n = 0; n < clients; ++n) {
                auto stream = bf::await(bf::tcp_stream::connect(at)).value();
                CHECK(bf::await(stream.write_all(bytes_of("hello"))).has_value());
            }
        });
        CHECK(accepting.join() == clients);
    }
}

TEST_CASE("a_ring_accepts_and_receives_while_nobody_asks") {
    bf::runtime rt{small_runtime(1)};
    if (rt.driver() != bf::driver_kind::uring) return;
    const auto comes_true = [](auto condition) {
        for (int n = 0; n < 10'000 && !condition(); ++n) bf::await(bf::sleep_for(1ms));
        return condition();
    };
    rt.run([&] {
        auto incoming = bf::tcp_listener::bind("127.0.0.1:0").value().incoming();
        const auto at = incoming.local_address().value();
        auto client = bf::await(bf::tcp_stream::connect(at)).value();
        auto served = bf::await(incoming.accept()).value();
        const std::size_t before = tests::open_descriptors("socket:");
        std::vector<bf::tcp_stream> others;
        for (int n = 0; n < 3; ++n) others.push_back(bf::await(bf::tcp_stream::connect(at)).value());
        CHECK(comes_true([&] { return tests::open_descriptors("socket:") == before + 6; }));

        auto all = served.receive_all();
        CHECK(bf::await(client.write_all(bytes_of("asked for"))).has_value());
        CHECK(text_of(bf::await(all.next()).value()) == "asked for");
        CHECK(bf::await(client.write_all(bytes_of("not asked for"))).has_value());
        CHECK(comes_true([&] { return tests::waiting_bytes(served.descriptor()) == 0; }));
        CHECK(text_of(bf::await(all.next()).value()) == "not asked for");
    });
}

TEST_CASE("connections_that_nobody_took_are_closed") {
    auto incoming = std::optional{bf::tcp_listener::bind("127.0.0.1:0").value().incoming()};
    const auto at = incoming->local_address().value();
    bf::runtime rt{small_runtime(1)};
    rt.run([&] {
        CHECK_FALSE(bf::await(bf::timeout(incoming->accept(), 1ms)).has_value());
        std::vector<bf::tcp_stream> clients;
        for (int n = 0; n < 20; ++n) clients.push_back(bf::await(bf::tcp_stream::connect(at)).value());
        tests::let_others_park();
        incoming.reset();
        for (bf::tcp_stream& one : clients) {
            std::array<std::byte, 1> buffer{};
            const auto got = bf::await(one.read(buffer));
            CHECK((!got || *got == 0));
        }
    });
}

TEST_CASE("what_waits_for_many_may_outlive_its_runtime_and_go_on_in_another") {
    auto incoming = bf::tcp_listener::bind("127.0.0.1:0").value().incoming();
    const auto at = incoming.local_address().value();
    for (int round = 0; round < 3; ++round) {
        bf::runtime rt{small_runtime(2)};
        rt.run([&] {
            CHECK_FALSE(bf::await(bf::timeout(incoming.accept(), 1ms)).has_value());
            auto stream = bf::await(bf::tcp_stream::connect(at)).value();
            CHECK(bf::await(incoming.accept()).has_value());
        });
    }
    const bf::tcp_stream stream = bf::block_on(bf::tcp_stream::connect(at)).value();
    CHECK(bf::block_on(incoming.accept()).has_value());
}

TEST_CASE("a_plain_thread_that_goes_away_leaves_nothing_armed_that_others_wait_for") {
    auto incoming = bf::tcp_listener::bind("127.0.0.1:0").value().incoming();
    const auto at = incoming.local_address().value();
    CHECK_FALSE(bf::block_on(bf::timeout(incoming.accept(), 1ms)).has_value());
    bf::runtime rt{small_runtime(1)};
    auto accepting = rt.spawn(bf::backend::stackful, [&] { return bf::await(incoming.accept()).has_value(); });
    std::thread elsewhere{[&] { (void)bf::block_on(bf::tcp_stream::connect(at)).value(); }};
    elsewhere.join();
    CHECK(accepting.join());
}

TEST_CASE("one_wait_for_many_that_is_given_up_forgets_no_other") {
    auto incoming = bf::tcp_listener::bind("127.0.0.1:0").value().incoming();
    const auto at = incoming.local_address().value();
    bf::runtime rt{small_runtime(1)};
    rt.run([&] {
        auto accepting = bf::spawn([&]() -> bf::task<bool> {
            auto got = co_await incoming.accept();
            co_return got.has_value();
        });
        tests::let_others_park();
        const auto second = bf::await(bf::timeout(incoming.accept(), 1ms));
        CHECK((!second || second->error() == std::errc::device_or_resource_busy));
        auto stream = bf::await(bf::tcp_stream::connect(at)).value();
        CHECK(bf::await(accepting));
    });
}

TEST_CASE("incoming_connections_that_were_moved_from_abort") {
    tests::check_aborts("were used after they were moved from", [] {
        auto incoming = bf::tcp_listener::bind("127.0.0.1:0").value().incoming();
        const auto moved = std::move(incoming);
        (void)incoming.accept();
    });
}
