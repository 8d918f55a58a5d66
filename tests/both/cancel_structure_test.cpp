// Cancellation at every suspension of timers and deadlines, of handles, of waits for a condition, and of scopes.
#include "cancel_everywhere.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

using namespace tests;
namespace bf = bifilar;
using namespace std::chrono_literals;

namespace {

// In force inside and nowhere else, whatever ends it.
struct deadline_scenario : scenario {
    bf::channel<int> channel{8};
    bool right = true;
    bf::task<std::optional<int>> receive() {
        right = right && bf::current_deadline();
        const auto got = co_await channel.recv();
        right = right && bf::current_deadline();
        co_return got;
    }
    auto step(int) {
        return bf::deadline([this] { return receive(); }, 1h);
    }
    void passed(int n) {
        right = right && !bf::current_deadline();
        scenario::passed(n);
    }
    void wake(int n) { (void)channel.try_send(n); }
    bool check(int woken) { return right && !bf::current_deadline() && std::cmp_equal(channel.len(), woken - passes); }
};

// A tick and a sleep that are still far away lose every race and are cancelled with the last one: no tick was taken.
struct timer_scenario : scenario {
    bf::interval ticks{1h};
    std::chrono::steady_clock::time_point first{bf::await(ticks.tick())};
    bf::notify notice;
    auto step(int) { return bf::race(ticks.tick(), bf::sleep_for(1h), notice.wait()); }
    void wake(int) { notice.notify_one(); }
    bool check(int woken) { return ticks.next() - first == 1h && passes + (notice.try_wait() ? 1 : 0) == woken; }
};

struct unbounded_recv_many_scenario : scenario {
    bf::unbounded_channel<int> channel;
    std::vector<int> values;
    auto step(int) { return channel.recv_many(values, 8); }
    void wake(int n) {
        (void)channel.send(n);
        (void)channel.send(n);
    }
    bool check(int woken) { return std::cmp_equal(values.size() + channel.len(), 2 * woken); }
};

struct oneshot_handles : scenario {
    std::vector<bf::oneshot_sender<std::unique_ptr<int>>> senders;
    std::vector<bf::oneshot_receiver<std::unique_ptr<int>>> receivers;
    oneshot_handles() {
        for (int n = 0; n < steps_of_a_body; ++n) {
            auto [sender, receiver] = bf::make_oneshot<std::unique_ptr<int>>();
            senders.push_back(std::move(sender));
            receivers.push_back(std::move(receiver));
        }
    }
    auto step(int n) { return receivers[n].recv(); }
};

// A value that was not received is still there; without a receiver the sender keeps it.
struct oneshot_sent_scenario : oneshot_handles {
    void wake(int n) { (void)senders[n].send(std::make_unique<int>(n)); }
    bool check(int woken) {
        int left = 0;
        for (auto& receiver : receivers) left += receiver.try_recv() ? 1 : 0;
        receivers.clear();
        int refused = 0;
        for (auto& sender : senders) refused += sender.send(std::make_unique<int>(0)) ? 0 : 1;
        return passes + left == woken && refused == steps_of_a_body;
    }
};

// A sender that goes without having sent ends the wait for it, and no other.
struct oneshot_dropped_scenario : oneshot_handles {
    void wake(int) { senders.erase(senders.begin()); }
    bool check(int woken) {
        int closed = 0;
        for (auto& receiver : receivers) {
            const auto got = receiver.try_recv();
            closed += !got && got.error() == bf::try_recv_error::closed ? 1 : 0;
        }
        return passes == woken && closed == woken;
    }
};

// The outcome's future takes the handle with it; the task goes on, and takes what is there for it.
struct outcome_scenario : scenario {
    bf::channel<int> channel{8};
    int ended = 0;
    std::vector<bf::join_handle<int>> tasks;
    static bf::task<int> receive(outcome_scenario& s) {
        const auto got = co_await s.channel.recv();
        ++s.ended;
        co_return got.value_or(-1);
    }
    outcome_scenario() {
        for (int n = 0; n < steps_of_a_body; ++n) {
            tasks.push_back(bf::spawn(both_backends[n % 2], receive, std::ref(*this)));
            let_others_park();  // So that the messages go to the tasks in their order.
        }
    }
    auto step(int n) { return tasks[n].outcome(); }
    void wake(int n) { (void)channel.try_send(n); }
    bool check(int woken) {
        const bool right = ended == woken && channel.len() == 0;
        for (int n = woken; n < steps_of_a_body; ++n) (void)channel.try_send(n);
        let_others_park();
        return right && ended == steps_of_a_body && channel.len() == 0;
    }
};

// Each wake brings a token and a notice, and one notice more that brings nothing.
struct condition_until_scenario : scenario {
    bf::mutex mutex;
    bf::condition changed;
    int tokens = 0;
    bf::task<> take_token() {
        auto held = co_await mutex.lock();
        const auto there = [this] { return tokens > 0; };
        co_await changed.wait(held, there);
        --tokens;
    }
    auto step(int) { return take_token(); }
    void wake(int) {
        changed.notify_one();
        let_others_park();
        auto held = mutex.try_lock();
        ++tokens;
        held.unlock();
        changed.notify_one();
    }
    bool check(int woken) { return static_cast<bool>(mutex.try_lock()) && passes + tokens == woken; }
};

// The lock is held when the notice comes: a body that is cancelled while it queues for it leaves the notice to the
// other who waits.
struct condition_queue_scenario : condition_until_scenario {
    int others = 0;
    bf::mutex::guard held;
    bf::join_handle<void> other;
    static bf::task<> take_all(condition_queue_scenario& s) {
        // So that the body waits first.
        co_await bf::yield_now();
        co_await bf::yield_now();
        for (;;) {
            co_await s.take_token();
            ++s.others;
        }
    }
    condition_queue_scenario() : other{bf::spawn(take_all, std::ref(*this))} {}
    void wake(int) {
        held.unlock();
        let_others_park();
        held = mutex.try_lock();
        ++tokens;
        changed.notify_one();
    }
    bool check(int woken) {
        held.unlock();
        let_others_park();
        const bool kept = passes + others == woken && tokens == 0;
        other.cancel();
        (void)bf::await(other.outcome());
        return kept && static_cast<bool>(mutex.try_lock());
    }
};

struct scope_family : scenario {
    bf::channel<int> channel{8};
    int taken = 0;
    int alive_after = 0;  // Children that lived when a join was over.
    static bf::task<> receive(scope_family& s) {
        const auto got = co_await s.channel.recv();
        if (got) ++s.taken;
    }
    // A child of each model, and the wait for both.
    auto family_of(bf::task_scope& scope) {
        for (const bf::backend model : both_backends) scope.spawn(model, receive, std::ref(*this));
        return bf::finally(scope.join(), [this, &scope] { alive_after += static_cast<int>(scope.alive()); });
    }
    void wake(int n) {
        (void)channel.try_send(n);
        (void)channel.try_send(n);
    }
    bool check(int woken) { return alive_after == 0 && std::cmp_equal(channel.len(), 2 * woken - taken); }
};

// The scope is that of the test's fiber; the body waits for its children, and they end when it is cancelled.
struct scope_join_scenario : scope_family {
    bf::task_scope scope;
    auto step(int) { return family_of(scope); }
};

// A fiber with a scope of its own, itself a child of the one that is cancelled.
struct fiber_scope_scenario : scope_family {
    void run_family() {
        bf::task_scope scope;
        bf::await(family_of(scope));
    }
    auto step(int) {
        return bf::with_scope([this](bf::task_scope& outer) -> bf::task<> {
            outer.spawn(bf::backend::stackful, [this] { run_family(); });
            co_return;
        });
    }
};

}  // namespace

