// close() against everybody who waits: every number of parked senders and receivers, every fill, every small capacity.
// And what else ends a channel: many producers, destruction, allocation that fails.
#include "last_words.hpp"
#include "one_worker.hpp"

#include <atomic>
#include <memory>
#include <numeric>
#include <optional>
#include <vector>

using namespace both;
using tests::let_others_park;

namespace {

struct tally {
    int sent = 0;      // Sends that say they were made.
    int returned = 0;  // Values that came back.
    int received = 0;
    int ended = 0;  // Receives that say that nothing will come.
};

bf::task<> send_one(bf::channel<std::unique_ptr<int>>& to, tally& count) {
    auto value = std::make_unique<int>(1);
    auto sent = co_await to.send(std::move(value));
    if (sent)
        ++count.sent;
    else if (sent.error().take() != nullptr)
        ++count.returned;
}

bf::task<> receive_one(bf::channel<std::unique_ptr<int>>& from, tally& count) {
    const auto value = co_await from.recv();
    ++(value ? count.received : count.ended);
}

#if defined(BIFILAR_ASAN) || defined(BIFILAR_TSAN)
constexpr int max_producers = 2'000;
#else
constexpr int max_producers = 100'000;
#endif

// One value from each of so many producers.
void reach_one_consumer(bf::backend model, int producers, const bf::runtime_options& options) {
    for (const std::uint32_t capacity : {0U, 1U, 16U}) {
        bf::runtime rt{options};
        bf::channel<int> channel{capacity};
        std::vector<bf::join_handle<void>> all;
        all.reserve(static_cast<std::size_t>(producers));
        for (int n = 0; n < producers; ++n)
            all.push_back(rt.spawn(
                model, [](bf::channel<int>& to, int value) -> bf::task<> { (void)co_await to.send(value); },
                std::ref(channel), 1));
        auto consumer = rt.spawn(
            model,
            [](bf::channel<int>& from, int count) -> bf::task<long> {
                long sum = 0;
                for (int n = 0; n < count; ++n) sum += (co_await from.recv()).value_or(0);
                co_return sum;
            },
            std::ref(channel), producers);
        CHECK(consumer.join() == producers);
        for (auto& handle : all) handle.join();
        CHECK(channel.len() == 0);
    }
}

}  // namespace

TEST_CASE("close_ends_every_wait_and_loses_no_value") {
    for (const bf::backend senders_on : tests::both_backends)
        for (const bf::backend receivers_on : tests::both_backends) {
            bf::runtime rt{small_runtime(1)};
            rt.run([&] {
                for (const std::uint32_t capacity : {0U, 1U, 2U})
                    for (int senders = 0; senders <= 4; ++senders)
                        for (int receivers = 0; receivers <= 4; ++receivers)
                            // Senders first, receivers first, or only just spawned when it closes.
                            for (int order = 0; order < 4; ++order) {
                                bf::channel<std::unique_ptr<int>> channel{capacity};
                                tally count;
                                std::vector<bf::join_handle<void>> all;
                                const auto spawn_senders = [&] {
                                    for (int n = 0; n < senders; ++n)
                                        all.push_back(
                                            bf::spawn(senders_on, send_one, std::ref(channel), std::ref(count)));
                                };
                                const auto spawn_receivers = [&] {
                                    for (int n = 0; n < receivers; ++n)
                                        all.push_back(
                                            bf::spawn(receivers_on, receive_one, std::ref(channel), std::ref(count)));
                                };
                                order % 2 == 0 ? spawn_senders() : spawn_receivers();
                                if (order < 2)
                                    for (int turn = 0; turn < 40; ++turn) bf::this_fiber::yield();
                                order % 2 == 0 ? spawn_receivers() : spawn_senders();
                                if (order < 2)
                                    for (int turn = 0; turn < 40; ++turn) bf::this_fiber::yield();
                                channel.close();
                                channel.close();
                                for (auto& handle : all) bf::await(handle);
                                int left = 0;
                                while (channel.try_recv()) ++left;
                                INFO("capacity " << capacity << ", senders " << senders << ", receivers " << receivers
                                                 << ", order " << order);
                                CHECK(count.sent + count.returned == senders);
                                CHECK(count.received + count.ended == receivers);
                                CHECK(count.sent == count.received + left);
                                CHECK((left == 0 || count.ended == 0));
                                CHECK(channel.try_recv().error() == bf::try_recv_error::closed);
                                CHECK(channel.try_send(nullptr).error().is_closed());
                            }
            });
        }
}

TEST_CASE("very_many_producers_reach_one_consumer") {
    for (const bf::backend model : tests::both_backends)
        for (const int producers : {513, 10'000, max_producers}) {
            // A fiber a producer: as many as fit into the memory of small machines.
            if (model == bf::backend::stackful && producers > 20'000) continue;
            reach_one_consumer(model, producers, small_runtime(2));
        }
}

TEST_CASE("a_hundred_thousand_fibers_reach_one_consumer", "[.][nightly]") {
    bf::runtime_options options = small_runtime(2);
    options.stack_bytes = 16 * 1024;
    reach_one_consumer(bf::backend::stackful, max_producers, options);
}

TEST_CASE("a_channel_that_is_waited_at_is_not_destroyed_silently") {
    if (!tests::children_have_threads) return;
    const auto destroy = [] {
        std::optional<bf::channel<int>> channel{std::in_place, 1U};
        bf::spawn([](bf::channel<int>& from) -> bf::task<> { (void)co_await from.recv(); }, std::ref(*channel))
            .detach();
        let_others_park();
        channel.reset();
    };
    tests::check_aborts(
        "a channel was destroyed while tasks wait at it",
        [&] { tests::run_named("the destroyer", bf::backend::stackful, destroy); }, "the destroyer");
}
