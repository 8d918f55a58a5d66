// Bytes in lent buffers: what arrives, how many may be out, and that all come back.
#include "one_worker.hpp"

#include <atomic>
#include <cstring>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <vector>

using namespace both;
using namespace std::chrono_literals;

namespace {

std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span{text}); }

std::string text_of(const bf::received_bytes& got) {
    const std::span<const std::byte> bytes = got.bytes();
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

struct stream_pair {
    bf::tcp_stream near;
    bf::tcp_stream far;
};

stream_pair connected_pair() {
    auto listener = bf::tcp_listener::bind("127.0.0.1:0").value();
    bf::runtime rt{small_runtime(1)};
    return rt.run([&] {
        auto connecting = bf::spawn(bf::tcp_stream::connect(listener.local_address().value()));
        auto far = bf::await(listener.accept()).value();
        return stream_pair{bf::await(connecting).value(), std::move(far)};
    });
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
