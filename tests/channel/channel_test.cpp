// The contract of channel: try_ and awaiting operations, order, capacity, close, and what a cancelled peer leaves.
// How the peers of both models and plain threads meet is at the end, with a count of every message.
#include "both/in_each_model.hpp"
#include "seed.hpp"
#include <bifilar/base/random.hpp>
#include <bifilar/base/sanitizer.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <numeric>
#include <optional>
#include <thread>
#include <vector>

using namespace both;

namespace {

constexpr bf::backend backends[] = {bf::backend::stackless, bf::backend::stackful};

using values = std::vector<int>;

bf::task<bool> send_one(bf::channel<int>& to, int value) {
    const auto sent = co_await to.send(value);
    co_return sent.has_value();
}
bf::task<int> receive_one(bf::channel<int>& from) { co_return (co_await from.recv()).value_or(-1); }

// Tasks of one worker run until they park before the yielding task runs again.
void let_others_park() {
    for (int turn = 0; turn < 3; ++turn) bf::this_fiber::yield();
}

// Counts its living values; a moved-from one is none.
class tracked {
public:
    explicit tracked(std::atomic<int>& alive) noexcept : alive_{&alive} { ++*alive_; }
    tracked(tracked&& other) noexcept : alive_{std::exchange(other.alive_, nullptr)} {}
    tracked& operator=(tracked&&) = delete;
    ~tracked() {
        if (alive_ != nullptr) --*alive_;
    }

private:
    std::atomic<int>* alive_;
};

// Runs `body(model)` as a fiber of a runtime with one worker, once per backend of the tasks it spawns.
template <class Body>
void on_one_worker(Body body) {
    for (const bf::backend model : backends) {
        INFO("model: " << (model == bf::backend::stackless ? "stackless" : "stackful"));
        bf::runtime rt{small_runtime(1)};
        rt.run(body, model);
    }
}

}  // namespace

TEST_CASE("a_channel_needs_room_for_one") {
    CHECK_THROWS_AS(bf::channel<int>{0}, std::invalid_argument);
    CHECK_THROWS_WITH(bf::channel<int>{0}, Catch::Contains("0") && Catch::Contains("at least 1"));
    CHECK(bf::channel<int>{7}.capacity() == 7);
}

TEST_CASE("try_send_and_try_recv_keep_order_and_capacity") {
    for (const std::uint32_t capacity : {1U, 2U, 3U, 64U}) {
        bf::channel<int> channel{capacity};
        int next_in = 0;
        int next_out = 0;
        bf::base::random random{capacity};
        bool right = true;
        for (int step = 0; step < 2'000; ++step) {
            const auto held = static_cast<std::uint32_t>(next_in - next_out);
            if (random.below(2) == 0) {
                auto sent = channel.try_send(next_in);
                right &= sent.has_value() == (held < capacity);
                if (sent)
                    ++next_in;
                else
                    right &= sent.error().is_full() && !sent.error().is_closed() && sent.error().take() == next_in;
            } else {
                const auto got = channel.try_recv();
                right &= got.has_value() == (held > 0);
                if (got)
                    right &= *got == next_out++;
                else
                    right &= got.error() == bf::try_recv_error::empty;
            }
            right &= channel.len() == static_cast<std::uint32_t>(next_in - next_out);
        }
        CHECK(right);
    }
}

TEST_CASE("awaiting_operations_keep_order") {
    in_each_model([](model m, bf::runtime& rt) {
        bf::channel<int> channel{3};
        for (int n = 0; n < 3; ++n) {
            const auto sent = await_in(m, rt, [&channel, n] { return channel.send(n); });
            CHECK(sent.has_value());
        }
        CHECK(channel.len() == 3);
        CHECK(channel.try_send(3).error().is_full());
        for (int n = 0; n < 3; ++n) {
            const auto got = await_in(m, rt, [&channel] { return channel.recv(); });
            CHECK(got == n);
        }
        CHECK(channel.try_recv().error() == bf::try_recv_error::empty);
    });
}

