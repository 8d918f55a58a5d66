// The simulated kernel: the same seed gives the same run, time is simulated time, failures come as they were planned.
#include "io/stream_scene.hpp"
#include "last_words.hpp"
#include "simulated_runtime.hpp"
#include "uninterrupted.hpp"

#include <string>
#include <thread>

namespace bf = bifilar;
using bf::op_kind;
using namespace std::chrono_literals;

namespace {

bf::runtime_options simulated_by(bf::simulated_kernel& kernel, unsigned workers = 1) {
    bf::runtime_options options = both::small_runtime(workers);
    options.driver = bf::driver_kind::simulated;
    options.simulation = &kernel;
    return options;
}

bf::simulated_kernel_options restless(std::uint64_t seed) {
    bf::simulated_kernel_options options;
    options.seed = seed;
    options.max_delay = 5ms;
    options.would_wait = 0.3;
    options.short_transfers = 0.5;
    options.interrupts = 0.1;
    options.late_cancels = 0.5;
    options.cancelled_successes = 0.5;
    options.reorder = true;
    return options;
}

bf::task<> echo(tests::bare_stream_pair& ends, std::size_t bytes) {
    bf::tcp_stream far{std::exchange(ends.far, -1)};
    std::vector<std::byte> buffer(97);
    for (std::size_t left = bytes; left != 0;) {
        const auto got = co_await far.read(buffer);
        left -= got.value();
        (void)co_await far.write_all(std::span{buffer}.first(got.value()));
    }
}

bf::task<> client(tests::bare_stream_pair& ends, std::size_t bytes, std::string& order, char name) {
    std::vector<std::byte> sent(bytes, static_cast<std::byte>(name));
    std::vector<std::byte> back(bytes);
    auto writing =
        bf::spawn([](tests::bare_stream_pair& to,
                     std::span<const std::byte> data) -> bf::task<> { (void)co_await to.near.write_all(data); },
                  std::ref(ends), std::span<const std::byte>{sent});
    const auto got = co_await ends.near.read_exact(back);
    CHECK(got.value_or(0) == bytes);
    CHECK(back == sent);
    co_await writing;
    std::array<std::byte, 1> none{};
    const auto late = co_await bf::timeout(ends.near.read(none), 3ms);
    CHECK((!late.has_value() || **late == 0));
    order += name;
}

struct run_result {
    bf::simulated_kernel_counts counts;
    std::string order;
    std::chrono::nanoseconds took;
};

// Eight pairs of tasks that echo over local streams, on one worker and simulated time.
run_result run_once(std::uint64_t seed) {
    bf::simulated_kernel kernel{restless(seed)};
    bf::simulated_clock clock{tests::clock_mode::automatic, tests::noon};
    run_result result;
    {
        bf::runtime_options options = simulated_by(kernel);
        options.clock = &clock;
        bf::runtime rt{options};
        rt.run(
            [](std::string& order) -> bf::task<> {
                std::array<tests::bare_stream_pair, 8> ends;
                std::vector<bf::join_handle<void>> all;
                for (std::size_t n = 0; n < ends.size(); ++n) {
                    all.push_back(bf::spawn(echo, std::ref(ends[n]), std::size_t{500}));
                    all.push_back(bf::spawn(client, std::ref(ends[n]), std::size_t{500}, std::ref(order),
                                            static_cast<char>('a' + n)));
                }
                for (auto& one : all) co_await one;
            },
            std::ref(result.order));
        result.took = clock.now() - tests::noon;
    }
    result.counts = kernel.counts();
    return result;
}

}  // namespace

