// What cancelled senders and receivers of a channel leave behind: everything.
// The last case cancels at random, by timeouts, and counts.
#include "one_worker.hpp"
#include "seed.hpp"
#include <bifilar/base/detail/random.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <utility>
#include <vector>

using namespace both;
using tests::let_others_park;
using tests::on_one_worker;

namespace {

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

namespace {

// Polls a receive once, and is ready when that receive has been woken, without asking it again.
class woken_only {
public:
    using output = void;

    explicit woken_only(bf::channel<int>::recv_future& of) noexcept : of_{&of} {}
    bf::polled<void> poll(bf::context& cx) noexcept {
        if (asked_) return bf::done;
        asked_ = true;
        if (of_->poll(cx)) return bf::done;
        return bf::not_ready;
    }

private:
    bf::channel<int>::recv_future* of_;
    bool asked_ = false;
};

}  // namespace

TEST_CASE("a_receive_that_is_dropped_after_its_wake_passes_its_item_on") {
    on_one_worker([](bf::backend model) {
        bf::channel<int> channel{1};
        const auto drops = [](bf::channel<int>& from) -> bf::task<> {
            auto receiving = std::make_unique<bf::channel<int>::recv_future>(from.recv());
            co_await woken_only{*receiving};
            receiving.reset();
        };
        auto first = bf::spawn(model, drops, std::ref(channel));
        let_others_park();
        auto second = bf::spawn(model, receive_one, std::ref(channel));
        let_others_park();
        CHECK(channel.try_send(8).has_value());
        const auto overtaking = channel.try_recv();
        CHECK_FALSE(overtaking.has_value());
        const int got = bf::await(second);
        bf::await(first);
        CHECK(got == 8);
        CHECK(channel.len() == 0);
    });
}

TEST_CASE("a_receive_that_is_dropped_after_its_wake_leaves_its_item_in_the_channel") {
    on_one_worker([](bf::backend model) {
        bf::channel<int> channel{1};
        const auto drops = [](bf::channel<int>& from) -> bf::task<> {
            auto receiving = std::make_unique<bf::channel<int>::recv_future>(from.recv());
            co_await woken_only{*receiving};
        };
        auto only = bf::spawn(model, drops, std::ref(channel));
        let_others_park();
        CHECK(channel.try_send(8).has_value());
        channel.close();
        bf::await(only);
        CHECK(channel.len() == 1);
        CHECK(channel.try_recv() == 8);
        CHECK(channel.try_recv().error() == bf::try_recv_error::closed);
    });
}

namespace {

constexpr std::uint64_t cancelling_peers = 4;
constexpr std::uint32_t messages = 5'000;

// One message on its way. A send that gave up may have been taken at that very moment; it does not learn of it.
struct parcel {
    bool sent = false;  // Its sender was told so. Written by the sender's task, read once that has been joined.
    std::atomic<int> arrivals{0};
};

bf::task<> send_in_a_hurry(bf::channel<parcel*>& to, std::vector<parcel>& parcels, std::uint64_t seed) {
    bf::base::random random{seed};
    for (parcel& one : parcels) {
        const auto limit = std::chrono::microseconds{random.below(30)};
        const auto answer = co_await bf::timeout(to.send(&one), limit);
        one.sent = answer && *answer;
    }
}
bf::task<> receive_in_a_hurry(bf::channel<parcel*>& from, std::uint64_t seed) {
    bf::base::random random{seed};
    while (true) {
        const auto limit = std::chrono::microseconds{random.below(30)};
        const auto answer = co_await bf::timeout(from.recv(), limit);
        if (!answer) continue;
        if (!*answer) co_return;
        ++(**answer)->arrivals;
    }
}

}  // namespace

TEST_CASE("cancelled_peers_lose_no_message_under_load") {
    const std::uint64_t seed = tests::seed_of_this_run("channel cancel");
    INFO("seed: " << seed);
    bf::runtime rt{small_runtime(4)};
    bf::channel<parcel*> channel{2};
    std::vector<std::vector<parcel>> parcels;
    for (std::uint64_t p = 0; p < cancelling_peers; ++p) parcels.emplace_back(messages);
    std::vector<bf::join_handle<void>> senders;
    std::vector<bf::join_handle<void>> receivers;
    for (std::uint64_t p = 0; p < cancelling_peers; ++p) {
        senders.push_back(
            rt.spawn(tests::both_backends[p % 2], send_in_a_hurry, std::ref(channel), std::ref(parcels[p]), seed + p));
        receivers.push_back(
            rt.spawn(tests::both_backends[p / 2], receive_in_a_hurry, std::ref(channel), seed + 10 + p));
    }
    for (auto& sender : senders) sender.join();
    channel.close();
    for (auto& receiver : receivers) receiver.join();
    int sent = 0;
    int lost = 0;
    int doubled = 0;
    for (const auto& of_one : parcels)
        for (const parcel& one : of_one) {
            sent += one.sent ? 1 : 0;
            lost += one.sent && one.arrivals == 0 ? 1 : 0;
            doubled += one.arrivals > 1 ? 1 : 0;
        }
    CHECK(sent > 0);
    CHECK(lost == 0);
    CHECK(doubled == 0);
    CHECK(channel.len() == 0);
}
