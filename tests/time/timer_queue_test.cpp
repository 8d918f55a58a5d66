// timer_queue against std::multimap: what the ordered map says must fire is what fires, for any 64-bit deadline.
// Time is a number of the test; the tasks are bare headers that count how often they were scheduled.
#include "catch.hpp"
#include "seed.hpp"
#include "time/sleeper_task.hpp"
#include <bifilar/base/detail/random.hpp>
#include <bifilar/base/detail/sanitizer.hpp>
#include <bifilar/task/context.hpp>
#include <bifilar/time/detail/timer_queue.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

namespace bf = bifilar;
using bf::base::instant_ns;
using bf::base::never;
using tests::day;
using tests::due;
using tests::range_ms_36;
using tests::second;
using tests::sleeper_task;
using tests::tick;

namespace {

#if defined(BIFILAR_ASAN) || defined(BIFILAR_TSAN)
constexpr int many = 100'000;
#else
constexpr int many = 1'000'000;
#endif

// A queue and its oracle, with a fixed number of timers that come and go.
class pair_of_queues {
public:
    pair_of_queues(std::size_t timers, std::uint64_t seed) : random_{seed}, timers_(timers) {
        for (timer& t : timers_)
            for (auto& task : t.tasks) {
                task = std::make_unique<sleeper_task>(&order_);
                owner_[task.get()] = &t;
            }
    }
    ~pair_of_queues() {
        for (timer& t : timers_)
            if (t.node) (void)queue_.remove(*t.node);
    }

    void step() {
        timer& t = timers_[random_.below(static_cast<std::uint32_t>(timers_.size()))];
        const std::uint32_t what = random_.below(100);
        if (!t.node)
            insert(t, some_deadline());
        else if (what < 55)
            remove(t);
        else if (what < 97)
            renew(t);
        if (what >= 98) fire(some_moment());
        // The queue may have to move a timer before it is due.
        const instant_ns next = queue_.next_deadline();
        if (oracle_.empty() ? next != never : next > oracle_deadline()) ++wrong_deadlines;
    }
    void remove_all() {
        for (timer& t : timers_)
            if (t.node) remove(t);
    }
    [[nodiscard]] bool nothing_left() { return oracle_.empty() && queue_.next_deadline() == never; }

    int wrong_deadlines = 0;
    int early = 0;
    int forgotten = 0;
    int wrong_wakers = 0;
    int wrong_answers = 0;
    long fired = 0;

private:
    struct timer {
        std::array<std::unique_ptr<sleeper_task>, 2> tasks;
        std::optional<bf::detail::timer_node> node;
        std::size_t waker = 0;
        std::multimap<instant_ns, timer*>::iterator place;
    };

    [[nodiscard]] instant_ns oracle_deadline() const { return oracle_.empty() ? never : oracle_.begin()->first; }

    instant_ns some_deadline() {
        const auto from_now = [&](instant_ns ns) { return bf::base::after(now_, std::chrono::nanoseconds{ns}); };
        const auto bits = [&](std::uint32_t count) { return static_cast<instant_ns>(random_.next() >> (64 - count)); };
        switch (random_.below(10)) {
            case 0:
                return now_;
            case 1:
                return now_ - bits(30);
            case 2:
                return never;
            case 3:
                return from_now(12 * day + bits(20));
            case 4:
                return from_now(730 * day + bits(20));
            case 5:
                return from_now(range_ms_36 - 1 + random_.below(3));
            case 6:
                return oracle_.empty() ? now_ : std::prev(oracle_.end())->first;
            case 7:
                return oracle_deadline();
            default:
                return from_now(bits(1 + random_.below(62)));
        }
    }
    // Never less than the last one: time does not go back.
    instant_ns some_moment() {
        const instant_ns next = oracle_deadline();
        const bool near = next > now_ && next < instant_ns{1} << 61;
        switch (random_.below(4)) {
            case 0:
                return now_;
            case 1:
                return near ? next - 1 : now_;
            case 2:
                return near ? next : now_;
            default:
                return now_ + static_cast<instant_ns>(random_.next() >> (64 - 1 - random_.below(48)));
        }
    }

