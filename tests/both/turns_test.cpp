// A task whose waits are all ready at once lets others run as well: each wait takes one from its budget.
#include "one_worker.hpp"

#include <chrono>
#include <optional>
#include <utility>

using namespace both;

namespace {

constexpr int many = 20 * static_cast<int>(bf::operations_per_run);

// Awaits what `make` gives, which is ready at once, until another task has run.
template <class Make>
void lets_others_run(const char* what, Make make) {
    INFO(what);
    tests::on_one_worker([&make](bf::backend model) {
        bool has_run = false;
        auto other = bf::spawn(model, [&has_run] { has_run = true; });
        auto busy = bf::spawn(model, [&]() -> bf::task<int> {
            has_run = false;
            auto late = bf::spawn([&has_run] { has_run = true; });
            int waits = 0;
            for (; !has_run && waits < many; ++waits) (void)co_await make();
            co_await late;
            co_return waits;
        });
        CHECK(bf::await(busy) < many);
        bf::await(other);
    });
}

}  // namespace

TEST_CASE("a_task_whose_channels_are_always_ready_lets_others_run") {
    bf::channel<int> values{1};
    lets_others_run("recv", [&] {
        (void)values.try_send(1);
        return values.recv();
    });
    (void)values.try_recv();
    lets_others_run("send", [&] {
        (void)values.try_recv();
        return values.send(1);
    });
    (void)values.try_recv();
    lets_others_run("reserve", [&] { return values.reserve(); });
    bf::broadcast<int> news{1};
    auto reader = news.subscribe();
    lets_others_run("broadcast", [&] {
        (void)news.send(1);
        return reader.recv();
    });
    bf::watch<int> newest{0};
    auto watcher = newest.subscribe();
    lets_others_run("watch", [&] {
        (void)newest.send(1);
        return watcher.changed();
    });
    std::optional<bf::oneshot<int>> shot;
    lets_others_run("oneshot", [&] {
        (void)shot.emplace().send(1);
        return shot->recv();
    });
    auto ends = bf::make_oneshot<int>();
    ends.second.close();
    lets_others_run("the receiver's end", [&] { return ends.first.closed(); });
}

TEST_CASE("a_task_whose_locks_and_events_are_always_ready_lets_others_run") {
    bf::mutex mutex;
    lets_others_run("mutex", [&] { return mutex.lock(); });
    bf::shared_mutex shared;
    lets_others_run("shared_mutex", [&] { return shared.lock_shared(); });
    bf::semaphore permits{1};
    lets_others_run("semaphore", [&] { return permits.acquire(); });
    bf::byte_budget bytes{1};
    lets_others_run("byte_budget", [&] { return bytes.take(1); });
    bf::event event;
    event.set();
    lets_others_run("event", [&] { return event.wait(); });
    bf::latch latch{0};
    lets_others_run("latch", [&] { return latch.wait(); });
    bf::wait_group group;
    lets_others_run("wait_group", [&] { return group.wait(); });
    bf::barrier barrier{1};
    lets_others_run("barrier", [&] { return barrier.arrive_and_wait(); });
    bf::notify notice;
    lets_others_run("notify", [&] {
        notice.notify_one();
        return notice.wait();
    });
    bf::auto_reset_event turn;
    lets_others_run("auto_reset_event", [&] {
        turn.set();
        return turn.wait();
    });
    bf::once_cell<int> once;
    lets_others_run("once_cell", [&] { return once.get_or_init([] { return 1; }); });
    lets_others_run("sleep", [] { return bf::sleep_for(std::chrono::nanoseconds{0}); });
}