TEST_CASE("values_that_only_move_arrive_and_come_back") {
    bf::channel<std::unique_ptr<int>> channel{1};
    CHECK(channel.try_send(std::make_unique<int>(1)).has_value());
    auto refused = channel.try_send(std::make_unique<int>(2));
    REQUIRE_FALSE(refused.has_value());
    CHECK(*refused.error().take() == 2);
    auto first = bf::block_on(channel.recv());
    REQUIRE(first.has_value());
    CHECK(**first == 1);
    channel.close();
    auto late = bf::block_on(channel.send(std::make_unique<int>(3)));
    REQUIRE_FALSE(late.has_value());
    CHECK(*late.error().take() == 3);
}

TEST_CASE("what_is_left_in_a_channel_is_destroyed_with_it") {
    std::atomic<int> alive{0};
    {
        bf::channel<tracked> channel{4};
        for (int n = 0; n < 4; ++n) CHECK(channel.try_send(tracked{alive}).has_value());
        (void)channel.try_recv();
        CHECK(channel.try_send(tracked{alive}).has_value());  // The ring has wrapped.
        CHECK_FALSE(channel.try_send(tracked{alive}).has_value());
        CHECK(alive == 4);
        { auto never_polled = channel.send(tracked{alive}); }
        CHECK(alive == 4);
    }
    CHECK(alive == 0);
}

TEST_CASE("parked_senders_are_served_first_come_first_served") {
    on_one_worker([](bf::backend model) {
        bf::channel<int> channel{2};
        std::vector<bf::join_handle<bool>> senders;
        for (int n = 0; n < 6; ++n) {
            senders.push_back(bf::spawn(model, send_one, std::ref(channel), n));
            let_others_park();
        }
        CHECK(channel.len() == 2);
        CHECK(channel.try_send(99).error().is_full());
        values got;
        for (int n = 0; n < 6; ++n) got.push_back(channel.try_recv().value_or(-1));
        CHECK(got == values{0, 1, 2, 3, 4, 5});
        bool all = true;
        for (auto& sender : senders) all &= bf::await(sender);
        CHECK(all);
    });
}

TEST_CASE("the_receivers_that_parked_first_are_served") {
    on_one_worker([](bf::backend model) {
        bf::channel<int> channel{4};
        std::vector<bf::join_handle<int>> receivers;
        for (int n = 0; n < 4; ++n) {
            receivers.push_back(bf::spawn(model, receive_one, std::ref(channel)));
            let_others_park();
        }
        CHECK(channel.try_send(1).has_value());
        CHECK(channel.try_send(2).has_value());
        // What woken receivers have coming nobody takes from them.
        CHECK(channel.try_recv().error() == bf::try_recv_error::empty);
        const int a = bf::await(receivers[0]);
        const int b = bf::await(receivers[1]);
        CHECK(a + b == 3);
        CHECK_FALSE(receivers[2].done());
        CHECK_FALSE(receivers[3].done());
        channel.close();
        const int c = bf::await(receivers[2]);
        const int d = bf::await(receivers[3]);
        CHECK(c == -1);
        CHECK(d == -1);
    });
}

TEST_CASE("a_newcomer_does_not_overtake_a_parked_sender") {
    on_one_worker([](bf::backend model) {
        bf::channel<int> channel{1};
        (void)channel.try_send(0);
        auto parked = bf::spawn(model, send_one, std::ref(channel), 1);
        let_others_park();
        CHECK(channel.try_recv() == 0);
        CHECK(channel.try_send(2).error().is_full());  // The parked sender's value has moved up.
        CHECK(channel.try_recv() == 1);
        CHECK(bf::await(parked));
    });
}

TEST_CASE("close_wakes_everybody_and_gives_values_back") {
    // More waiters than close wakes under one hold of its lock.
    on_one_worker([](bf::backend model) {
        bf::channel<int> full{1};
        bf::channel<int> empty{1};
        (void)full.try_send(-5);
        std::vector<bf::join_handle<int>> senders;
        std::vector<bf::join_handle<int>> receivers;
        const auto returned = [](bf::channel<int>& to, int value) -> bf::task<int> {
            auto sent = co_await to.send(value);
            co_return sent ? -1 : sent.error().take();
        };
        for (int n = 0; n < 200; ++n) {
            senders.push_back(bf::spawn(model, returned, std::ref(full), n));
            receivers.push_back(bf::spawn(model, receive_one, std::ref(empty)));
        }
        let_others_park();
        full.close();
        empty.close();
        full.close();
        CHECK(full.is_closed());
        values back;
        for (auto& sender : senders) back.push_back(bf::await(sender));
        values expected(200);
        std::iota(expected.begin(), expected.end(), 0);
        CHECK(back == expected);
        bool nothing = true;
        for (auto& receiver : receivers) nothing &= bf::await(receiver) == -1;
        CHECK(nothing);
        CHECK(full.len() == 1);
        CHECK(full.try_recv() == -5);
        CHECK(full.try_recv().error() == bf::try_recv_error::closed);
    });
}

