// Whatever is destroyed while somebody waits at it ends the process with a sentence that names it, and the task that
// did it: each primitive and channel, waited at by a thread, a coroutine and a fiber.
#include "last_words.hpp"
#include "one_worker.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

using namespace both;

namespace {

// Makes an Object, waits at it in `waits`, destroys it.
template <class Object, class Wait, class... Given>
void destroy_waited_at(model waits, Wait wait, Given... given) {
    auto object = std::make_unique<Object>(std::move(given)...);
    std::optional<bf::task<>> begun;
    if (waits == model::thread) {
        // A wait that has begun and is not waited for any more: no task is needed.
        begun.emplace(wait(*object));
        auto turn = bf::yield_now();
        (void)bf::block_on(bf::select(*begun, turn));
    } else {
        const bf::backend on = waits == model::fiber ? bf::backend::stackful : bf::backend::stackless;
        bf::spawn(on, wait, std::ref(*object)).detach();
        tests::let_others_park();
    }
    object.reset();
}

struct locked_mutex {
    bf::mutex lock;
    bf::mutex::guard held = lock.try_lock();
};

struct read_locked {
    bf::shared_mutex lock;
    bf::shared_mutex::shared_guard held = lock.try_lock_shared();
};

struct spent_budget {
    bf::byte_budget bytes{1};
    bf::byte_budget::loan held = bytes.try_take(1);
};

// The condition goes first.
struct guarded {
    bf::mutex lock;
    bf::mutex::guard held = lock.try_lock();
    bf::condition changed;
};

// The receiver goes first.
using ends = std::pair<bf::oneshot_sender<int>, bf::oneshot_receiver<int>>;

struct destruction {
    const char* sentence;
    void (*happen)(model waits);
};

const destruction of_locks[] = {
    {"a mutex was destroyed while tasks wait for it",
     [](model waits) {
         const auto wait = [](locked_mutex& at) -> bf::task<> { (void)co_await at.lock.lock(); };
         destroy_waited_at<locked_mutex>(waits, wait);
     }},
    {"a shared_mutex was destroyed while tasks wait for it",
     [](model waits) {
         const auto wait = [](read_locked& at) -> bf::task<> { (void)co_await at.lock.lock(); };
         destroy_waited_at<read_locked>(waits, wait);
     }},
    {"a semaphore was destroyed while tasks wait for it",
     [](model waits) {
         const auto wait = [](bf::semaphore& at) -> bf::task<> { (void)co_await at.acquire(); };
         destroy_waited_at<bf::semaphore>(waits, wait, 0U, 1U);
     }},
    {"a byte_budget was destroyed while tasks wait for it",
     [](model waits) {
         const auto wait = [](spent_budget& at) -> bf::task<> { (void)co_await at.bytes.take(1); };
         destroy_waited_at<spent_budget>(waits, wait);
     }},
    {"a condition was destroyed while tasks wait for it",
     [](model waits) {
         const auto wait = [](guarded& at) -> bf::task<> { co_await at.changed.wait(at.held); };
         destroy_waited_at<guarded>(waits, wait);
     }},
};

const destruction of_meetings[] = {
    {"an event was destroyed while tasks wait for it",
     [](model waits) {
         const auto wait = [](bf::event& at) -> bf::task<> { co_await at.wait(); };
         destroy_waited_at<bf::event>(waits, wait);
     }},
    {"an auto_reset_event was destroyed while tasks wait for it",
     [](model waits) {
         const auto wait = [](bf::auto_reset_event& at) -> bf::task<> { co_await at.wait(); };
         destroy_waited_at<bf::auto_reset_event>(waits, wait);
     }},
    {"a notify was destroyed while tasks wait for it",
     [](model waits) {
         const auto wait = [](bf::notify& at) -> bf::task<> { co_await at.wait(); };
         destroy_waited_at<bf::notify>(waits, wait);
     }},
    {"a latch was destroyed while tasks wait for it",
     [](model waits) {
         const auto wait = [](bf::latch& at) -> bf::task<> { co_await at.wait(); };
         destroy_waited_at<bf::latch>(waits, wait, 1U);
     }},
    {"a barrier was destroyed while tasks wait at it",
     [](model waits) {
         const auto wait = [](bf::barrier& at) -> bf::task<> { (void)co_await at.arrive_and_wait(); };
         destroy_waited_at<bf::barrier>(waits, wait, 2U);
     }},
    {"a wait_group was destroyed while tasks wait for it",
     [](model waits) {
         const auto wait = [](bf::wait_group& at) -> bf::task<> {
             at.add();
             co_await at.wait();
         };
         destroy_waited_at<bf::wait_group>(waits, wait);
     }},
    {"a once_cell was destroyed while tasks make its value or wait for it",
     [](model waits) {
         const auto wait = [](bf::once_cell<int>& at) -> bf::task<> {
             auto never = [] { return bf::pending<int>(); };
             (void)co_await at.get_or_init(never);
         };
         destroy_waited_at<bf::once_cell<int>>(waits, wait);
     }},
};

const destruction of_channels[] = {
    {"a channel was destroyed while tasks wait at it",
     [](model waits) {
         const auto wait = [](bf::channel<int>& at) -> bf::task<> { (void)co_await at.send(1); };
         destroy_waited_at<bf::channel<int>>(waits, wait, 0U);
     }},
    {"a channel was destroyed while tasks wait at it",
     [](model waits) {
         const auto wait = [](bf::unbounded_channel<int>& at) -> bf::task<> { (void)co_await at.recv(); };
         destroy_waited_at<bf::unbounded_channel<int>>(waits, wait);
     }},
    {"a oneshot was destroyed while a task waits for its value",
     [](model waits) {
         const auto wait = [](bf::oneshot<int>& at) -> bf::task<> { (void)co_await at.recv(); };
         destroy_waited_at<bf::oneshot<int>>(waits, wait);
     }},
    {"a oneshot_receiver was dropped while its recv() waits",
     [](model waits) {
         const auto wait = [](ends& at) -> bf::task<> { (void)co_await at.second.recv(); };
         destroy_waited_at<ends>(waits, wait, bf::make_oneshot<int>());
     }},
    {"a broadcast was destroyed while it has subscriptions",
     [](model waits) {
         const auto wait = [](bf::broadcast<int>& at) -> bf::task<> {
             auto reader = at.subscribe();
             (void)co_await reader.recv();
         };
         destroy_waited_at<bf::broadcast<int>>(waits, wait, 1U);
     }},
    {"a watch was destroyed while it has watchers",
     [](model waits) {
         const auto wait = [](bf::watch<int>& at) -> bf::task<> {
             auto watcher = at.subscribe();
             (void)co_await watcher.changed();
         };
         destroy_waited_at<bf::watch<int>>(waits, wait, 0);
     }},
};

template <std::size_t Count>
void check_each(const destruction (&all)[Count]) {
    for (const destruction& each : all) {
        INFO(each.sentence);
        tests::check_aborts(each.sentence, [&] { each.happen(model::thread); }, "in no task");
        if (!tests::children_have_threads) continue;
        for (const model waits : {model::coroutine, model::fiber}) {
            INFO("waited at by a " << name(waits));
            const auto destroy = [&] { each.happen(waits); };
            tests::check_aborts(
                each.sentence, [&] { tests::run_named("the destroyer", bf::backend::stackful, destroy); },
                "task the destroyer");
        }
    }
}

}  // namespace

TEST_CASE("a_lock_or_condition_that_is_waited_for_is_not_destroyed_silently") { check_each(of_locks); }

TEST_CASE("an_event_or_meeting_that_is_waited_for_is_not_destroyed_silently") { check_each(of_meetings); }

TEST_CASE("a_channel_of_any_kind_that_is_waited_at_is_not_destroyed_silently") { check_each(of_channels); }
