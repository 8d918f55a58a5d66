// The contract of channel: try_ and awaiting operations, order, capacity and close.
// Cancelled peers are in channel_cancel_test.cpp, many peers of all kinds in channel_load_test.cpp.
#include "one_worker.hpp"
#include <bifilar/base/detail/random.hpp>

#include <atomic>
#include <memory>
#include <numeric>
#include <vector>

using namespace both;
using tests::let_others_park;
using tests::on_one_worker;

namespace {

using values = std::vector<int>;

bf::task<bool> send_one(bf::channel<int>& to, int value) {
    const auto sent = co_await to.send(value);
    co_return sent.has_value();
}
bf::task<int> receive_one(bf::channel<int>& from) { co_return (co_await from.recv()).value_or(-1); }

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

}  // namespace

TEST_CASE("a_capacity_that_cannot_be_is_refused") {
    CHECK_THROWS_AS(bf::channel<int>{0xFFFFFFFFU}, std::invalid_argument);
    CHECK(bf::channel<int>{7}.capacity() == 7);
    CHECK(bf::channel<int>{0}.capacity() == 0);
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
        {
            auto never_polled = channel.send(tracked{alive});
        }
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