TEST_CASE("the_same_seed_gives_the_same_order_of_completions") {
    const run_result first = run_once(7);
    for (int again = 0; again < 3; ++again) {
        const run_result next = run_once(7);
        CHECK(next.counts.trace == first.counts.trace);
        CHECK(next.counts.submitted == first.counts.submitted);
        CHECK(next.order == first.order);
        CHECK(next.took == first.took);
    }
    CHECK(first.counts.cut > 0);
    CHECK(first.counts.interrupted > 0);
    CHECK(first.counts.bytes_in == first.counts.bytes_out);
    CHECK(first.counts.bytes_in == 8 * 1'000);
    CHECK(first.counts.submitted == first.counts.completed + first.counts.cancelled);
    CHECK(run_once(8).counts.trace != first.counts.trace);
}

TEST_CASE("a_completion_takes_simulated_time_and_races_timers_in_it") {
    bf::simulated_kernel_options slow;
    slow.least_delay = slow.max_delay = 1h;
    slow.would_wait = 1;
    bf::simulated_kernel kernel{slow};
    bf::simulated_clock clock{tests::clock_mode::automatic, tests::noon};
    bf::runtime_options options = simulated_by(kernel, 2);
    options.clock = &clock;
    bf::runtime rt{options};
    rt.run([&clock] {
        tests::bare_stream_pair ends;
        REQUIRE(::send(ends.far, "1", 1, 0) == 1);
        std::array<std::byte, 1> one{};
        CHECK_FALSE(bf::await(bf::timeout(ends.near.read(one), 59min)).has_value());
        CHECK(clock.now() - tests::noon == 59min);
        CHECK(bf::await(bf::timeout(ends.near.read(one), 61min)).has_value());
        CHECK(clock.now() - tests::noon == 59min + 1h);
    });
}

// Such operations were waited for without an end.
TEST_CASE("operations_end_whose_delays_add_up_to_more_than_all_time") {
    bf::simulated_kernel_options slow;
    slow.least_delay = slow.max_delay = std::chrono::nanoseconds::max() / 2;
    slow.would_wait = 1;
    bf::simulated_kernel kernel{slow};
    bf::runtime rt{simulated_by(kernel)};
    rt.run([] {
        tests::bare_stream_pair ends;
        REQUIRE(::send(ends.far, "12345", 5, 0) == 5);
        std::array<std::byte, 1> one{};
        for (int reads = 0; reads < 5; ++reads)
            CHECK(bf::await(bf::timeout(ends.near.read(one), 20s)).has_value());
    });
}

TEST_CASE("planned_failures_come_after_so_many_calls_and_so_many_times") {
    bf::simulated_kernel kernel;
    bf::runtime rt{simulated_by(kernel)};
    rt.run([&kernel] {
        tests::bare_stream_pair ends;
        const std::array<std::byte, 1> one{};
        kernel.fail(op_kind::send, ENOBUFS, 2, 2);
        kernel.fail(op_kind::send, EPIPE);
        std::string errors;
        for (int n = 0; n < 6; ++n) {
            const auto wrote = bf::await(ends.near.write(one));
            errors += std::to_string(wrote ? 0 : wrote.error().value()) + ' ';
        }
        CHECK(errors == "0 0 105 105 32 0 ");
        kernel.fail_randomly(op_kind::send, ENOMEM, 1);
        CHECK(bf::await(ends.near.write(one)).error() == std::errc::not_enough_memory);
        kernel.heal();
        CHECK(bf::await(ends.near.write(one)).has_value());
    });
    CHECK(kernel.counts().faults == 4);
}

TEST_CASE("bytes_are_counted_whichever_operation_moves_them") {
    bf::simulated_kernel kernel;
    bf::runtime rt{simulated_by(kernel)};
    rt.run([&kernel] {
        bf::simulated_kernel_counts before;
        const auto check = [&](const char* what, std::uint64_t in, std::uint64_t out) {
            INFO(what);
            const bf::simulated_kernel_counts now = kernel.counts();
            CHECK(now.bytes_in - before.bytes_in == in);
            CHECK(now.bytes_out - before.bytes_out == out);
            before = now;
        };
        std::array<std::byte, 8> bytes{};
        tests::bare_stream_pair ends;
        REQUIRE(::send(ends.far, "12345", 5, 0) == 5);
        CHECK(bf::await(ends.near.peek(bytes)).value() == 5);
        check("a peek", 0, 0);
        CHECK(bf::await(ends.near.receive()).value().size() == 5);
        check("a receive", 5, 0);
        auto input = bf::input_stream::duplicate(ends.near.descriptor()).value();
        auto output = bf::output_stream::duplicate(ends.far).value();
        CHECK(bf::await(output.write_all(bytes)).value() == 8);
        check("a write to a shared descriptor", 0, 8);
        CHECK(bf::await(input.read_exact(bytes)).value() == 8);
        check("a read of a shared descriptor", 8, 0);
        auto socket = bf::udp_socket::bind("127.0.0.1:0").value();
        REQUIRE(socket.connect(socket.local_address().value()).has_value());
        bf::datagram_batch batch{3, 8};
        for (const std::size_t size : {2, 0, 7}) REQUIRE(batch.add(std::span{bytes}.first(size)));
        CHECK(bf::await(socket.send_many(batch)).value() == 3);
        check("a batch that is sent", 0, 9);
        for (std::size_t got = 0; got < 3;) got += bf::await(socket.recv_many(batch)).value();
        check("a batch that is received", 9, 0);
    });
}

TEST_CASE("a_receive_and_transfers_of_shared_descriptors_are_cut") {
    bf::simulated_kernel_options options;
    options.short_transfers = 1;
    bf::simulated_kernel kernel{options};
    bf::runtime rt{simulated_by(kernel)};
    rt.run([] {
        constexpr std::size_t bytes = 10'000;
        const std::vector<std::byte> sent(bytes);
        std::vector<std::byte> got(bytes);
        tests::bare_stream_pair ends;
        std::size_t pieces = 0;
        constexpr std::size_t rounds = 10;
        for (std::size_t round = 0; round < rounds; ++round) {
            REQUIRE(::send(ends.far, sent.data(), bytes, 0) == ssize_t{bytes});
            for (std::size_t sum = 0; sum < bytes; ++pieces) sum += bf::await(ends.near.receive()).value().size();
        }
        CHECK(pieces > rounds);
        auto input = bf::input_stream::duplicate(ends.near.descriptor()).value();
        auto output = bf::output_stream::duplicate(ends.far).value();
        CHECK(bf::await(output.write(sent)).value() < bytes);
        REQUIRE(::send(ends.far, sent.data(), bytes, 0) == ssize_t{bytes});
        CHECK(bf::await(input.read(got)).value() < bytes);
    });
    CHECK(kernel.counts().cut >= 3);
}

TEST_CASE("of_two_reads_that_become_ready_by_one_byte_the_second_waits_on") {
    bf::simulated_kernel kernel;
    bf::runtime rt{simulated_by(kernel)};
    rt.run([] {
        tests::bare_stream_pair ends;
        auto one = bf::input_stream::duplicate(ends.near.descriptor()).value();
        auto other = bf::input_stream::duplicate(ends.near.descriptor()).value();
        std::array<std::byte, 2> bytes{};
        auto first = bf::spawn(one.read(std::span{bytes}.first(1)));
        auto second = bf::spawn(other.read(std::span{bytes}.last(1)));
        for (int n = 0; n < 2; ++n) {
            tests::let_others_park();
            REQUIRE(::send(ends.far, "1", 1, 0) == 1);
        }
        CHECK(bf::await(first).value_or(0) == 1);
        CHECK(bf::await(second).value_or(0) == 1);
    });
}

TEST_CASE("a_cancelled_operation_may_succeed_late_and_loses_no_descriptor") {
    const std::size_t before = tests::open_descriptors();
    {
        bf::simulated_kernel_options options;
        options.late_cancels = options.cancelled_successes = 1;
        options.max_delay = 1ms;
        bf::simulated_kernel kernel{options};
        bf::runtime rt{simulated_by(kernel)};
        rt.run([&kernel] {
            auto listener = bf::tcp_listener::bind("127.0.0.1:0").value();
            auto accepting =
                bf::spawn([](bf::tcp_listener& on) -> bf::task<> { (void)co_await on.accept(); }, std::ref(listener));
            tests::let_others_park();
            accepting.cancel();
            const auto to = listener.local_address().value();
            const int client = ::socket(to.family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
            REQUIRE(tests::connect_uninterrupted(client, to) == 0);
            (void)bf::await(accepting.outcome());
            ::close(client);
            CHECK(kernel.counts().completed_though_cancelled + kernel.counts().cancelled == 1);
        });
    }
    CHECK(tests::open_descriptors() == before);
}

TEST_CASE("other_threads_cancel_and_destroy_operations_of_a_simulated_driver") {
    bf::simulated_kernel kernel{restless(3)};
    bf::runtime rt{simulated_by(kernel, 4)};
    for (int round = 0; round < 50; ++round) {
        tests::bare_stream_pair ends;
        auto reading = rt.spawn(
            [](tests::bare_stream_pair& from) -> bf::task<> {
                std::array<std::byte, 1> one{};
                (void)co_await from.near.read(one);
            },
            std::ref(ends));
        if (round % 2 == 0) std::this_thread::yield();
        reading.cancel();
        CHECK_FALSE(bf::block_on(reading.outcome()).has_value());
    }
    CHECK(kernel.counts().completed == 0);
}

TEST_CASE("a_runtime_that_ends_brings_operations_to_rest_that_end_late") {
    for (const bool with_clock : {true, false}) {
        bf::simulated_kernel_options late;
        late.least_delay = late.max_delay = 1h;
        late.late_cancels = 1;
        bf::simulated_kernel kernel{late};
        bf::simulated_clock clock{tests::clock_mode::automatic, tests::noon};
        std::array<tests::bare_stream_pair, 20> ends;
        {
            bf::runtime_options options = simulated_by(kernel, 2);
            if (with_clock) options.clock = &clock;
            bf::runtime rt{options};
            for (tests::bare_stream_pair& each : ends)
                rt.spawn(
                      [](tests::bare_stream_pair& from) -> bf::task<> {
                          std::array<std::byte, 1> one{};
                          (void)co_await from.near.read(one);
                      },
                      std::ref(each))
                    .detach();
            rt.run([] { tests::let_others_park(); });
        }
        CHECK(kernel.counts().submitted == kernel.counts().cancelled);
        CHECK(clock.now() - tests::noon <= 1h);
    }
}

TEST_CASE("a_simulated_kernel_refuses_what_makes_no_sense") {
    using Catch::Contains;
    bf::simulated_kernel_options wrong;
    wrong.short_transfers = 1.5;
    CHECK_THROWS_WITH(bf::simulated_kernel{wrong}, Contains("from 0 to 1"));
    wrong = {};
    wrong.least_delay = 1ms;
    CHECK_THROWS_WITH(bf::simulated_kernel{wrong}, Contains("the least first"));
    wrong = {};
    wrong.least_cut_bytes = 0;
    CHECK_THROWS_WITH(bf::simulated_kernel{wrong}, Contains("give 1 or more"));
    wrong = {};
    wrong.interrupts = 1;
    CHECK_THROWS_WITH(bf::simulated_kernel{wrong}, Contains("give less"));
    bf::simulated_kernel kernel;
    for (const int error : {0, -1, EAGAIN, EINTR, EINPROGRESS})
        CHECK_THROWS_AS(kernel.fail(op_kind::recv, error), std::invalid_argument);
    CHECK_THROWS_AS(kernel.fail_randomly(op_kind::recv, EIO, 0), std::invalid_argument);
    CHECK_THROWS_AS(kernel.fail(op_kind::recv, EIO, 0, 0), std::invalid_argument);
    bf::runtime_options options = simulated_by(kernel);
    options.driver = bf::driver_kind::epoll;
    CHECK_THROWS_WITH(bf::runtime{options}, Contains("driver_kind::simulated"));
    CHECK(bf::parse_driver("simulated") == bf::driver_kind::simulated);
    CHECK(bf::to_string(bf::driver_kind::simulated) == "simulated");
    if constexpr (tests::children_have_threads)
        tests::check_aborts("declare it before the runtime", [] {
            auto gone = std::make_unique<bf::simulated_kernel>();
            bf::runtime rt{simulated_by(*gone)};
            gone.reset();
        });
}
