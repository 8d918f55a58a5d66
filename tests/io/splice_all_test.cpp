// Sockets to sockets through a pipe in the kernel: counts, sides, limits, loss, and ends at every moment.
#include "descriptors.hpp"
#include "io/pattern.hpp"
#include "io/relay_scene.hpp"
#include "io/waiting_bytes.hpp"
#include "last_words.hpp"
#include "one_worker.hpp"
#include "simulated_runtime.hpp"
#include <bifilar/drivers/contract/detail/driver.hpp>
#include <bifilar/io/net/splice_bidirectional.hpp>

#include <thread>

namespace bf = bifilar;
using namespace std::chrono_literals;
using tests::consume;
using tests::pattern;
using tests::produce;
using tests::relay;
using tests::relay_scene;
using tests::through;

static_assert(bf::cancellable_future<bf::splice_all_future>);
static_assert(bf::cancellable_future<bf::splice_bidirectional_future>);

TEST_CASE("splice_all_passes_everything_on_through_pipes_of_any_size") {
    const std::size_t before = tests::open_descriptors();
    for (const bf::backend on : tests::both_backends) {
        bf::runtime rt{both::small_runtime()};
        rt.run([on] {
            for (const std::size_t bytes : {0, 1, 4'095, 600'000}) {
                const std::string text = pattern(bytes);
                for (const std::size_t pipe_bytes : {1, 65'536, 262'144}) {
                    INFO("bytes " << bytes << ", pipe " << pipe_bytes << ", " << bf::to_string(on));
                    relay_scene local;
                    local.passes(on, text, pipe_bytes, 100'000);
                    relay_scene tcp{bf::await(tests::tcp_pair()), bf::await(tests::tcp_pair())};
                    tcp.passes(on, text, pipe_bytes, 100'000);
                }
            }
            // More than the kernel gives: it goes on with less.
            relay_scene greedy;
            greedy.passes(on, pattern(200'000), SIZE_MAX, 100'000);
        });
    }
    CHECK(tests::open_descriptors() == before);
}

TEST_CASE("splice_all_keeps_pace_with_a_slow_reader") {
    for (const bf::backend on : tests::both_backends) {
        bf::runtime rt{both::small_runtime()};
        rt.run([on] {
            relay_scene scene;  // Not over TCP, which waits for a fifth of a second between such small windows.
            (void)scene.right.near.set_send_buffer(4'096);
            scene.passes(on, pattern(400'000), 65'536, 999);
        });
    }
}

TEST_CASE("splice_all_stops_at_its_limit") {
    tests::on_one_worker([](bf::backend) {
        for (const std::uint64_t limit : {0, 3, 6, 9}) {
            relay_scene scene;
            CHECK(bf::await(scene.left.near.write_all(tests::bytes_of("abcdef"))).value() == 6);
            (void)scene.left.near.shutdown_write();
            bf::splice_options options;
            options.limit = limit;
            const bf::copy_result result = bf::await(bf::splice_all(scene.left.far, scene.right.near, options));
            CHECK(result);
            const std::size_t expected = std::min<std::size_t>(limit, 6);
            CHECK(result.bytes == expected);
            CHECK(tests::waiting_bytes(scene.right.far.descriptor()) == expected);
            CHECK(tests::waiting_bytes(scene.left.far.descriptor()) == 6 - expected);
        }
        relay_scene scene;
        CHECK_THROWS_WITH(bf::splice_all(scene.left.far, scene.right.near, through(0)), Catch::Contains("pipe_bytes"));
    });
}

TEST_CASE("splice_all_tells_whose_failure_it_was") {
    tests::on_one_worker([](bf::backend) {
        const std::size_t before = tests::open_descriptors();
        {
            relay_scene scene;  // A local stream that is closed with bytes unread resets its peer.
            CHECK(bf::await(scene.left.far.write_all(tests::bytes_of("unread"))).value() == 6);
            scene.left.near.close();
            const bf::copy_result result = bf::await(bf::splice_all(scene.left.far, scene.right.near));
            CHECK(result.error == std::errc::connection_reset);
            CHECK(result.side == bf::copy_side::reader);
        }
        {
            relay_scene scene;
            CHECK(bf::await(scene.left.near.write_all(tests::bytes_of("nobody reads"))).value() == 12);
            scene.right.far.close();
            const bf::copy_result result = bf::await(bf::splice_all(scene.left.far, scene.right.near));
            CHECK(result.error == std::errc::broken_pipe);
            CHECK(result.side == bf::copy_side::writer);
            CHECK(result.bytes == 0);
        }
        CHECK(tests::open_descriptors() == before);
    });
}

TEST_CASE("splice_all_without_descriptors_reads_nothing") {
    tests::on_one_worker([](bf::backend) {
        relay_scene scene;
        CHECK(bf::await(scene.left.near.write_all(tests::bytes_of("stays"))).value() == 5);
        {
            const tests::no_descriptors_left none;
            const bf::copy_result result = bf::await(bf::splice_all(scene.left.far, scene.right.near));
            CHECK(result.error == std::errc::too_many_files_open);
            CHECK(result.side == bf::copy_side::none);
        }
        CHECK(tests::waiting_bytes(scene.left.far.descriptor()) == 5);
    });
}

TEST_CASE("splice_all_is_cancelled_while_it_waits_for_bytes_and_loses_none") {
    tests::on_one_worker([](bf::backend model) {
        const std::size_t before = tests::open_descriptors();
        for (const bool started : {false, true}) {
            relay_scene scene;
            auto relays = bf::spawn(model, relay, std::ref(scene.left.far), std::ref(scene.right.near), through(4'096));
            if (started) tests::let_others_park();
            relays.cancel();
            CHECK_FALSE(bf::await(relays.outcome()).has_value());
            CHECK(bf::await(scene.left.near.write_all(tests::bytes_of("later"))).value() == 5);
            CHECK(tests::waiting_bytes(scene.left.far.descriptor()) == 5);
            CHECK(tests::waiting_bytes(scene.right.far.descriptor()) == 0);
        }
        CHECK(tests::open_descriptors() == before);
    });
}

namespace {

/// A relay whose last reader does not read: what goes in is stuck in the end.
struct stuck_relay {
    // Sends until nothing goes on any more; `turn` lets the relay run.
    template <class Turn>
    void fill(Turn turn) {
        const std::array<char, 4'096> page{};
        for (int idle = 0; idle < 3; turn()) {
            const ssize_t took = ::send(left.far, page.data(), page.size(), MSG_DONTWAIT);
            if (took > 0)
                sent += static_cast<std::size_t>(took);
            else
                ++idle;
        }
    }
    // The relay is over. At most a pipe of 4,096 bytes is lost.
    void check_loss() {
        const std::size_t arrived = tests::bare_stream_pair::drain(right.far);
        const std::size_t left_over = tests::bare_stream_pair::drain(left.near.descriptor());
        CHECK(arrived > 0);
        CHECK(arrived + left_over <= sent);
        CHECK(arrived + left_over + 4'096 >= sent);
    }

    tests::bare_stream_pair left;
    tests::bare_stream_pair right;
    std::size_t sent = 0;
};

}  // namespace

TEST_CASE("splice_all_is_cancelled_while_its_writer_waits_and_loses_a_pipe_at_most") {
    tests::on_one_worker([](bf::backend model) {
        const std::size_t before = tests::open_descriptors();
        {
            stuck_relay scene;
            auto relays =
                bf::spawn(model, relay, std::ref(scene.left.near), std::ref(scene.right.near), through(4'096));
            scene.fill(tests::let_others_park);
            CHECK_FALSE(relays.done());
            relays.cancel();
            CHECK_FALSE(bf::await(relays.outcome()).has_value());
            scene.check_loss();
        }
        CHECK(tests::open_descriptors() == before);
    });
}

TEST_CASE("splice_all_is_destroyed_while_its_writer_waits") {
    tests::on_one_worker([](bf::backend) {
        const std::size_t before = tests::open_descriptors();
        {
            stuck_relay scene;
            {
                auto copies = bf::splice_all(scene.left.near, scene.right.near, through(4'096));
                scene.fill([&] {
                    auto turn = bf::yield_now();
                    (void)bf::await(bf::select(copies, turn));
                    tests::let_others_park();
                });
            }
            scene.check_loss();
        }
        CHECK(tests::open_descriptors() == before);
    });
}

TEST_CASE("splice_all_is_destroyed_in_flight") {
    tests::on_one_worker([](bf::backend) {
        const std::size_t before = tests::open_descriptors();
        {
            relay_scene scene;
            const std::uint64_t destroyed = bf::drivers::destroyed_in_flight();
            {
                auto call = bf::splice_all(scene.left.far, scene.right.near);
                auto turn = bf::yield_now();
                (void)bf::await(bf::select(call, turn));
            }
            CHECK(bf::drivers::destroyed_in_flight() == destroyed + 1);
            CHECK(bf::await(scene.left.near.write_all(tests::bytes_of("later"))).value() == 5);
            CHECK(tests::waiting_bytes(scene.left.far.descriptor()) == 5);
        }
        CHECK(tests::open_descriptors() == before);
    });
}

TEST_CASE("a_plain_thread_splices") {
    relay_scene scene;
    const std::string text = pattern(500'000);
    std::thread sends{[&] { bf::block_on(produce(scene.left.near, text)); }};
    std::string arrived;
    std::thread receives{[&] { arrived = bf::block_on(consume(scene.right.far, 10'000)); }};
    CHECK(bf::block_on(bf::splice_all(scene.left.far, scene.right.near)).bytes == text.size());
    (void)scene.right.near.shutdown_write();
    sends.join();
    receives.join();
    const bool same = arrived == text;
    CHECK(same);
}

TEST_CASE("splicing_a_closed_stream_is_a_misuse") {
    tests::check_aborts("used after close()", [] {
        relay_scene scene;
        scene.left.far.close();
        (void)bf::splice_all(scene.left.far, scene.right.near);
    });
}

TEST_CASE("spliced_both_ways_each_end_is_passed_on") {
    const std::size_t before = tests::open_descriptors();
    for (const bf::backend on : tests::both_backends) {
        bf::runtime rt{both::small_runtime()};
        rt.run([on] {
            struct body {
                static bf::task<bf::bidirectional_copy_result> proxy(bf::tcp_stream& a, bf::tcp_stream& b) {
                    bf::bidirectional_splice_options options;
                    options.idle_timeout = 1h;
                    co_return co_await bf::splice_bidirectional(a, b, options);
                }
            };
            relay_scene scene{bf::await(tests::tcp_pair()), bf::await(tests::tcp_pair())};
            const std::string there = pattern(700'000);
            const std::string back = pattern(300'000);
            auto proxy = bf::spawn(on, body::proxy, std::ref(scene.left.far), std::ref(scene.right.near));
            auto sends = bf::spawn(on, produce, std::ref(scene.left.near), std::string_view{there});
            bool same = bf::await(consume(scene.right.far, 100'000)) == there;
            CHECK(same);
            bf::await(std::move(sends));
            // One direction has ended; the other goes on.
            auto answers = bf::spawn(on, produce, std::ref(scene.right.far), std::string_view{back});
            same = bf::await(consume(scene.left.near, 100'000)) == back;
            CHECK(same);
            bf::await(std::move(answers));
            const bf::bidirectional_copy_result result = bf::await(std::move(proxy));
            CHECK(result);
            CHECK(result.a_to_b.bytes == there.size());
            CHECK(result.b_to_a.bytes == back.size());
        });
    }
    CHECK(tests::open_descriptors() == before);
}

TEST_CASE("spliced_both_ways_a_failure_or_silence_ends_both") {
    tests::on_simulated_time(
        bf::simulated_clock::mode::automatic, [](bf::simulated_clock&, bf::runtime& rt, bf::backend on) {
            struct body {
                static bf::task<> run() {
                    relay_scene silent;
                    bf::bidirectional_splice_options options;
                    options.idle_timeout = 10s;
                    const auto idle = co_await bf::splice_bidirectional(silent.left.far, silent.right.near, options);
                    CHECK(idle.a_to_b.error == std::errc::timed_out);
                    CHECK(idle.b_to_a.error == std::errc::timed_out);
                    relay_scene broken;
                    broken.right.far.close();
                    (void)co_await broken.left.near.write_all(tests::bytes_of("nobody reads this"));
                    const auto failed = co_await bf::splice_bidirectional(broken.left.far, broken.right.near, options);
                    CHECK(failed.a_to_b.error == std::errc::broken_pipe);
                    CHECK(failed.a_to_b.side == bf::copy_side::writer);
                    options.idle_timeout = 0s;
                    CHECK_THROWS_WITH(bf::splice_bidirectional(broken.left.far, broken.right.near, options),
                                      Catch::Contains("idle_timeout"));
                }
            };
            rt.spawn(on, body::run).join();
        });
}

TEST_CASE("spliced_both_ways_is_cancelled_at_each_step") {
    tests::on_one_worker([](bf::backend model) {
        const std::size_t before = tests::open_descriptors();
        for (int round = 0; round < 20; ++round) {
            relay_scene scene;
            struct body {
                static bf::task<> proxy(bf::tcp_stream& a, bf::tcp_stream& b) {
                    (void)co_await bf::splice_bidirectional(a, b);
                }
            };
            CHECK(bf::await(scene.left.near.write_all(tests::bytes_of("some"))).value() == 4);
            auto proxy = bf::spawn(model, body::proxy, std::ref(scene.left.far), std::ref(scene.right.near));
            for (int n = 0; n < round; ++n) bf::this_fiber::yield();
            proxy.cancel();
            CHECK_FALSE(bf::await(proxy.outcome()).has_value());
            // The streams work still.
            CHECK(bf::await(scene.right.near.write_all(tests::bytes_of("x"))).value() == 1);
            CHECK(tests::waiting_bytes(scene.right.far.descriptor()) >= 1);
        }
        CHECK(tests::open_descriptors() == before);
    });
}
