// What Go promises of select: its programs in test/chan. A select over sends and receives is race, one with a default
// arm is try_race, and a nil channel is when(false, ...).
#include "port.hpp"

#include <array>
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

}  // namespace

PORT("Go chan/select3: a nil channel is never ready, neither for a receive nor for a send") {
    bf::channel<int> c{1};
    const auto received = AWAIT(bf::timeout(bf::when(false, c.recv()), 1s));
    CHECK_FALSE(received.has_value());
    const auto sent = AWAIT(bf::timeout(bf::when(false, c.send(1)), 1s));
    CHECK_FALSE(sent.has_value());
    CHECK(c.len() == 0);
    RETURN;
}

PORT("Go chan/select3: a select over nil channels alone waits for ever") {
    bf::channel<int> c{1};
    const auto first = AWAIT(bf::timeout(bf::race(bf::when(false, c.recv()), bf::when(false, c.send(1))), 1s));
    CHECK_FALSE(first.has_value());
    RETURN;
}

PORT("Go chan/select3: a default arm is taken when nothing is ready") {
    bf::channel<int> a{0};
    bf::channel<int> b{0};
    const auto first = AWAIT(bf::try_race(a.recv(), b.send(1)));
    CHECK_FALSE(first.has_value());
    const auto nil = AWAIT(bf::try_race(bf::when(false, a.recv())));
    CHECK_FALSE(nil.has_value());
    RETURN;
}

PORT("Go chan/select3: a default arm is not taken when something is ready") {
    bf::channel<int> c{1};
    const auto sent = AWAIT(bf::try_race(c.send(5)));
    CHECK(sent.has_value());
    CHECK(c.len() == 1);
    auto got = AWAIT(bf::try_race(c.recv()));
    CHECK((got.has_value() && std::get<0>(got->value()) == 5));
    c.close();
    const auto closed = AWAIT(bf::try_race(c.recv()));
    CHECK(closed.has_value());
    RETURN;
}

PORT("Go chan/select3: a select takes the arm that is ready beside one that is not") {
    bf::channel<int> never{0};
    bf::channel<int> c{1};
    const auto sent = AWAIT(bf::race(never.recv(), c.send(3)));
    CHECK(sent.index() == 1);
    const auto got = AWAIT(bf::race(c.recv(), never.send(0)));
    CHECK(got.index() == 0);
    RETURN;
}

PORT("Go chan/select3: a closed channel makes a receive arm ready") {
    bf::channel<int> never{0};
    bf::channel<int> c{0};
    c.close();
    auto got = AWAIT(bf::race(never.recv(), c.recv()));
    CHECK(got.index() == 1);
    CHECK_FALSE(std::get<1>(got.value()).has_value());
    RETURN;
}

PORT("Go chan/select3: a select that waits is woken by a peer that comes, as receiver and as sender") {
    bf::channel<int> c{0};
    bf::channel<int> never{0};
    auto sender = go(send_all, std::ref(c), 8, 1);
    auto got = AWAIT(bf::race(c.recv(), never.recv()));
    CHECK((got.index() == 0 && std::get<0>(got.value()) == 8));
    AWAIT(sender);
    auto receiver = go(receive_one, std::ref(c));
    const auto sent = AWAIT(bf::race(never.recv(), c.send(9)));
    CHECK(sent.index() == 1);
    const int received = AWAIT(receiver);
    CHECK(received == 9);
    RETURN;
}

namespace {

// Sends until `over` is closed; counts. By a plain send, a select, and a select that tries.
task_of<int> send_plainly(bf::channel<int>& c, int rounds) {
    int sent = 0;
    for (int n = 0; n < rounds; ++n) sent += AWAIT(c.send(n)).has_value() ? 1 : 0;
    RETURN sent;
}
task_of<int> send_by_select(bf::channel<int>& c, int rounds) {
    bf::channel<int> dummy{0};
    int sent = 0;
    for (int n = 0; n < rounds; ++n) {
        const auto first = AWAIT(bf::race(c.send(n), dummy.recv()));
        sent += first.index() == 0 ? 1 : 0;
    }
    RETURN sent;
}
task_of<int> send_by_trying(bf::channel<int>& c, int rounds) {
    int sent = 0;
    while (sent < rounds) {
        const auto first = AWAIT(bf::try_race(c.send(sent)));
        if (first)
            ++sent;
        else
            AWAIT(bf::yield_now());
    }
    RETURN sent;
}
task_of<int> receive_plainly(bf::channel<int>& c, int rounds) {
    int next = 0;
    for (int n = 0; n < rounds; ++n) {
        const auto got = AWAIT(c.recv());
        if (got == next) ++next;
    }
    RETURN next;
}
task_of<int> receive_by_select(bf::channel<int>& c, int rounds) {
    bf::channel<int> dummy{0};
    int next = 0;
    for (int n = 0; n < rounds; ++n) {
        auto first = AWAIT(bf::race(dummy.send(0), c.recv()));
        if (first.index() == 1 && std::get<1>(first.value()) == next) ++next;
    }
    RETURN next;
}
using peer = task_of<int> (*)(bf::channel<int>&, int);

}  // namespace

