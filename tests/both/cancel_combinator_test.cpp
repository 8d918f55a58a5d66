// Cancellation at every suspension of futures that are made of others: what these had taken is passed on or given back.
#include "cancel_everywhere.hpp"

#include <array>
#include <chrono>
#include <expected>
#include <optional>
#include <stop_token>
#include <utility>
#include <vector>

using namespace tests;
namespace bf = bifilar;
using namespace std::chrono_literals;

namespace {

// A permit of a wait that might have failed.
using result = std::expected<bf::semaphore::permit, int>;
auto take(bf::semaphore& from) {
    return bf::map(from.acquire(), [](bf::semaphore::permit taken) { return result{std::move(taken)}; });
}

// One member has its permit while the other waits.
struct try_join_all_scenario : scenario {
    bf::semaphore there{steps_of_a_body};
    bf::semaphore awaited{0, 100};
    auto step(int) { return bf::try_join_all(take(there), take(awaited)); }
    void wake(int) { awaited.release(); }
    bool check(int woken) {
        return std::cmp_equal(there.available(), steps_of_a_body) && std::cmp_equal(awaited.available(), woken);
    }
};

// A permit and an error come at once: the error ends the wait, and the permit goes back.
struct try_join_all_error_scenario : scenario {
    bf::semaphore permits{0, 100};
    std::array<bf::event, steps_of_a_body> failed;
    auto step(int n) {
        const auto fail = [] { return std::expected<void, int>{std::unexpected{7}}; };
        return bf::try_join_all(take(permits), bf::map(failed[n].wait(), fail));
    }
    void wake(int n) {
        permits.release();
        failed[n].set();
    }
    bool check(int woken) { return passes == woken && std::cmp_equal(permits.available(), woken); }
};

// Three members, of which one finds a permit at once.
template <bool Tries>
struct join_range_scenario : scenario {
    bf::semaphore permits{1, 100};
    auto step(int) {
        if constexpr (Tries) {
            std::vector<decltype(take(permits))> all;
            for (int n = 0; n < 3; ++n) all.push_back(take(permits));
            return bf::try_join_all(std::move(all));
        } else {
            std::vector<bf::semaphore::acquire_future> all;
            for (int n = 0; n < 3; ++n) all.push_back(permits.acquire());
            return bf::join_all(std::move(all));
        }
    }
    void wake(int) { permits.release(3); }
    bool check(int woken) { return std::cmp_equal(permits.available(), 1 + 3 * woken); }
};

// Two of three are served at once: what the loser was given goes back, and is there for the next step.
struct race_range_scenario : scenario {
    std::array<bf::unbounded_channel<int>, 3> channels;
    auto step(int) {
        std::vector<bf::unbounded_channel<int>::recv_future> all;
        for (auto& channel : channels) all.push_back(channel.recv());
        return bf::race(std::move(all));
    }
    void wake(int n) {
        (void)channels[n].send(n);
        (void)channels[(n + 1) % 3].send(n);
    }
    bool check(int woken) {
        std::size_t left = 0;
        for (auto& channel : channels) left += channel.len();
        return std::cmp_equal(left, 2 * woken - passes);
    }
};

// The set belongs to the test: its futures stay in it when a wait for the next is cancelled, and give what they get.
struct future_set_scenario : scenario {
    std::array<bf::oneshot<int>, steps_of_a_body> shots;
    bf::future_set<bf::oneshot<int>::recv_future> set;
    future_set_scenario() {
        for (auto& shot : shots) set.add(shot.recv());
    }
    auto step(int) { return set.next(); }
    void wake(int n) { (void)shots[n].send(n); }
    bool check(int woken) {
        for (int n = woken; n < steps_of_a_body; ++n) (void)shots[n].send(n);
        int left = 0;
        while (bf::await(set.next())) ++left;
        return passes + left == steps_of_a_body;
    }
};

// Both futures belong to the body and end before it does, as select asks for. `Both`: the loser is waited for too.
template <bool Both>
struct select_scenario : scenario {
    bf::channel<int> a{8};
    bf::channel<int> b{8};
    int taken = 0;
    bf::task<> choose() {
        auto from_a = a.recv();
        auto from_b = b.recv();
        auto first = co_await bf::select(from_a, from_b);
        ++taken;
        if constexpr (Both) {
            if (first.index() == 0)
                (void)co_await from_b;
            else
                (void)co_await from_a;
            ++taken;
        }
    }
    auto step(int) { return choose(); }
    // Where the loser is waited for, it is parked in every second case; else it was given something as well.
    void wake(int n) {
        if (!Both || n % 2 == 0) (void)a.try_send(n);
        if (!Both || n % 2 == 1) (void)b.try_send(n);
    }
    bool check(int woken) { return std::cmp_equal(a.len() + b.len(), (Both ? woken : 2 * woken) - taken); }
};

// The closed arm takes nothing, whatever is there for it.
struct when_scenario : scenario {
    bf::channel<int> a{8};
    bf::channel<int> b{8};
    auto step(int n) { return bf::race(bf::when(n % 2 == 0, a.recv()), bf::when(n % 2 == 1, b.recv())); }
    void wake(int n) {
        (void)a.try_send(n);
        (void)b.try_send(n);
    }
    bool check(int woken) {
        return std::cmp_equal(a.len(), woken - (passes + 1) / 2) && std::cmp_equal(b.len(), woken - passes / 2);
    }
};

// Room comes in both channels at once: one value is sent, and the room that was kept for the other is free again. As an
// arm a send is exact: what was not told to be sent was not.
template <std::uint32_t Capacity>
struct race_of_sends_scenario : scenario {
    bf::channel<int> a{Capacity};
    bf::channel<int> b{Capacity};
    int received = 0;
    race_of_sends_scenario() {
        for (std::uint32_t n = 0; n < Capacity; ++n) {
            (void)a.try_send(-1);
            (void)b.try_send(-1);
        }
    }
    auto step(int n) {
        const auto was_sent = [](const auto& sent) { return sent.has_value(); };
        return bf::race(bf::map(a.send(n), was_sent), bf::when(true, b.send(n)));
    }
    void wake(int) {
        received += a.try_recv() ? 1 : 0;
        received += b.try_recv() ? 1 : 0;
    }
    bool check(int) {
        constexpr int before = 2 * static_cast<int>(Capacity);
        return std::cmp_equal(a.len() + b.len(), before + passes - received);
    }
};

// At a rendezvous too, through a timeout and a race: each wake is a receiver that comes and waits.
struct rendezvous_arm_scenario : scenario {
    bf::channel<int> channel{0};
    int received = 0;
    std::vector<bf::join_handle<void>> receivers;
    static bf::task<> receive(rendezvous_arm_scenario& s) {
        const auto got = co_await s.channel.recv();
        if (got) ++s.received;
    }
    auto step(int n) { return bf::race(bf::timeout(channel.send(n), 1h), bf::pending<int>()); }
    void wake(int) { receivers.push_back(bf::spawn(receive, std::ref(*this))); }
    bool check(int) {
        for (auto& receiver : receivers) {
            receiver.cancel();
            (void)bf::await(receiver.outcome());
        }
        return received == passes && !channel.try_recv();
    }
};

// The function is called once for each message that was taken, and not without one.
struct map_scenario : scenario {
    bf::channel<int> channel{8};
    int calls = 0;
    auto step(int) {
        return bf::map(channel.recv(), [this](std::optional<int> got) { calls += got ? 1 : 0; });
    }
    void wake(int n) { (void)channel.try_send(n); }
    bool check(int woken) { return calls == passes && std::cmp_equal(channel.len(), woken - calls); }
};

// A message and then a permit: one of the two is there before, the body waits for the other.
template <bool ForPermit>
struct and_then_scenario : scenario {
    bf::channel<int> channel{8};
    bf::semaphore permits{ForPermit ? 0U : 1U, 100};
    int taken = 0;
    and_then_scenario() {
        if (ForPermit) (void)channel.try_send(-1);
    }
    auto step(int) {
        return bf::and_then(channel.recv(), [this](std::optional<int> got) {
            taken += got ? 1 : 0;
            return permits.acquire();
        });
    }
    void wake(int n) {
        (void)channel.try_send(n);
        permits.release();
    }
    bool check(int woken) {
        return std::cmp_equal(channel.len(), woken + (ForPermit ? 1 : 0) - taken) &&
               std::cmp_equal(permits.available(), woken + (ForPermit ? 0 : 1));
    }
};

// A wait for an event, which sets it itself once a task that is being cancelled has asked it: what must not be
// interrupted comes to its end a turn later, although nobody wakes it.
class patient_wait {
public:
    using output = void;

