// What Go promises of channels: its programs in test/chan.
#include "port.hpp"

#include <array>
#include <memory>
#include <vector>

using namespace ports;

namespace {

task_of<int> receive_one(bf::channel<int>& from) {
    const auto got = AWAIT(from.recv());
    RETURN got.value_or(-1);
}
task_of<bool> send_one(bf::channel<int>& to, int value) {
    const auto sent = AWAIT(to.send(value));
    RETURN sent.has_value();
}

}  // namespace

PORT("Go chan/select3: a receive from an empty channel without room waits") {
    bf::channel<int> c{0};
    const auto got = AWAIT(bf::timeout(c.recv(), 1s));
    CHECK_FALSE(got.has_value());
    RETURN;
}

PORT("Go chan/select3: a send to a channel without room and without receivers waits") {
    bf::channel<int> c{0};
    const auto sent = AWAIT(bf::timeout(c.send(7), 1s));
    CHECK_FALSE(sent.has_value());
    CHECK(c.len() == 0);
    RETURN;
}

PORT("Go chan/select3: a receive from an empty channel with room waits") {
    bf::channel<int> c{10};
    const auto got = AWAIT(bf::timeout(c.recv(), 1s));
    CHECK_FALSE(got.has_value());
    RETURN;
}

PORT("Go chan/select3: a send to a full channel waits") {
    bf::channel<int> c{10};
    for (int n = 0; n < 10; ++n) CHECK(c.try_send(n).has_value());
    const auto sent = AWAIT(bf::timeout(c.send(10), 1s));
    CHECK_FALSE(sent.has_value());
    CHECK(c.len() == 10);
    RETURN;
}

PORT("Go chan/select3: a send to a channel with room does not wait") {
    bf::channel<int> c{10};
    const auto sent = AWAIT(bf::timeout(c.send(7), 0s));
    CHECK((sent.has_value() && sent->has_value()));
    RETURN;
}

PORT("Go chan/select3: a receive from a filled channel does not wait") {
    bf::channel<int> c{10};
    (void)c.try_send(7);
    const auto got = AWAIT(bf::timeout(c.recv(), 0s));
    CHECK((got.has_value() && *got == 7));
    RETURN;
}

PORT("Go chan/select3: a receive from a closed channel does not wait, with and without room") {
    for (const std::uint32_t capacity : {0U, 10U}) {
        bf::channel<int> c{capacity};
        c.close();
        for (int n = 0; n < 3; ++n) {
            const auto got = AWAIT(c.recv());
            CHECK_FALSE(got.has_value());
        }
    }
    RETURN;
}

PORT("Go chan/select3: a send to a closed channel does not wait (Go panics; here the value comes back)") {
    for (const std::uint32_t capacity : {0U, 10U}) {
        bf::channel<int> c{capacity};
        c.close();
        auto sent = AWAIT(c.send(7));
        CHECK_FALSE(sent.has_value());
        CHECK(sent.error().take() == 7);
    }
    RETURN;
}

PORT("Go chan/nonblock: without a peer nothing is received or sent, with one it is") {
    bf::channel<int> c{0};
    CHECK(c.try_recv().error() == bf::try_recv_error::empty);
    CHECK(c.try_send(1).error().is_full());
    auto receiver = go(receive_one, std::ref(c));
    AWAIT(all_wait());
    CHECK(c.try_send(2).has_value());
    const int got = AWAIT(receiver);
    CHECK(got == 2);
    auto sender = go(send_one, std::ref(c), 3);
    AWAIT(all_wait());
    CHECK(c.try_recv().value_or(0) == 3);
    const bool sent = AWAIT(sender);
    CHECK(sent);
    RETURN;
}

PORT("Go chan/nonblock: a channel with room for one is empty, then full, then empty") {
    bf::channel<int> c{1};
    CHECK_FALSE(c.try_recv().has_value());
    CHECK(c.try_send(5).has_value());
    CHECK_FALSE(c.try_send(6).has_value());
    CHECK(c.try_recv().value_or(0) == 5);
    CHECK_FALSE(c.try_recv().has_value());
    RETURN;
}