    void insert(timer& t, instant_ns deadline) {
        t.node.emplace();
        t.waker = random_.below(2);
        bf::context cx{*t.tasks[t.waker]};
        queue_.insert(*t.node, deadline, random_.below(2) == 0 ? now_ : 0, cx);
        if (!cx.armed() || t.node->where() != bf::detail::timer_node::place::waiting) ++wrong_answers;
        t.place = oracle_.emplace(due(deadline), &t);
    }
    void remove(timer& t) {
        if (queue_.remove(*t.node)) ++wrong_answers;
        if (t.node->where() != bf::detail::timer_node::place::fresh) ++wrong_answers;
        if (queue_.remove(*t.node)) ++wrong_answers;  // The second time it does nothing.
        oracle_.erase(t.place);
        t.node.reset();
    }
    void renew(timer& t) {
        t.waker = 1 - t.waker;
        bf::context cx{*t.tasks[t.waker]};
        if (!queue_.renew(*t.node, cx)) ++wrong_answers;
    }
    void fire(instant_ns now) {
        now_ = now;
        order_.clear();
        queue_.fire(now);
        for (sleeper_task* const task : order_) {
            timer& t = *owner_.at(task);
            if (task != t.tasks[t.waker].get()) ++wrong_wakers;
            const instant_ns deadline = t.place->first;
            if (deadline > now) ++early;
            if (t.node->where() != bf::detail::timer_node::place::fired) ++wrong_answers;
            bf::context cx{*task};
            if (queue_.renew(*t.node, cx) || !queue_.remove(*t.node)) ++wrong_answers;
            oracle_.erase(t.place);
            t.node.reset();
            ++fired;
        }
        if (oracle_deadline() <= now || queue_.next_deadline() <= now) ++forgotten;
    }

    bf::detail::timer_queue queue_;
    std::multimap<instant_ns, timer*> oracle_;
    std::map<sleeper_task*, timer*> owner_;
    std::vector<sleeper_task*> order_;
    bf::base::random random_;
    instant_ns now_ = 1'000 * second;
    std::vector<timer> timers_;
};

void check_against_oracle(std::size_t timers, int steps, std::uint64_t seed) {
    INFO("timers: " << timers << ", seed: " << seed);
    pair_of_queues both{timers, seed};
    for (int n = 0; n < steps; ++n) both.step();
    both.remove_all();
    CHECK(both.wrong_deadlines == 0);
    CHECK(both.early == 0);
    CHECK(both.forgotten == 0);
    CHECK(both.wrong_wakers == 0);
    CHECK(both.wrong_answers == 0);
    CHECK(both.fired > 0);
    CHECK(both.nothing_left());
}

}  // namespace

