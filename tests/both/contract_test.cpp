// Who waits and who wakes need not be of one kind: every primitive and every channel, waited at by a coroutine, a fiber
// or a plain thread, and woken by each of the three.
#include "in_each_model.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

using namespace both;

namespace {

constexpr int message = 7;

// wait() is a future of the message that is not ready before wake(), which either does its work at once or is a future
// of the message too. Both are called by whoever then waits for them.
struct scene {
    bf::event waits;  // wait() was polled and was not ready.
    int written = 0;  // By the waker; whoever was woken sees it.
    static constexpr bool wakes_first = false;
};

struct held_mutex : scene {
    bf::mutex lock;
    bf::mutex::guard held = lock.try_lock();
    auto wait() {
        return bf::map(lock.lock(), [this](bf::mutex::guard) { return written; });
    }
    void wake() {
        written = message;
        held.unlock();
    }
};

struct writer_behind_a_reader : scene {
    bf::shared_mutex lock;
    bf::shared_mutex::shared_guard held = lock.try_lock_shared();
    auto wait() {
        return bf::map(lock.lock(), [this](bf::shared_mutex::guard) { return written; });
    }
    void wake() {
        written = message;
        held.unlock();
    }
};

struct reader_behind_a_writer : scene {
    bf::shared_mutex lock;
    bf::shared_mutex::guard held = lock.try_lock();
    auto wait() {
        return bf::map(lock.lock_shared(), [this](bf::shared_mutex::shared_guard) { return written; });
    }
    void wake() {
        written = message;
        held.unlock();
    }
};

struct empty_semaphore : scene {
    bf::semaphore permits{0, 1};
    auto wait() {
        return bf::map(permits.acquire(), [this](bf::semaphore::permit) { return written; });
    }
    void wake() {
        written = message;
        permits.release();
    }
};

struct spent_byte_budget : scene {
    bf::byte_budget budget{1};
    bf::byte_budget::loan held = budget.try_take(1);
    auto wait() {
        return bf::map(budget.take(1), [this](bf::byte_budget::loan) { return written; });
    }
    void wake() {
        written = message;
        held.release();
    }
};

struct barrier_of_two : scene {
    bf::barrier place{2};
    auto wait() {
        return bf::map(place.arrive_and_wait(), [this](bool leads) { return leads ? 0 : written; });
    }
    auto wake() {
        written = message;
        return bf::map(place.arrive_and_wait(), [](bool leads) { return leads ? message : 0; });
    }
};

struct closed_latch : scene {
    bf::latch count{1};
    auto wait() {
        return bf::map(count.wait(), [this] { return written; });
    }
    void wake() {
        written = message;
        count.count_down();
    }
};

struct notice_to_one : scene {
    bf::notify notice;
    auto wait() {
        return bf::map(notice.wait(), [this] { return written; });
    }
    void wake() {
        written = message;
        notice.notify_one();
    }
};

struct notice_to_all : scene {
    bf::notify notice;
    auto wait() {
        return bf::map(notice.wait(), [this] { return written; });
    }
    void wake() {
        written = message;
        notice.notify_all();
    }
};

// An event of either kind.
template <class Event>
struct unset : scene {
    Event event;
    auto wait() {
        return bf::map(event.wait(), [this] { return written; });
    }
    void wake() {
        written = message;
        event.set();
    }
};

struct cell_in_the_making : scene {
    static constexpr bool wakes_first = true;
    bf::once_cell<int> cell;
    bf::event begun;  // The waker makes the value.
    auto wait() {
        return bf::map(cell.get_or_init([] { return 0; }), [](int* made) { return *made; });
    }
    auto wake() {
        const auto make = [this] {
            begun.set();
            return bf::map(waits.wait(), [] { return message; });
        };
        return bf::map(cell.get_or_init(make), [](int* made) { return *made; });
    }
};

struct changed_condition : scene {
    bf::mutex lock;
    bf::condition changed;
    bf::mutex::guard held = lock.try_lock();
    auto wait() {
        const auto is_written = [this] { return written == message; };
        return bf::map(changed.wait(held, is_written), [this] {
            const int seen = written;
            held.unlock();
            return seen;
        });
    }
    auto wake() {
        return bf::map(lock.lock(), [this](bf::mutex::guard mine) {
            written = message;
            mine.unlock();
            changed.notify_one();
            return message;
        });
    }
};

struct busy_wait_group : scene {
    busy_wait_group() { group.add(); }
    bf::wait_group group;
    auto wait() {
        return bf::map(group.wait(), [this] { return written; });
    }
    void wake() {
        written = message;
        group.done();
    }
};

// Without capacity: a rendezvous.
template <std::uint32_t Capacity>
struct empty_channel : scene {
    bf::channel<int> values{Capacity};
    auto wait() {
        return bf::map(values.recv(), [](std::optional<int> got) { return got.value_or(0); });
    }
    auto wake() {
        return bf::map(values.send(message), [](auto sent) { return sent ? message : 0; });
    }
};

template <std::uint32_t Capacity>
struct full_channel : scene {
    full_channel() {
        while (values.try_send(message)) continue;
    }
    bf::channel<int> values{Capacity};
    auto wait() {
        return bf::map(values.send(message), [](auto sent) { return sent ? message : 0; });
    }
    auto wake() {
        return bf::map(values.recv(), [](std::optional<int> got) { return got.value_or(0); });
    }
};

struct empty_channel_of_many : scene {
    bf::channel<int> values{4};
    std::vector<int> into;
    auto wait() {
        return bf::map(values.recv_many(into, 4), [this](std::size_t count) { return count == 1 ? into[0] : 0; });
    }
    void wake() { (void)values.try_send(message); }
};

struct empty_unbounded_channel : scene {
    bf::unbounded_channel<int> values;
    auto wait() {
        return bf::map(values.recv(), [](std::optional<int> got) { return got.value_or(0); });
    }
    void wake() { (void)values.send(message); }
};

struct empty_oneshot : scene {
    bf::oneshot<int> shot;
    auto wait() {
        return bf::map(shot.recv(), [](std::optional<int> got) { return got.value_or(0); });
    }
    void wake() { (void)shot.send(message); }
};

struct silent_broadcast : scene {
    bf::broadcast<int> news{1};
    bf::broadcast<int>::subscription from = news.subscribe();
    auto wait() {
        return bf::map(from.recv(), [](auto got) { return got.value_or(0); });
    }
    void wake() { (void)news.send(message); }
};

struct unchanged_watch : scene {
    bf::watch<int> value{0};
    bf::watch<int>::watcher from = value.subscribe();
    auto wait() {
        return bf::map(from.changed(), [this](bool changed) { return changed ? from.get() : 0; });
    }
    void wake() { (void)value.send(message); }
};

// A wait that says when it goes on.
template <bf::future F>
class announced {
public:
    using output = bf::output_of<F>;