PORT("Go chan/select7: plain and selecting senders meet plain and selecting receivers, in order") {
    constexpr int rounds = 20;
    constexpr std::array<peer, 3> senders{&send_plainly, &send_by_select, &send_by_trying};
    constexpr std::array<peer, 2> receivers{&receive_plainly, &receive_by_select};
    for (const peer send : senders)
        for (const peer receive : receivers)
            for (const std::uint32_t capacity : {0U, 1U, 10U}) {
                bf::channel<int> c{capacity};
                auto receiver = go(receive, std::ref(c), rounds);
                auto sender = go(send, std::ref(c), rounds);
                const int sent = AWAIT(sender);
                const int got = AWAIT(receiver);
                CHECK(sent == rounds);
                CHECK(got == rounds);
            }
    RETURN;
}

PORT("Go chan/select: two selecting producers and one consumer pass every number once") {
    bf::channel<int> a{0};
    bf::channel<int> b{0};
    auto low = go(send_all, std::ref(a), 0, 100);
    auto high = go(send_all, std::ref(b), 100, 100);
    std::array<int, 200> seen{};
    for (int n = 0; n < 200; ++n) {
        auto got = AWAIT(bf::race(a.recv(), b.recv()));
        const int value = got.index() == 0 ? *std::get<0>(got.value()) : *std::get<1>(got.value());
        ++seen[static_cast<std::size_t>(value)];
    }
    CHECK(std::all_of(seen.begin(), seen.end(), [](int times) { return times == 1; }));
    AWAIT(low);
    AWAIT(high);
    RETURN;
}

namespace {

task_of<> multiplex(std::array<bf::channel<int>, 4>& from, bf::channel<int>& to) {
    for (;;) {
        auto got = AWAIT(bf::race(from[0].recv(), from[1].recv(), from[2].recv(), from[3].recv()));
        const auto value = std::visit([](auto& one) { return one; }, got.value());
        if (!value) break;
        (void)AWAIT(to.send(*value));
    }
    RETURN;
}

}  // namespace

PORT("Go chan/doubleselect: two selects over the same channels get no value twice") {
    constexpr int values = 400;
    std::array<bf::channel<int>, 4> from{bf::channel<int>{0}, bf::channel<int>{0}, bf::channel<int>{0},
                                         bf::channel<int>{0}};
    bf::channel<int> out{0};
    auto first = go(multiplex, std::ref(from), std::ref(out));
    auto second = go(multiplex, std::ref(from), std::ref(out));
    auto sender = go(
        [](std::array<bf::channel<int>, 4>& to) -> task_of<> {
            for (int n = 0; n < values; ++n)
                (void)AWAIT(bf::race(to[0].send(n), to[1].send(n), to[2].send(n), to[3].send(n)));
            for (auto& one : to) one.close();
            RETURN;
        },
        std::ref(from));
    std::vector<int> seen(values);
    for (int n = 0; n < values; ++n) {
        const auto got = AWAIT(out.recv());
        ++seen[static_cast<std::size_t>(*got)];
    }
    CHECK(std::all_of(seen.begin(), seen.end(), [](int times) { return times == 1; }));
    AWAIT(sender);
    AWAIT(first);
    AWAIT(second);
    RETURN;
}

PORT("Go chan/select6: a receiver behind a select that gave up is still served") {
    bf::channel<int> blocked{0};
    bf::channel<int> ready{1};
    for (int round = 0; round < 20; ++round) {
        (void)ready.try_send(0);
        auto selecting = go(
            [](bf::channel<int>& a, bf::channel<int>& b) -> task_of<> {
                (void)AWAIT(bf::race(a.recv(), b.recv()));
                RETURN;
            },
            std::ref(blocked), std::ref(ready));
        auto behind = go(receive_one, std::ref(blocked));
        AWAIT(selecting);
        (void)AWAIT(blocked.send(round));
        const int got = AWAIT(behind);
        CHECK(got == round);
    }
    RETURN;
}

PORT("Go chan/select2: selects that are not chosen leave nothing behind in a channel") {
    bf::channel<int> never{0};
    bf::channel<int> c{1};
    for (int n = 0; n < 10'000; ++n) {
        (void)c.try_send(n);
        (void)AWAIT(bf::race(never.recv(), c.recv()));
    }
    CHECK(never.try_send(1).error().is_full());  // Nobody waits there.
    CHECK(never.try_recv().error() == bf::try_recv_error::empty);
    RETURN;
}

PORT("Go chan/select4: an arm's value is made once, whether it is chosen or not") {
    int made = 0;
    const auto make = [&made] { return ++made; };
    bf::channel<int> full{1};
    (void)full.try_send(0);
    const auto first = AWAIT(bf::try_race(full.send(make())));
    CHECK_FALSE(first.has_value());
    CHECK(made == 1);
    RETURN;
}
