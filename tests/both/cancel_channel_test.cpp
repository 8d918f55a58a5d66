// Cancellation at every suspension of every channel and combinator: no message is lost or doubled.
#include "cancel_everywhere.hpp"

#include <array>
#include <chrono>
#include <memory>
#include <vector>

using namespace tests;
namespace bf = bifilar;
using namespace std::chrono_literals;

namespace {

template <class Channel>
int drain(Channel& channel) {
    int count = 0;
    while (channel.try_recv()) ++count;
    return count;
}

// Receives move-only values. What the body received and what is left is what was sent.
struct recv_scenario : scenario {
    bf::channel<std::unique_ptr<int>> channel{8};
    auto step(int) { return channel.recv(); }
    void wake(int n) { (void)channel.try_send(std::make_unique<int>(n)); }
    bool check(int woken) { return passes + drain(channel) == woken; }
};

struct unbounded_scenario : scenario {
    bf::unbounded_channel<std::unique_ptr<int>> channel;
    auto step(int) { return channel.recv(); }
    void wake(int n) { (void)channel.send(std::make_unique<int>(n)); }
    bool check(int woken) { return passes + drain(channel) == woken; }
};

struct recv_many_scenario : scenario {
    bf::channel<int> channel{8};
    std::vector<int> values;
    auto step(int) { return channel.recv_many(values, 8); }
    void wake(int n) { (void)channel.try_send(n); }
    bool check(int woken) { return static_cast<int>(values.size()) + drain(channel) == woken; }
};

// The receiver's half of a rendezvous: a try_send succeeds only while the body waits.
struct rendezvous_recv_scenario : scenario {
    bf::channel<int> channel{0};
    int sent = 0;
    auto step(int) { return channel.recv(); }
    void wake(int n) {
        if (channel.try_send(n)) ++sent;
    }
    bool check(int) { return passes + drain(channel) == sent && !channel.try_send(1); }
};

// A send that gave up may have been taken: between its last poll and its end.
template <std::uint32_t Capacity>
struct send_scenario : scenario {
    bf::channel<int> channel{Capacity};
    int received = 0;
    send_scenario() {
        while (channel.try_send(-1)) {
        }
    }
    auto step(int n) { return channel.send(n); }
    void wake(int) {
        if (channel.try_recv()) ++received;
    }
    bool check(int) {
        const int all = received + drain(channel) - static_cast<int>(Capacity);
        return all == passes || all == passes + 1;
    }
};

struct oneshot_scenario : scenario {
    std::array<bf::oneshot<int>, steps_of_a_body> shots;
    auto step(int n) { return shots[n].recv(); }
    void wake(int n) { (void)shots[n].send(n); }
    bool check(int woken) {
        int left = 0;
        for (auto& shot : shots) left += shot.try_recv() ? 1 : 0;
        return passes + left == woken;
    }
};

struct broadcast_scenario : scenario {
    bf::broadcast<int> channel{8};
    bf::broadcast<int>::subscription values{channel.subscribe()};
    auto step(int) { return values.recv(); }
    void wake(int n) { (void)channel.send(n); }
    bool check(int woken) {
        int left = 0;
        while (values.try_recv()) ++left;
        return passes + left == woken;
    }
};

struct watch_scenario : scenario {
    bf::watch<int> value{-1};
    bf::watch<int>::watcher watcher{value.subscribe()};
    auto step(int) { return watcher.changed(); }
    void passed(int n) {
        (void)watcher.get();
        scenario::passed(n);
    }
    void wake(int n) { (void)value.send(n); }
    bool check(int woken) { return passes + (watcher.has_changed() ? 1 : 0) == woken; }
};

// The handle goes with the body; its task goes on.
struct join_scenario : scenario {
    std::array<bf::event, steps_of_a_body> go;
    int ended = 0;
    std::vector<bf::join_handle<int>> tasks;
    join_scenario() {
        for (int n = 0; n < steps_of_a_body; ++n)
            tasks.push_back(bf::spawn(bf::map(go[n].wait(), [this, n] {
                ++ended;
                return n;
            })));
    }
    auto step(int n) { return std::move(tasks[n]); }
    void wake(int n) { go[n].set(); }
    bool check(int) {
        for (auto& event : go) event.set();
        let_others_park();
        return ended == steps_of_a_body;
    }
};

// Two channels, of which one is served.
struct race_scenario : scenario {
    bf::channel<int> a{8};
    bf::channel<int> b{8};
    auto step(int) { return bf::race(a.recv(), b.recv(), bf::pending<int>()); }
    void wake(int n) { (void)(n % 2 == 0 ? a : b).try_send(n); }
    bool check(int woken) { return passes + drain(a) + drain(b) == woken; }
};

struct timeout_scenario : scenario {
    bf::channel<int> channel{8};
    auto step(int) { return bf::timeout(channel.recv(), 1h); }
    void wake(int n) { (void)channel.try_send(n); }
    bool check(int woken) { return passes + drain(channel) == woken; }
};

// Both or neither: what one member had taken when the other was cancelled is lost with the group, which says so; the
// waits themselves must be at rest.
struct join_all_scenario : scenario {
    std::array<bf::event, steps_of_a_body> a;
    std::array<bf::event, steps_of_a_body> b;
    auto step(int n) {
        a[n].set();
        return bf::join_all(a[n].wait(), b[n].wait());
    }
    void wake(int n) { b[n].set(); }
    bool check(int woken) { return passes <= woken; }
};

struct task_scenario : scenario {
    bf::channel<int> channel{8};
    // Three coroutines deep.
    static bf::task<int> inner(bf::channel<int>& from) { co_return (co_await from.recv()).value_or(-1); }
    static bf::task<int> middle(bf::channel<int>& from) { co_return co_await inner(from); }
    auto step(int) { return middle(channel); }
    void wake(int n) { (void)channel.try_send(n); }
    bool check(int woken) { return passes + drain(channel) == woken; }
};

struct scope_scenario : scenario {
    bf::channel<int> channel{8};
    std::atomic<int> taken{0};
    auto step(int) {
        return bf::with_scope([this](bf::task_scope& scope) -> bf::task<> {
            scope.spawn(bf::backend::stackful, [this] {
                if (bf::await(channel.recv())) ++taken;
            });
            scope.spawn([](bf::event& never) -> bf::task<> { co_await never.wait(); }, std::ref(never_)).cancel();
            co_return;
        });
    }
    void wake(int n) { (void)channel.try_send(n); }
    bool check(int woken) { return taken + drain(channel) == woken; }
    bf::event never_;
};

}  // namespace

