// What Go promises of channels: the tests of its runtime package, and what its specification says.
#include "port.hpp"

#include <array>
#include <memory>
#include <vector>

using namespace ports;

namespace {

task_of<> send_all(bf::channel<int>& to, int first, int count) {
    for (int n = first; n < first + count; ++n) (void)AWAIT(to.send(n));
    RETURN;
}
task_of<int> receive_one(bf::channel<int>& from) {
    const auto got = AWAIT(from.recv());
    RETURN got.value_or(-1);
}
task_of<bool> send_one(bf::channel<int>& to, int value) {
    const auto sent = AWAIT(to.send(value));
    RETURN sent.has_value();
}

}  // namespace

PORT("Go runtime/chan_test TestChan: a receiver that waits is told of the close") {
    for (const std::uint32_t capacity : {0U, 1U, 100U}) {
        bf::channel<int> c{capacity};
        auto receiver = go(receive_one, std::ref(c));
        AWAIT(all_wait());
        CHECK_FALSE(receiver.done());
        c.close();
        const int got = AWAIT(receiver);
        CHECK(got == -1);
    }
    RETURN;
}

PORT("Go runtime/chan_test TestChan: a hundred values arrive in order, then the close") {
    for (const std::uint32_t capacity : {0U, 1U, 100U, 200U}) {
        bf::channel<int> c{capacity};
        auto sender = go(
            [](bf::channel<int>& to) -> task_of<> {
                for (int n = 0; n < 100; ++n) (void)AWAIT(to.send(n));
                to.close();
                RETURN;
            },
            std::ref(c));
        int next = 0;
        for (;;) {
            const auto got = AWAIT(c.recv());
            if (!got) break;
            CHECK(*got == next);
            ++next;
        }
        CHECK(next == 100);
        AWAIT(sender);
    }
    RETURN;
}

PORT("Go runtime/chan_test TestChan: four senders and four receivers pass every value once") {
    constexpr int each = 250;
    for (const std::uint32_t capacity : {0U, 4U, 64U}) {
        bf::channel<int> c{capacity};
        std::vector<bf::join_handle<void>> senders;
        for (int s = 0; s < 4; ++s) senders.push_back(go(send_all, std::ref(c), s * each, each));
        std::vector<bf::join_handle<std::vector<int>>> receivers;
        for (int r = 0; r < 4; ++r)
            receivers.push_back(go(
                [](bf::channel<int>& from) -> task_of<std::vector<int>> {
                    std::vector<int> mine;
                    for (;;) {
                        const auto got = AWAIT(from.recv());
                        if (!got) break;
                        mine.push_back(*got);
                    }
                    RETURN mine;
                },
                std::ref(c)));
        for (auto& sender : senders) AWAIT(sender);
        c.close();
        std::array<int, 4 * each> seen{};
        for (auto& receiver : receivers) {
            const auto mine = AWAIT(receiver);
            for (const int value : mine) ++seen[static_cast<std::size_t>(value)];
        }
        CHECK(std::all_of(seen.begin(), seen.end(), [](int times) { return times == 1; }));
    }
    RETURN;
}

PORT("Go runtime/chan_test TestNonblockRecvRace: a closed channel is not taken for an empty one") {
    for (int round = 0; round < 200; ++round) {
        bf::channel<int> c{1};
        (void)c.try_send(1);
        auto other = go(
            [](bf::channel<int>& from) -> task_of<bool> {
                const bool got = from.try_recv().has_value();
                RETURN got;
            },
            std::ref(c));
        c.close();
        (void)c.try_recv();
        const bool got = AWAIT(other);
        (void)got;
        CHECK(c.try_recv().error() == bf::try_recv_error::closed);
    }
    RETURN;
}

PORT("Go runtime/chan_test TestPseudoRandomSend: a select between two sends takes both about as often") {
    bf::channel<int> c{0};
    auto receiver = go(
        [](bf::channel<int>& from) -> task_of<int> {
            int ones = 0;
            for (int n = 0; n < 200; ++n) {
                const auto got = AWAIT(from.recv());
                ones += *got;
            }
            RETURN ones;
        },
        std::ref(c));
    for (int n = 0; n < 200; ++n) (void)AWAIT(bf::race(c.send(0), c.send(1)));
    const int ones = AWAIT(receiver);
    CHECK(ones > 50);
    CHECK(ones < 150);
    RETURN;
}