TEST_CASE("a_closed_channel_is_drained_and_takes_nothing_more") {
    in_each_model([](model m, bf::runtime& rt) {
        bf::channel<int> channel{4};
        for (int n = 0; n < 3; ++n) (void)channel.try_send(n);
        channel.close();
        auto refused = await_in(m, rt, [&channel] { return channel.send(9); });
        REQUIRE_FALSE(refused.has_value());
        CHECK(refused.error().take() == 9);
        auto tried = channel.try_send(10);
        REQUIRE_FALSE(tried.has_value());
        CHECK(tried.error().is_closed());
        CHECK(tried.error().take() == 10);
        CHECK(channel.try_recv() == 0);
        for (int n = 1; n < 3; ++n) {
            const auto got = await_in(m, rt, [&channel] { return channel.recv(); });
            CHECK(got == n);
        }
        const auto over = await_in(m, rt, [&channel] { return channel.recv(); });
        CHECK_FALSE(over.has_value());
        CHECK(channel.try_recv().error() == bf::try_recv_error::closed);
    });
}

TEST_CASE("close_after_a_send_to_a_parked_receiver_loses_nothing") {
    on_one_worker([](bf::backend model) {
        bf::channel<int> channel{2};
        auto first = bf::spawn(model, receive_one, std::ref(channel));
        let_others_park();
        auto second = bf::spawn(model, receive_one, std::ref(channel));
        let_others_park();
        (void)channel.try_send(1);
        channel.close();  // The first has an item reserved, the second learns that it is over.
        const int a = bf::await(first);
        const int b = bf::await(second);
        CHECK(a == 1);
        CHECK(b == -1);
    });
}

TEST_CASE("a_cancelled_parked_sender_sends_nothing_and_blocks_nobody") {
    on_one_worker([](bf::backend model) {
        std::atomic<int> alive{0};
        const auto sends = [](bf::channel<tracked>& to, std::atomic<int>& count) -> bf::task<bool> {
            const auto sent = co_await to.send(tracked{count});
            co_return sent.has_value();
        };
        {
            bf::channel<tracked> channel{1};
            std::vector<bf::join_handle<bool>> senders;
            for (int n = 0; n < 4; ++n) {
                senders.push_back(bf::spawn(model, sends, std::ref(channel), std::ref(alive)));
                let_others_park();
            }
            CHECK(alive == 4);
            senders[1].cancel();
            senders[2].cancel();
            int cancelled = 0;
            for (const std::size_t n : {std::size_t{1}, std::size_t{2}}) {
                const auto outcome = bf::await(senders[n].outcome());
                cancelled += !outcome && outcome.error().is_cancelled() ? 1 : 0;
            }
            CHECK(cancelled == 2);
            CHECK(alive == 2);
            CHECK(channel.try_recv().has_value());
            CHECK(channel.try_recv().has_value());  // The value of the last sender, which was behind the cancelled.
            CHECK(channel.try_recv().error() == bf::try_recv_error::empty);
            CHECK(bf::await(senders[0]));
            CHECK(bf::await(senders[3]));
        }
        CHECK(alive == 0);
    });
}

TEST_CASE("an_item_of_a_cancelled_receiver_goes_to_the_next") {
    on_one_worker([](bf::backend model) {
        bf::channel<int> channel{2};
        auto first = bf::spawn(model, receive_one, std::ref(channel));
        let_others_park();
        auto second = bf::spawn(model, receive_one, std::ref(channel));
        let_others_park();
        (void)channel.try_send(1);
        (void)channel.try_send(2);
        first.cancel();
        const auto outcome = bf::await(first.outcome());
        const int got = bf::await(second);
        // A task that is woken and cancelled at once may take its item or leave it; it is there in any case.
        const int rest = channel.try_recv().value_or(0);
        CHECK(outcome.value_or(0) + got + rest == 3);
        CHECK(channel.len() == 0);
    });
}