PORT("Go chan/fifo: values come out in the order in which they went in") {
    bf::channel<int> c{10};
    for (int n = 0; n < 10; ++n) (void)AWAIT(c.send(n));
    for (int n = 0; n < 10; ++n) {
        const auto got = AWAIT(c.recv());
        CHECK(got == n);
    }
    RETURN;
}

PORT("Go chan/fifo: senders without room are served in the order in which they came") {
    bf::channel<int> c{0};
    std::vector<bf::join_handle<bool>> senders;
    for (int n = 0; n < 10; ++n) {
        senders.push_back(go(send_one, std::ref(c), n));
        AWAIT(all_wait());
    }
    for (int n = 0; n < 10; ++n) {
        const auto got = AWAIT(c.recv());
        CHECK(got == n);
    }
    for (auto& sender : senders) {
        const bool sent = AWAIT(sender);
        CHECK(sent);
    }
    RETURN;
}

namespace {

task_of<> pass_on(bf::channel<int>& from, bf::channel<int>& to) {
    const auto got = AWAIT(from.recv());
    (void)AWAIT(to.send(*got + 1));
    RETURN;
}

}  // namespace

PORT("Go chan/goroutines: a value passes through a chain of a thousand tasks") {
    constexpr std::size_t links = 1'000;
    std::vector<std::unique_ptr<bf::channel<int>>> chain;
    for (std::size_t n = 0; n <= links; ++n) chain.push_back(std::make_unique<bf::channel<int>>(0));
    // Joined, because whoever hands a value over looks at the channel once more after the receiver has it.
    std::vector<bf::join_handle<void>> passers;
    for (std::size_t n = 0; n < links; ++n)
        passers.push_back(go(pass_on, std::ref(*chain[n]), std::ref(*chain[n + 1])));
    (void)AWAIT(chain.front()->send(0));
    const auto got = AWAIT(chain.back()->recv());
    CHECK(got == int{links});
    for (auto& one : passers) AWAIT(one);
    RETURN;
}

namespace {

task_of<> filter(bf::channel<int>& from, bf::channel<int>& to, int prime) {
    while (const auto n = AWAIT(from.recv()))
        if (*n % prime != 0 && !AWAIT(to.send(*n))) break;
    from.close();
    to.close();
    RETURN;
}

}  // namespace

PORT("Go chan/sieve1: a sieve of filters gives the primes") {
    std::vector<std::unique_ptr<bf::channel<int>>> sieve;
    sieve.push_back(std::make_unique<bf::channel<int>>(0));
    auto numbers = go(
        [](bf::channel<int>& to) -> task_of<> {
            for (int n = 2;; ++n)
                if (!AWAIT(to.send(n))) break;
            RETURN;
        },
        std::ref(*sieve.back()));
    std::vector<bf::join_handle<void>> filters;
    const std::vector<int> primes{2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73};
    for (const int expected : primes) {
        const auto prime = AWAIT(sieve.back()->recv());
        CHECK(prime == expected);
        sieve.push_back(std::make_unique<bf::channel<int>>(0));
        filters.push_back(go(filter, std::ref(*sieve[sieve.size() - 2]), std::ref(*sieve.back()), *prime));
    }
    for (auto& channel : sieve) channel->close();
    AWAIT(numbers);
    for (auto& one : filters) AWAIT(one);
    RETURN;
}

PORT("Go chan/zerosize: values of no size pass, with and without room") {
    class nothing {
    public:
        nothing() noexcept {}
    };
    for (const std::uint32_t capacity : {0U, 5U}) {
        bf::channel<nothing> c{capacity};
        auto sender = go(
            [](bf::channel<nothing>& to) -> task_of<> {
                for (int n = 0; n < 20; ++n) (void)AWAIT(to.send(nothing{}));
                to.close();
                RETURN;
            },
            std::ref(c));
        int got = 0;
        for (;;) {
            const auto one = AWAIT(c.recv());
            if (!one) break;
            ++got;
        }
        CHECK(got == 20);
        AWAIT(sender);
    }
    RETURN;
}
