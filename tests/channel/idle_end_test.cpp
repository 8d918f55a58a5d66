// What waits at a closed channel for a value that another receiver holds, sleeps until that one has let go of it.
#include "one_worker.hpp"

#include <atomic>
#include <memory>
#include <optional>
#include <vector>

using namespace both;
using tests::let_others_park;

namespace {

using receive = bf::channel<int>::recv_future;

// Polls a receive once, and is ready when that one has been woken, without asking it again.
template <class Receive>
class woken_only {
public:
    using output = void;

    explicit woken_only(Receive& of) noexcept : of_{&of} {}
    bf::polled<void> poll(bf::context& cx) noexcept {
        if (asked_) return bf::done;
        asked_ = true;
        if (of_->poll(cx)) return bf::done;
        return bf::not_ready;
    }

private:
    Receive* of_;
    bool asked_ = false;
};

// Counts how often the task comes to look.
class counted_receive {
public:
    using output = std::optional<int>;

    counted_receive(bf::channel<int>& from, std::atomic<int>& polls) noexcept : inner_{from.recv()}, polls_{&polls} {}
    bf::polled<output> poll(bf::context& cx) noexcept {
        ++*polls_;
        return inner_.poll(cx);
    }

private:
    receive inner_;
    std::atomic<int>* polls_;
};

// One receiver is handed a value, another waits when the channel closes; how often that one looks meanwhile. Then the
// first takes its value or drops it.
void wait_for_the_holder(bf::backend model, std::uint32_t capacity, bool takes) {
    bf::channel<int> channel{capacity};
    bf::event go;
    const auto holds = [&, takes]() -> bf::task<int> {
        auto receiving = std::make_unique<receive>(channel.recv());
        co_await woken_only{*receiving};
        co_await go.wait();
        if (!takes) co_return 0;
        const auto value = co_await *receiving;
        co_return value.value_or(-1);
    };
    std::atomic<int> polls = 0;
    const auto waits = [&]() -> bf::task<std::optional<int>> { co_return co_await counted_receive{channel, polls}; };
    auto holder = bf::spawn(model, holds);
    let_others_park();
    auto second = bf::spawn(model, waits);
    let_others_park();
    CHECK(channel.try_send(8).has_value());
    channel.close();
    auto third = bf::spawn(model, waits);
    let_others_park();
    CHECK(polls <= 5);
    CHECK_FALSE(second.done());
    CHECK_FALSE(third.done());
    go.set();
    const int first_got = bf::await(holder);
    const auto second_got = bf::await(second);
    const auto third_got = bf::await(third);
    CHECK(first_got == (takes ? 8 : 0));
    CHECK(first_got + second_got.value_or(0) + third_got.value_or(0) == 8);
    CHECK(channel.try_recv().error() == bf::try_recv_error::closed);
}

}  // namespace

TEST_CASE("a_receiver_at_a_closed_channel_sleeps_while_another_holds_a_value") {
    tests::on_one_worker([](bf::backend model) {
        for (const std::uint32_t capacity : {0U, 1U, 2U})
            for (const bool takes : {true, false}) {
                INFO("capacity " << capacity << (takes ? ", taken" : ", dropped"));
                wait_for_the_holder(model, capacity, takes);
            }
    });
}

// There are more receivers than are woken under one hold of the lock, so that the first wait again before the last are
// woken.
TEST_CASE("close_wakes_each_receiver_once_while_another_holds_a_value") {
    both::in_both([](bf::backend model) {
        constexpr int receivers = 4'000;
        bf::channel<int> channel{1};
        bf::event go;
        std::atomic<int> holder_polls = 0;
        std::atomic<int> polls = 0;
        auto holder = bf::spawn(model, [&]() -> bf::task<int> {
            auto receiving = std::make_unique<counted_receive>(channel, holder_polls);
            co_await woken_only{*receiving};
            co_await go.wait();
            const auto value = co_await *receiving;
            co_return value.value_or(-1);
        });
        while (holder_polls == 0) bf::this_fiber::yield();
        std::vector<bf::join_handle<std::optional<int>>> all;
        for (int n = 0; n < receivers; ++n)
            all.push_back(bf::spawn(model, [&]() -> bf::task<std::optional<int>> {
                co_return co_await counted_receive{channel, polls};
            }));
        while (polls < receivers) bf::this_fiber::yield();
        CHECK(channel.try_send(8).has_value());
        channel.close();
        while (polls < 2 * receivers) bf::this_fiber::yield();
        go.set();
        CHECK(bf::await(holder) == 8);
        for (auto& each : all) CHECK_FALSE(bf::await(each).has_value());
        CHECK(polls == 3 * receivers);
    });
}