    explicit patient_wait(bf::event& at) noexcept : at_{&at}, wait_{at.wait()} {}
    bf::polled<void> poll(bf::context& cx) noexcept {
        if (wait_.poll(cx)) return bf::done;
        if (cx.cancelling() && !std::exchange(asked_, true)) at_->set();
        return bf::not_ready;
    }

private:
    bf::event* at_;
    bf::event::wait_future wait_;
    bool asked_ = false;
};

struct shield_scenario : scenario {
    bf::semaphore permits{1};
    std::array<bf::event, steps_of_a_body> go;
    int begun = 0;
    int ended = 0;
    bool fiber = false;
    bf::task<> transaction(int n) {
        const auto held = co_await permits.acquire();
        ++begun;
        patient_wait goes{go[n]};
        co_await goes;
        ++ended;
    }
    auto step(int n) {
        // A fiber goes on behind a shield, and unwinds at a wait without one.
        if (bf::stackful::fiber::current() != nullptr) {
            fiber = true;
            bf::this_fiber::yield();
        }
        return bf::shield(transaction(n));
    }
    void wake(int n) { go[n].set(); }
    // The one in which the body was cancelled has ended too; a coroutine has not gone on behind it.
    bool check(int woken) {
        const bool passed_all = passes == woken || (fiber && passes == woken + 1);
        return begun == ended && passed_all && permits.available() == 1;
    }
};

// A clean-up for each wait that has begun, also where nothing else came of it. `Waits`: the clean-up suspends, and a
// permit that had come goes back when the task is cancelled meanwhile.
template <bool Waits>
struct finally_scenario : scenario {
    bf::semaphore permits{0, 100};
    bf::channel<int> channel{8};
    int begun = 0;
    int cleaned = 0;
    bf::task<> clean() {
        co_await bf::yield_now();
        ++cleaned;
    }
    auto step(int) {
        ++begun;
        if constexpr (Waits)
            return bf::finally(permits.acquire(), [this] { return clean(); });
        else
            return bf::finally(channel.recv(), [this] { ++cleaned; });
    }
    void wake(int n) {
        permits.release();
        (void)channel.try_send(n);
    }
    bool check(int woken) {
        return cleaned == begun && std::cmp_equal(permits.available(), woken) &&
               std::cmp_equal(channel.len(), Waits ? woken : woken - passes);
    }
};

// The first wait is ended by a message, the second by a stop, the third by both, and then the message counts.
struct stop_when_scenario : scenario {
    bf::channel<int> channel{8};
    std::array<std::stop_source, steps_of_a_body> sources;
    int sent = 0;
    int received = 0;
    auto step(int n) {
        return bf::map(bf::stop_when(sources[n].get_token(), channel.recv()),
                       [this](const auto& answer) { received += answer.has_value() ? 1 : 0; });
    }
    void wake(int n) {
        if (n != 1 && channel.try_send(n)) ++sent;
        if (n != 0) sources[n].request_stop();
    }
    bool check(int) {
        return received == passes - (passes > 1 ? 1 : 0) && std::cmp_equal(channel.len(), sent - received);
    }
};

// Nothing but the token tells the listener of the cancellation, and it comes to its own end each time.
struct with_stop_token_scenario : scenario {
    bf::channel<int> channel{8};
    int begun = 0;
    int ended = 0;
    int received = 0;
    bf::task<> listen(std::stop_token token) {
        ++begun;
        const auto answer = co_await bf::stop_when(std::move(token), channel.recv());
        if (answer) ++received;
        ++ended;
    }
    auto step(int) {
        return bf::with_stop_token([this](std::stop_token token) { return listen(std::move(token)); });
    }
    void wake(int n) { (void)channel.try_send(n); }
    bool check(int woken) { return begun == ended && std::cmp_equal(channel.len(), woken - received); }
};

}  // namespace