TEST_CASE("cancelling_a_timed_wait_at_any_moment_leaves_neither_deadline_nor_timer_behind") {
    cancel_everywhere<deadline_scenario>("deadline");
    cancel_everywhere<timer_scenario>("tick and sleep");
}

TEST_CASE("cancelling_a_receive_of_many_or_of_one_at_any_moment_loses_no_value") {
    cancel_everywhere<unbounded_recv_many_scenario>("unbounded_channel, recv_many");
    cancel_everywhere<oneshot_sent_scenario>("oneshot_receiver, value");
    cancel_everywhere<oneshot_dropped_scenario>("oneshot_receiver, sender dropped");
}

TEST_CASE("cancelling_a_wait_for_an_outcome_at_any_moment_leaves_the_task_alone") {
    cancel_everywhere<outcome_scenario>("join_handle, outcome");
}

TEST_CASE("cancelling_a_wait_for_a_predicate_at_any_moment_loses_neither_lock_nor_notice") {
    cancel_everywhere<condition_until_scenario>("condition with a predicate");
    cancel_everywhere<condition_queue_scenario>("condition with a predicate, in the queue for the lock");
}

TEST_CASE("cancelling_a_join_of_a_scope_at_any_moment_ends_its_children_first") {
    cancel_everywhere<scope_join_scenario>("task_scope, join");
    cancel_everywhere<fiber_scope_scenario>("task_scope in a fiber, join");
}