PORT("Go runtime/chan_test TestMultiConsumer: many consumers share what one sends, nothing is lost or doubled") {
    constexpr int consumers = 23;
    constexpr int values = 2'271;
    bf::channel<int> work{consumers};
    bf::channel<int> results{consumers * 3};
    std::vector<bf::join_handle<void>> all;
    for (int n = 0; n < consumers; ++n)
        all.push_back(go(
            [](bf::channel<int>& from, bf::channel<int>& to) -> task_of<> {
                for (;;) {
                    const auto got = AWAIT(from.recv());
                    if (!got) break;
                    (void)AWAIT(bf::yield_now());
                    (void)AWAIT(to.send(*got));
                }
                RETURN;
            },
            std::ref(work), std::ref(results)));
    auto feeder = go(
        [](bf::channel<int>& to) -> task_of<> {
            for (int n = 1; n <= values; ++n) (void)AWAIT(to.send(n));
            to.close();
            RETURN;
        },
        std::ref(work));
    long long sum = 0;
    for (int n = 0; n < values; ++n) {
        const auto got = AWAIT(results.recv());
        sum += *got;
    }
    CHECK(sum == static_cast<long long>(values) * (values + 1) / 2);
    AWAIT(feeder);
    for (auto& one : all) AWAIT(one);
    RETURN;
}

PORT("Go runtime/chan_test BenchmarkChanProdCons: len and capacity count what is there") {
    bf::channel<int> c{10};
    CHECK(c.capacity() == 10);
    for (std::uint32_t n = 0; n < 10; ++n) {
        CHECK(c.len() == n);
        (void)AWAIT(c.send(0));
    }
    CHECK(c.len() == 10);
    RETURN;
}

PORT("Go spec, Close: what was sent before the close is received, then the end is told") {
    bf::channel<int> c{3};
    for (int n = 0; n < 3; ++n) (void)AWAIT(c.send(n));
    c.close();
    CHECK(c.is_closed());
    for (int n = 0; n < 3; ++n) {
        const auto got = AWAIT(c.recv());
        CHECK(got == n);
    }
    const auto end = AWAIT(c.recv());
    CHECK_FALSE(end.has_value());
    RETURN;
}

PORT("Go spec, Close: closing twice (Go panics; here it does nothing)") {
    bf::channel<int> c{1};
    c.close();
    c.close();
    CHECK(c.is_closed());
    RETURN;
}

PORT("Go spec, Close: senders that wait are woken (Go panics; here each gets its value back)") {
    bf::channel<int> c{0};
    std::vector<bf::join_handle<bool>> senders;
    for (int n = 0; n < 5; ++n) senders.push_back(go(send_one, std::ref(c), n));
    AWAIT(all_wait());
    c.close();
    for (auto& sender : senders) {
        const bool sent = AWAIT(sender);
        CHECK_FALSE(sent);
    }
    RETURN;
}

PORT("Go memory model: the kth receive of a channel of capacity C comes before the end of send k+C") {
    constexpr std::uint32_t limit = 3;
    bf::channel<int> tokens{limit};
    int running = 0;
    int most = 0;
    bf::mutex guard;
    auto work = [&](int) -> task_of<> {
        (void)AWAIT(tokens.send(1));
        {
            const auto held = AWAIT(guard.lock());
            most = std::max(most, ++running);
        }
        AWAIT(bf::yield_now());
        {
            const auto held = AWAIT(guard.lock());
            --running;
        }
        (void)AWAIT(tokens.recv());
        RETURN;
    };
    std::vector<bf::join_handle<void>> all;
    for (int n = 0; n < 50; ++n) all.push_back(go(work, n));
    for (auto& one : all) AWAIT(one);
    CHECK(most <= int{limit});
    RETURN;
}
