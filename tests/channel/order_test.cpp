// A channel against a plain queue: any mixture of tries, waits, places and receiving in batches gives the
// values in order, through every turn of the ring and every block of the chain.
#include "one_worker.hpp"
#include "seed.hpp"
#include <bifilar/base/detail/random.hpp>

#include <deque>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

using namespace both;

namespace {

// Values that own something, so that one which is lost, or ends twice, is found by the sanitizers.
using value = std::unique_ptr<int>;

template <class Channel>
class comparison {
public:
    comparison(Channel& channel, std::uint64_t seed) : channel_{channel}, random_{seed} {}

    bf::task<> run(int steps) {
        for (int n = 0; n < steps; ++n) {
            // Long ways up and down, so that the chain gets and loses blocks.
            const bool up = n / 700 % 2 == 0;
            if ((random_.below(8) != 0) == up)
                co_await send();
            else
                co_await receive();
            REQUIRE(channel_.len() == expected_.size());
        }
        while (!expected_.empty()) co_await receive();
        REQUIRE(channel_.try_recv().error() == bf::try_recv_error::empty);
    }

private:
    bf::task<> send() {
        const bool room = expected_.size() < channel_.capacity();
        const int number = next_++;
        if (!room) {
            auto refused = channel_.try_send(std::make_unique<int>(number));
            REQUIRE(*refused.error().take() == number);
            co_return;
        }
        switch (random_.below(3)) {
            case 0:
                REQUIRE(channel_.try_send(std::make_unique<int>(number)));
                break;
            case 1: {
                auto place = co_await channel_.reserve();
                REQUIRE(place.send(std::make_unique<int>(number)));
                break;
            }
            default:
                if constexpr (std::is_same_v<Channel, bf::unbounded_channel<value>>) {
                    REQUIRE(channel_.send(std::make_unique<int>(number)));
                } else {
                    const auto sent = co_await channel_.send(std::make_unique<int>(number));
                    REQUIRE(sent);
                }
        }
        expected_.push_back(number);
    }

    bf::task<> receive() {
        if (expected_.empty()) {
            REQUIRE(channel_.try_recv().error() == bf::try_recv_error::empty);
            co_return;
        }
        std::vector<value> got;
        switch (random_.below(3)) {
            case 0:
                got.push_back(std::move(*channel_.try_recv()));
                break;
            case 1:
                got.push_back(std::move(*co_await channel_.recv()));
                break;
            default: {
                const std::size_t count = co_await channel_.recv_many(got, 1 + random_.below(5));
                REQUIRE(count == got.size());
            }
        }
        for (const value& one : got) {
            REQUIRE(*one == expected_.front());
            expected_.pop_front();
        }
    }

    Channel& channel_;
    bf::base::random random_;
    std::deque<int> expected_;
    int next_ = 0;
};

template <class Channel>
void compare(Channel& channel, std::uint64_t seed) {
    bf::runtime rt{small_runtime(1)};
    comparison<Channel> both_of_them{channel, seed};
    rt.run([&] { return both_of_them.run(20'000); });
}

}  // namespace

TEST_CASE("a_channel_gives_what_a_plain_queue_gives") {
    const std::uint64_t seed = tests::seed_of_this_run("channel against queue");
    for (const std::uint32_t capacity : {1U, 2U, 3U, 7U, 64U, 1000U}) {
        CAPTURE(capacity);
        bf::channel<value> channel{capacity};
        compare(channel, seed + capacity);
    }
    bf::unbounded_channel<value> unbounded;
    compare(unbounded, seed);
}
