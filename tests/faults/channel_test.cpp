// Channels and locks where memory is refused: what was sent arrives or is given back, and nobody waits for ever.
#include "faults/each_allocation.hpp"

#include <functional>
#include <memory>
#include <string>

namespace bf = bifilar;
using faults::in_a_runtime;
using faults::promise;

namespace {

// A value with memory of its own.
using text = std::unique_ptr<std::string>;
text made(int number) { return std::make_unique<std::string>(std::to_string(number) + std::string(40, '.')); }

// Sends ten values into any channel and closes it, however it ends. How many arrived there.
template <class Channel>
bf::task<int> send_all(Channel& to) {
    class closer {
    public:
        explicit closer(Channel& of) : of_{of} {}
        closer(const closer&) = delete;
        closer& operator=(const closer&) = delete;
        ~closer() { of_.close(); }

    private:
        Channel& of_;
    };
    const closer at_the_end{to};
    int sent = 0;
    for (; sent != 10; ++sent) {
        text value = made(sent);
        if constexpr (bf::future<decltype(to.send(std::move(value)))>) {
            if (!co_await to.send(std::move(value))) co_return sent;
        } else {
            if (!to.send(std::move(value))) co_return sent;
        }
    }
    co_return sent;
}

template <class Channel>
bf::task<void> exchange(bf::backend on, Channel& over) {
    int received = 0;
    int sent = 0;
    co_await bf::with_scope([&](bf::task_scope& scope) -> bf::task<void> {
        auto sending = scope.spawn(on, send_all<Channel>, std::ref(over));
        while (auto got = co_await over.recv()) {
            promise((**got).starts_with(std::to_string(received) + '.'), "values come in order");
            ++received;
        }
        sent = co_await sending;
    });
    promise(sent == 10 && received == 10, "all was sent and has come");
}

}  // namespace

TEST_CASE("a_bounded_channel_works_where_memory_is_refused") {
    for (const std::uint32_t capacity : {0U, 3U})
        in_a_runtime("a bounded channel", [capacity](bf::backend on) -> bf::task<void> {
            bf::channel<text> over{capacity};
            co_await exchange(on, over);
        });
}

TEST_CASE("an_unbounded_channel_works_where_memory_is_refused") {
    in_a_runtime("an unbounded channel", [](bf::backend on) -> bf::task<void> {
        bf::unbounded_channel<text> over;
        co_await exchange(on, over);
    });
}

TEST_CASE("a_broadcast_and_a_watch_work_where_memory_is_refused") {
    in_a_runtime("a broadcast, a watch", [](bf::backend on) -> bf::task<void> {
        bf::broadcast<std::shared_ptr<int>> all{4};
        bf::watch<int> newest{0};
        auto hears = all.subscribe();
        bf::watch<int>::watcher sees{newest};
        co_await bf::with_scope([&](bf::task_scope& scope) -> bf::task<void> {
            scope.spawn(on, [&] {
                (void)all.send(std::make_shared<int>(1));
                (void)newest.send(2);
            });
            co_return;
        });
        promise(**co_await hears.recv() == 1, "what was sent to all");
        co_await sees.changed();
        promise(sees.get() == 2, "the newest value");
    });
}

TEST_CASE("a_oneshot_works_where_memory_is_refused") {
    in_a_runtime("a oneshot", [](bf::backend on) -> bf::task<void> {
        bf::oneshot<text> answer;
        co_await bf::with_scope([&](bf::task_scope& scope) -> bf::task<void> {
            scope.spawn(on, [&] { (void)answer.send(made(1)); });
            co_return;
        });
        promise((**co_await answer.recv()).starts_with("1."), "the answer");
    });
}

TEST_CASE("locks_work_where_memory_is_refused") {
    in_a_runtime("locks", [](bf::backend on) -> bf::task<void> {
        bf::mutex one;
        bf::shared_mutex many;
        bf::semaphore few{2};
        int sum = 0;
        auto work = [&]() -> bf::task<void> {
            for (int i = 0; i != 10; ++i) {
                const auto permit = co_await few.acquire();
                const auto reads = co_await many.lock_shared();
                const auto alone = co_await one.lock();
                ++sum;
                co_await bf::yield_now();
            }
        };
        co_await bf::with_scope([&](bf::task_scope& scope) -> bf::task<void> {
            for (int i = 0; i != 4; ++i) scope.spawn(on, std::ref(work));
            co_return;
        });
        promise(sum == 40, "each took its turns");
    });
}