TEST_CASE("cancelling_a_receive_at_any_moment_loses_no_message") {
    cancel_everywhere<recv_scenario>("channel, recv");
    cancel_everywhere<unbounded_scenario>("unbounded_channel, recv");
    cancel_everywhere<recv_many_scenario>("channel, recv_many");
    cancel_everywhere<rendezvous_recv_scenario>("rendezvous, recv");
    cancel_everywhere<oneshot_scenario>("oneshot");
    cancel_everywhere<broadcast_scenario>("broadcast");
    cancel_everywhere<watch_scenario>("watch");
}

TEST_CASE("cancelling_a_send_at_any_moment_sends_once_or_not_at_all") {
    cancel_everywhere<send_scenario<1>>("channel of 1, send");
    cancel_everywhere<send_scenario<2>>("channel of 2, send");
    cancel_everywhere<send_scenario<0>>("rendezvous, send");
}

TEST_CASE("cancelling_a_combinator_at_any_moment_brings_its_members_to_rest") {
    cancel_everywhere<join_scenario>("join_handle");
    cancel_everywhere<race_scenario>("race");
    cancel_everywhere<timeout_scenario>("timeout");
    cancel_everywhere<join_all_scenario>("join_all");
    cancel_everywhere<task_scenario>("task");
    cancel_everywhere<scope_scenario>("with_scope");
}