TEST_CASE("random_timers_do_what_an_ordered_map_says") {
    const std::uint64_t seed = tests::seed_of_this_run("timer_queue");
    check_against_oracle(1, 10'000, seed);
    check_against_oracle(7, 30'000, seed + 1);
    check_against_oracle(5'000, 200'000, seed + 2);
}

TEST_CASE("one_fire_wakes_all_that_are_due_whatever_their_number") {
    // Around the portions in which the queue lets its lock go.
    for (const std::size_t count : {0U, 1U, 63U, 64U, 65U, 128U, 1'000U}) {
        bf::detail::timer_queue queue;
        std::deque<sleeper_task> tasks;
        std::deque<bf::detail::timer_node> nodes(count + 1);
        for (std::size_t n = 0; n <= count; ++n) {
            bf::context cx{tasks.emplace_back()};
            queue.insert(nodes[n], (n < count ? 100 : 101) * tick, 0, cx);
        }
        queue.fire(100 * tick - 1);
        const bool none = std::all_of(tasks.begin(), tasks.end(), [](const auto& t) { return t.wakes() == 0; });
        CHECK(none);
        queue.fire(101 * tick - 1);
        const auto woken = std::count_if(tasks.begin(), tasks.end(), [](const auto& t) { return t.wakes() == 1; });
        CHECK(static_cast<std::size_t>(woken) == count);
        CHECK(tasks.back().wakes() == 0);
        CHECK(queue.next_deadline() == 101 * tick);
        queue.fire(never - 1);
        CHECK(tasks.back().wakes() == 1);
        CHECK(queue.next_deadline() == never);
    }
}

TEST_CASE("a_timer_that_never_comes_does_not_fire") {
    bf::detail::timer_queue queue;
    sleeper_task task;
    bf::detail::timer_node node;
    bf::context cx{task};
    queue.insert(node, never, 0, cx);
    CHECK(queue.next_deadline() == never);
    queue.fire(never - 1);
    CHECK(task.wakes() == 0);
    CHECK_FALSE(queue.remove(node));
}

TEST_CASE("the_first_timer_after_a_long_silence_is_told_to_the_tick") {
    bf::detail::timer_queue queue;
    sleeper_task task;
    bf::detail::timer_node node;
    bf::context cx{task};
    // Where a few ticks more are in the lowest level of the wheel, if it has come along.
    constexpr instant_ns now = (instant_ns{1} << 20) * tick;
    queue.insert(node, now + 5 * tick, now, cx);
    CHECK(queue.next_deadline() == now + 5 * tick);
    (void)queue.remove(node);
}

TEST_CASE("a_timer_may_be_set_again_after_it_was_removed") {
    bf::detail::timer_queue queue;
    sleeper_task task;
    bf::detail::timer_node node;
    CHECK_FALSE(queue.remove(node));
    for (int n = 0; n < 3; ++n) {
        bf::context cx{task};
        queue.insert(node, (50 - n) * tick, 0, cx);
        CHECK(queue.next_deadline() == (50 - n) * tick);
        CHECK_FALSE(queue.remove(node));
        CHECK(queue.next_deadline() == never);
    }
    CHECK(task.wakes() == 0);
}

TEST_CASE("very_many_timers_come_and_go_in_any_order") {
    // A step that is linear in the number of timers would not end here.
    bf::base::random random{tests::seed_of_this_run("many timers")};
    bf::detail::timer_queue queue;
    sleeper_task task;
    bf::context cx{task};
    const auto count = static_cast<std::uint32_t>(many);
    std::deque<bf::detail::timer_node> nodes(count);
    std::vector<bf::detail::timer_node*> shuffled;
    for (bf::detail::timer_node& node : nodes) shuffled.push_back(&node);
    for (std::uint32_t n = count - 1; n > 0; --n) std::swap(shuffled[n], shuffled[random.below(n + 1)]);

    const auto nothing_left = [&] { return queue.next_deadline() == never; };
    for (bf::detail::timer_node& node : nodes) queue.insert(node, static_cast<instant_ns>(random.next() >> 2), 0, cx);
    bool fired = false;
    for (bf::detail::timer_node* const node : shuffled) fired |= queue.remove(*node);
    CHECK_FALSE(fired);
    CHECK(nothing_left());

    // Neighbours in time, in both orders.
    for (const bool rising : {true, false}) {
        instant_ns deadline = rising ? 0 : many * tick;
        for (bf::detail::timer_node& node : nodes)
            queue.insert(node, rising ? deadline += tick : deadline -= tick, 0, cx);
        for (bf::detail::timer_node* const node : shuffled) fired |= queue.remove(*node);
        CHECK_FALSE(fired);
        CHECK(nothing_left());
    }

    for (bf::detail::timer_node& node : nodes) queue.insert(node, static_cast<instant_ns>(random.next() >> 2), 0, cx);
    queue.fire(never - 1);
    const bool all = std::all_of(nodes.begin(), nodes.end(),
                                 [](const auto& node) { return node.where() == bf::detail::timer_node::place::fired; });
    CHECK(all);
    CHECK(nothing_left());
}

TEST_CASE("removal_on_another_thread_and_expiry_never_both_win") {
    constexpr int rounds = 300;
    constexpr int batch = 64;
    bf::detail::timer_queue queue;
    std::vector<std::unique_ptr<sleeper_task>> tasks;
    for (int n = 0; n < batch; ++n) tasks.push_back(std::make_unique<sleeper_task>());
    int mismatches = 0;
    for (int round = 0; round < rounds; ++round) {
        std::deque<bf::detail::timer_node> nodes(batch);
        std::vector<int> before;
        for (const auto& task : tasks) before.push_back(task->wakes());
        for (std::size_t n = 0; n < batch; ++n) {
            bf::context cx{*tasks[n]};
            queue.insert(nodes[n], static_cast<instant_ns>(n) * tick, 0, cx);
        }
        std::vector<char> fired(batch, 0);
        std::atomic<bool> begin{false};
        std::thread remover{[&] {
            while (!begin) std::this_thread::yield();
            for (std::size_t n = batch; n-- > 0;) fired[n] = queue.remove(nodes[n]) ? 1 : 0;
        }};
        begin = true;
        for (instant_ns now = 0; now < batch; ++now) queue.fire(now * tick);
        remover.join();
        for (std::size_t n = 0; n < batch; ++n)
            if (tasks[n]->wakes() - before[n] != fired[n]) ++mismatches;
    }
    CHECK(mismatches == 0);
    CHECK(queue.next_deadline() == never);
}

TEST_CASE("timers_that_are_due_together_share_a_wake") {
    bf::detail::timer_queue queue;
    sleeper_task task;
    bf::context cx{task};
    const auto shared = [&](const std::vector<int>& at) {
        std::deque<bf::detail::timer_node> nodes(at.size());
        for (std::size_t n = 0; n < at.size(); ++n) queue.insert(nodes[n], at[n] * tick, 0, cx);
        const instant_ns answer = queue.next_shared_deadline();
        for (bf::detail::timer_node& node : nodes) (void)queue.remove(node);
        return answer;
    };
    CHECK(bf::detail::busy_timer_tick_ns == 4 * tick);
    CHECK(shared({}) == never);
    // Alone it is served in time; together with those of the same four ticks when the last of them is due.
    CHECK(shared({5}) == 5 * tick);
    CHECK(shared({5, 6}) == 6 * tick);
    CHECK(shared({7, 4, 5}) == 7 * tick);
    CHECK(shared({5, 8}) == 5 * tick);
    CHECK(shared({61, 62, 63}) == 63 * tick);
    // What only has to be moved closer is not held up, and what is due already is due.
    CHECK(shared({64, 65, 70}) == 64 * tick);
    CHECK(shared({0, 1}) == 0);
}