TEST_CASE("a_dropped_wait_gives_its_reserved_item_to_a_parked_receiver") {
    // The future is polled by hand, woken, and destroyed without another poll.
    bf::runtime rt{small_runtime(1)};
    rt.run([] {
        bf::channel<int> channel{1};
        auto first = bf::spawn([](bf::channel<int>& from) -> bf::task<int> {
            auto receiving = std::make_unique<bf::channel<int>::recv_future>(from.recv());
            auto turn = bf::yield_now();
            auto which = co_await bf::select(*receiving, turn);
            co_await bf::yield_now();  // The item is sent and reserved meanwhile.
            receiving.reset();
            co_return static_cast<int>(which.index());
        }, std::ref(channel));
        auto second = bf::spawn([](bf::channel<int>& from) -> bf::task<int> {
            co_await bf::yield_now();
            co_return (co_await from.recv()).value_or(-1);
        }, std::ref(channel));
        let_others_park();
        (void)channel.try_send(8);
        const int got = bf::await(second);
        CHECK(bf::await(first) == 1);
        CHECK(got == 8);
        CHECK(channel.len() == 0);
    });
}

TEST_CASE("a_coroutine_sends_a_fiber_receives_a_thread_closes") {
    bf::runtime rt{small_runtime(2)};
    bf::channel<int> channel{3};
    auto sender = rt.spawn([](bf::channel<int>& to) -> bf::task<int> {
        int sent = 0;
        while (true) {
            const auto answer = co_await to.send(sent);
            if (!answer) co_return sent;
            ++sent;
        }
    }, std::ref(channel));
    std::atomic<int> received{0};
    auto receiver = rt.spawn(bf::backend::stackful, [](bf::channel<int>& from, std::atomic<int>& count) {
        bool in_order = true;
        while (const auto value = bf::await(from.recv())) in_order &= *value == count++;
        return in_order;
    }, std::ref(channel), std::ref(received));
    std::thread closer{[&] {
        while (received < 10'000) std::this_thread::yield();
        channel.close();
    }};
    const int sent = sender.join();
    const bool in_order = receiver.join();
    closer.join();
    CHECK(in_order);
    CHECK(sent == received);
    CHECK(sent >= 10'000);
}

TEST_CASE("a_plain_thread_sends_to_a_coroutine_and_receives_from_a_fiber") {
    bf::runtime rt{small_runtime(2)};
    bf::channel<int> there{1};
    bf::channel<int> between{1};
    bf::channel<int> back{1};
    auto doubles = rt.spawn([](bf::channel<int>& in, bf::channel<int>& out) -> bf::task<> {
        while (const auto value = co_await in.recv()) (void)co_await out.send(*value * 2);
        out.close();
    }, std::ref(there), std::ref(between));
    auto adds = rt.spawn(bf::backend::stackful, [](bf::channel<int>& in, bf::channel<int>& out) {
        while (const auto value = bf::await(in.recv())) (void)bf::await(out.send(*value + 1));
        out.close();
    }, std::ref(between), std::ref(back));
    bool right = true;
    for (int n = 0; n < 2'000; ++n) {
        right &= bf::await(there.send(n)).has_value();
        right &= bf::await(back.recv()) == 2 * n + 1;
    }
    there.close();
    right &= !bf::await(back.recv()).has_value();
    doubles.join();
    adds.join();
    CHECK(right);
}

namespace {

#if defined(BIFILAR_ASAN) || defined(BIFILAR_TSAN)
constexpr int messages = 10'000;
#else
constexpr int messages = 100'000;
#endif
constexpr int peers = 4;

struct message {
    int from = 0;
    int number = 0;
};

// What one receiver saw of each sender.
struct received {
    std::array<long, peers> count{};
    std::array<long long, peers> sum{};
    bool in_order = true;

    void add(const message& m, std::array<int, peers>& last) {
        const auto from = static_cast<std::size_t>(m.from);
        in_order &= m.number > last[from];
        last[from] = m.number;
        ++count[from];
        sum[from] += m.number;
    }
};

bf::task<> send_all(bf::channel<message>& to, int from) {
    for (int n = 1; n <= messages; ++n) {
        const auto sent = co_await to.send({from, n});
        if (!sent) throw std::runtime_error{"closed before all was sent"};
    }
}
bf::task<received> receive_all(bf::channel<message>& from) {
    received seen;
    std::array<int, peers> last{};
    while (const auto value = co_await from.recv()) seen.add(*value, last);
    co_return seen;
}

}  // namespace

TEST_CASE("every_message_of_four_senders_reaches_one_of_four_receivers") {
    for (const std::uint32_t capacity : {1U, 64U}) {
        INFO("capacity: " << capacity);
        bf::runtime rt{small_runtime(4)};
        bf::channel<message> channel{capacity};
        std::vector<bf::join_handle<void>> senders;
        std::vector<bf::join_handle<received>> receivers;
        for (int p = 0; p < peers; ++p) {
            receivers.push_back(rt.spawn(backends[p % 2], receive_all, std::ref(channel)));
            senders.push_back(rt.spawn(backends[p / 2], send_all, std::ref(channel), p));
        }
        for (auto& sender : senders) sender.join();
        channel.close();
        std::array<long, peers> count{};
        std::array<long long, peers> sum{};
        bool in_order = true;
        for (auto& receiver : receivers) {
            const received seen = receiver.join();
            in_order &= seen.in_order;
            for (std::size_t p = 0; p < peers; ++p) {
                count[p] += seen.count[p];
                sum[p] += seen.sum[p];
            }
        }
        CHECK(in_order);
        for (std::size_t p = 0; p < peers; ++p) {
            CHECK(count[p] == messages);
            CHECK(sum[p] == static_cast<long long>(messages) * (messages + 1) / 2);
        }
    }
}

TEST_CASE("cancelled_peers_lose_no_message_under_load") {
    // Receivers and senders are cancelled at random by timeouts; sent and not received values must still be there.
    const std::uint64_t seed = tests::seed_of_this_run("channel cancel");
    INFO("seed: " << seed);
    bf::runtime rt{small_runtime(4)};
    bf::channel<int> channel{2};
    struct totals {
        long count = 0;
        long long sum = 0;
    };
    struct body {
        static bf::task<totals> sends(bf::channel<int>& to, std::uint64_t seed) {
            bf::base::random random{seed};
            totals sent;
            for (int n = 1; n <= 5'000; ++n) {
                const auto limit = std::chrono::microseconds{random.below(30)};
                const auto answer = co_await bf::timeout(to.send(n), limit);
                if (!answer || !*answer) continue;
                ++sent.count;
                sent.sum += n;
            }
            co_return sent;
        }
        static bf::task<totals> receives(bf::channel<int>& from, std::uint64_t seed) {
            bf::base::random random{seed};
            totals got;
            while (true) {
                const auto limit = std::chrono::microseconds{random.below(30)};
                const auto answer = co_await bf::timeout(from.recv(), limit);
                if (!answer) continue;
                if (!*answer) co_return got;
                ++got.count;
                got.sum += **answer;
            }
        }
    };
    std::vector<bf::join_handle<totals>> senders;
    std::vector<bf::join_handle<totals>> receivers;
    for (std::uint64_t p = 0; p < 4; ++p) {
        senders.push_back(rt.spawn(backends[p % 2], body::sends, std::ref(channel), seed + p));
        receivers.push_back(rt.spawn(backends[p / 2], body::receives, std::ref(channel), seed + 10 + p));
    }
    totals sent;
    totals got;
    for (auto& sender : senders) {
        const totals one = sender.join();
        sent.count += one.count;
        sent.sum += one.sum;
    }
    channel.close();
    for (auto& receiver : receivers) {
        const totals one = receiver.join();
        got.count += one.count;
        got.sum += one.sum;
    }
    CHECK(sent.count > 0);
    CHECK(got.count == sent.count);
    CHECK(got.sum == sent.sum);
    CHECK(channel.len() == 0);
}