TEST_CASE("cancelling_a_group_at_any_moment_gives_back_what_its_members_have_taken") {
    cancel_everywhere<try_join_all_scenario>("try_join_all");
    cancel_everywhere<try_join_all_error_scenario>("try_join_all, error");
    cancel_everywhere<join_range_scenario<false>>("join_all over a vector");
    cancel_everywhere<join_range_scenario<true>>("try_join_all over a vector");
}

TEST_CASE("cancelling_a_choice_at_any_moment_takes_no_more_than_was_chosen") {
    cancel_everywhere<race_range_scenario>("race over a vector");
    cancel_everywhere<select_scenario<false>>("select");
    cancel_everywhere<select_scenario<true>>("select, then the other");
    cancel_everywhere<when_scenario>("race of open and closed arms");
}

TEST_CASE("cancelling_a_wait_for_a_set_at_any_moment_cancels_none_of_its_futures") {
    cancel_everywhere<future_set_scenario>("future_set, next");
}

TEST_CASE("a_send_as_an_arm_is_exact_at_any_moment_of_cancellation") {
    cancel_everywhere<race_of_sends_scenario<1>>("race of two sends, channels of 1");
    cancel_everywhere<race_of_sends_scenario<2>>("race of two sends, channels of 2");
    cancel_everywhere<rendezvous_arm_scenario>("race with a send at a rendezvous");
}

TEST_CASE("cancelling_a_continuation_at_any_moment_loses_nothing_between_its_parts") {
    cancel_everywhere<map_scenario>("map");
    cancel_everywhere<and_then_scenario<false>>("and_then, in its first part");
    cancel_everywhere<and_then_scenario<true>>("and_then, in its second part");
}

TEST_CASE("what_may_delay_a_cancellation_comes_to_its_end_at_any_moment_of_one") {
    cancel_everywhere<shield_scenario>("shield");
    cancel_everywhere<finally_scenario<false>>("finally");
    cancel_everywhere<finally_scenario<true>>("finally that waits");
    cancel_everywhere<stop_when_scenario>("stop_when");
    cancel_everywhere<with_stop_token_scenario>("with_stop_token");
}