    announced(F wait, bf::event& waits) : wait_{std::move(wait)}, waits_{&waits} {}
    bf::polled<output> poll(bf::context& cx) {
        bf::polled<output> answer = wait_.poll(cx);
        if (!answer && !cx.yielding()) waits_->set();
        return answer;
    }

private:
    F wait_;
    bf::event* waits_;
};

template <class Scene>
auto woken_by(Scene& s) {
    if constexpr (std::is_void_v<decltype(s.wake())>) {
        s.wake();
        return bf::ready(message);
    } else {
        return s.wake();
    }
}

// The waker begins when the wait goes on; of a cell, the wait begins when the waker makes the value.
template <class Scene>
void meet(model waiter, model waker, bf::runtime& rt) {
    Scene s;
    int given = 0;
    std::thread other{[&] {
        if constexpr (!Scene::wakes_first) bf::block_on(s.waits.wait());
        given = await_in(waker, rt, [&s] { return woken_by(s); });
    }};
    if constexpr (Scene::wakes_first) bf::block_on(s.begun.wait());
    const int got = await_in(waiter, rt, [&s] { return announced{s.wait(), s.waits}; });
    other.join();
    CHECK(got == message);
    CHECK(given == message);
}

struct row {
    const char* name;
    void (*run)(model waiter, model waker, bf::runtime& rt);
};

constexpr row rows[] = {
    {"mutex", meet<held_mutex>},
    {"shared_mutex, a writer waits", meet<writer_behind_a_reader>},
    {"shared_mutex, a reader waits", meet<reader_behind_a_writer>},
    {"semaphore", meet<empty_semaphore>},
    {"byte_budget", meet<spent_byte_budget>},
    {"barrier", meet<barrier_of_two>},
    {"latch", meet<closed_latch>},
    {"notify_one", meet<notice_to_one>},
    {"notify_all", meet<notice_to_all>},
    {"event", meet<unset<bf::event>>},
    {"auto_reset_event", meet<unset<bf::auto_reset_event>>},
    {"once_cell", meet<cell_in_the_making>},
    {"condition", meet<changed_condition>},
    {"wait_group", meet<busy_wait_group>},
    {"channel, a receive waits", meet<empty_channel<1>>},
    {"channel, a send waits", meet<full_channel<1>>},
    {"channel, a receive of many waits", meet<empty_channel_of_many>},
    {"rendezvous, a receive waits", meet<empty_channel<0>>},
    {"rendezvous, a send waits", meet<full_channel<0>>},
    {"unbounded_channel", meet<empty_unbounded_channel>},
    {"oneshot", meet<empty_oneshot>},
    {"broadcast", meet<silent_broadcast>},
    {"watch", meet<unchanged_watch>},
};

}  // namespace

TEST_CASE("whoever_waits_is_woken_whoever_wakes") {
    in_each_model([](model waiter, bf::runtime& rt) {
        for (const model waker : {model::coroutine, model::fiber, model::thread})
            for (const row& one : rows) {
                INFO(one.name << ", woken by: " << name(waker));
                one.run(waiter, waker, rt);
            }
    });
}
