// Peers of all kinds on one channel: coroutines, fibers and plain threads; every message is counted.
#include "one_worker.hpp"
#include <bifilar/base/detail/sanitizer.hpp>

#include <array>
#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

using namespace both;

TEST_CASE("a_coroutine_sends_a_fiber_receives_a_thread_closes") {
    bf::runtime rt{small_runtime(2)};
    bf::channel<int> channel{3};
    auto sender = rt.spawn(
        [](bf::channel<int>& to) -> bf::task<int> {
            int sent = 0;
            while (true) {
                const auto answer = co_await to.send(sent);
                if (!answer) co_return sent;
                ++sent;
            }
        },
        std::ref(channel));
    std::atomic<int> received{0};
    auto receiver = rt.spawn(
        bf::backend::stackful,
        [](bf::channel<int>& from, std::atomic<int>& count) {
            bool in_order = true;
            while (const auto value = bf::await(from.recv())) in_order &= *value == count++;
            return in_order;
        },
        std::ref(channel), std::ref(received));
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
    auto doubles = rt.spawn(
        [](bf::channel<int>& in, bf::channel<int>& out) -> bf::task<> {
            while (const auto value = co_await in.recv()) (void)co_await out.send(*value * 2);
            out.close();
        },
        std::ref(there), std::ref(between));
    auto adds = rt.spawn(
        bf::backend::stackful,
        [](bf::channel<int>& in, bf::channel<int>& out) {
            while (const auto value = bf::await(in.recv())) (void)bf::await(out.send(*value + 1));
            out.close();
        },
        std::ref(between), std::ref(back));
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
            receivers.push_back(rt.spawn(tests::both_backends[p % 2], receive_all, std::ref(channel)));
            senders.push_back(rt.spawn(tests::both_backends[p / 2], send_all, std::ref(channel), p));
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
