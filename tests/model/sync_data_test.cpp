// What is written before a notice, a permit, a count or a value is seen by whoever comes behind it, and whoever is the
// last may free the object. The objects are the only order there is: what else tells threads of each other is relaxed.
// Builds on sync, channel and the model checker.
#include "drive.hpp"
#include "engine.hpp"

#include <bifilar/channel/channel_ends.hpp>
#include <bifilar/channel/oneshot.hpp>
#include <bifilar/sync/event.hpp>
#include <bifilar/sync/latch.hpp>
#include <bifilar/sync/notify.hpp>
#include <bifilar/sync/once_cell.hpp>
#include <bifilar/sync/semaphore.hpp>

#include <catch2/catch.hpp>

#include <memory>
#include <optional>
#include <utility>

using namespace bifilar;
using model::glance;
using model::tasks;
using model::wait_for;

namespace {

template <class Object>
struct beside {
    template <class... Given>
    explicit beside(Given... given) : object{given...} {}
    // Waits without an order.
    int wait_for_turn() noexcept {
        for (;;) {
            if (const int now = turn.load(base::relaxed); now != 0) return now;
            base::spin_pause();
        }
    }
    void give_turn(int now) noexcept { turn.store(now, base::relaxed); }

    Object object;
    model::cell<int> data{0, "what was written before"};
    model::cell<int> more{0, "what was written before the second time"};
    base::atomic<int> turn{0};
    tasks all;
};

// A value whose parts are watched.
struct letter {
    base::plain<int> text{0};
};

// The value's constructor writes where the one before has written, and may fail.
struct drawing {
    drawing(model::cell<int>& paper, bool fails) {
        paper.set(paper.get() + 1);
        if (fails) throw 1;
    }
};

}  // namespace

TEST_CASE("who_takes_a_notice_sees_what_was_written_before_it", "[notify]") {
    model::check({.name = "notify, data before a notice", .preemptions = 3}, [](model::world& world) {
        auto* const here = world.make<beside<notify>>();
        world.thread("notifier", [=] {
            here->data.set(1);
            here->object.notify_one();
        });
        world.thread("waiter", [=] {
            if (glance(here->object.wait(), here->all[0])) (void)here->data.get();
        });
        world.thread("taker", [=] {
            if (here->object.try_wait()) (void)here->data.get();
        });
    });
}

TEST_CASE("who_takes_a_second_notice_sees_what_was_written_before_it", "[notify]") {
    model::check({.name = "notify, data before a second notice", .preemptions = 3}, [](model::world& world) {
        auto* const here = world.make<beside<notify>>();
        constexpr int took = 1;
        world.thread("notifier", [=] {
            here->object.notify_one();
            if (here->wait_for_turn() != took) return;
            here->more.set(1);
            here->object.notify_one();
        });
        world.thread("taker", [=] { here->give_turn(here->object.try_wait() ? took : 2); });
        world.thread("waiter", [=] {
            // Of two notices the other one has taken the first.
            if (glance(here->object.wait(), here->all[0]) && here->turn.load(base::relaxed) == took)
                (void)here->more.get();
        });
    });
}

TEST_CASE("whose_wait_notify_all_ends_sees_what_was_written_before_it", "[notify]") {
    for (const bool kept : {false, true})
        model::check(
            {.name = kept ? "notify, data before all, a notice is kept" : "notify, data before all", .preemptions = 3},
            [=](model::world& world) {
                auto* const here = world.make<beside<notify>>();
                auto* const wait = world.make<std::optional<notify::wait_future>>(here->object.wait());
                if (kept) here->object.notify_one();
                world.thread("notifier", [=] {
                    here->data.set(1);
                    here->object.notify_all();
                });
                world.thread("waiter", [=] {
                    context cx{here->all[0]};
                    const bool over = (*wait)->poll(cx).is_ready();
                    // Else it has taken the notice.
                    if (over && here->object.has_notice() == kept) (void)here->data.get();
                });
            });
}

TEST_CASE("a_notify_hands_on_what_was_written_before_an_earlier_notice", "[notify]") {
    for (const bool leaves : {false, true})
        model::check({.name = leaves ? "notify, data before all, another leaves" : "notify, data before all, and one",
                      .preemptions = 2},
                     [=](model::world& world) {
                         auto* const here = world.make<beside<notify>>();
                         auto* const wait = world.make<std::optional<notify::wait_future>>(here->object.wait());
                         world.thread("notifier", [=] {
                             here->data.set(1);
                             here->object.notify_all();
                             here->give_turn(1);
                         });
                         // Waits alone, and writes the word when nobody waits any more.
                         world.thread("between", [=] {
                             (void)here->wait_for_turn();
                             auto f = here->object.wait();
                             context cx{here->all[1]};
                             (void)f.poll(cx);
                             if (!leaves) here->object.notify_one();
                         });
                         world.thread("waiter", [=] {
                             context cx{here->all[0]};
                             if ((*wait)->poll(cx).is_ready()) (void)here->data.get();
                         });
                     });
}

TEST_CASE("a_wait_that_comes_too_late_for_notify_all_sees_what_was_written_before", "[notify]") {
    struct place {
        notify notice;
        base::atomic<bool> over{false};
        tasks all;
    };
    model::check({.name = "notify_all, a flag, and a wait made before the look at it", .preemptions = 3},
                 [](model::world& world) {
                     auto* const here = world.make<place>();
                     world.thread("notifier", [=] {
                         here->over.store(true, base::relaxed);
                         here->notice.notify_all();
                     });
                     world.thread("waiter", [=] {
                         auto wait = here->notice.wait();
                         if (!here->over.load(base::relaxed)) wait_for(wait, here->all[0]);
                     });
                 });
}

TEST_CASE("a_permit_brings_what_its_giver_wrote_past_who_waits_in_vain", "[semaphore]") {
    model::check({.name = "semaphore, data before a release, a leaver", .preemptions = 3}, [](model::world& world) {
        auto* const here = world.make<beside<semaphore>>(0U, 2U);
        world.thread("giver", [=] {
            here->data.set(1);
            here->object.release();
        });
        world.thread("leaver", [=] { (void)glance(here->object.acquire(2), here->all[0]); });
        world.thread("taker", [=] {
            if (const auto held = here->object.try_acquire()) (void)here->data.get();
        });
    });
}

TEST_CASE("who_looks_at_a_latch_or_an_event_sees_what_was_written_before", "[latch]") {
    model::check({.name = "latch, data before each count", .preemptions = 3}, [](model::world& world) {
        auto* const here = world.make<beside<latch>>(2U);
        world.thread("one", [=] {
            here->data.set(1);
            here->object.count_down();
        });
        world.thread("other", [=] {
            here->more.set(1);
            here->object.count_down();
        });
        world.thread("looks", [=] {
            if (here->object.try_wait()) (void)(here->data.get() + here->more.get());
        });
    });
    model::check({.name = "event, data before it is set", .preemptions = 3}, [](model::world& world) {
        auto* const here = world.make<beside<event>>();
        world.thread("sets", [=] {
            here->data.set(1);
            here->object.set();
        });
        world.thread("looks", [=] {
            if (here->object.is_set()) (void)here->data.get();
        });
    });
}

TEST_CASE("who_finds_a_value_in_a_once_cell_sees_it_whole", "[once_cell]") {
    model::check({.name = "once_cell, emplaced and read", .preemptions = 3}, [](model::world& world) {
        auto* const here = world.make<beside<once_cell<letter>>>();
        world.thread("maker", [=] { (void)here->object.emplace(letter{base::plain<int>{7}}); });
        world.thread("reader", [=] {
            if (letter* const found = here->object.get()) model::require(found->text == 7, "the value is wrong");
        });
    });
    model::check({.name = "once_cell, a failed maker and another", .preemptions = 3}, [](model::world& world) {
        auto* const here = world.make<beside<once_cell<drawing>>>();
        for (const bool fails : {true, false})
            world.thread(fails ? "fails" : "makes", [=] {
                try {
                    (void)here->object.emplace(here->data, fails);
                } catch (int) {
                }
            });
    });
}

TEST_CASE("a_oneshot_brings_its_value_whole", "[oneshot]") {
    model::check({.name = "oneshot, a value that is looked at", .preemptions = 3}, [](model::world& world) {
        auto* const here = world.make<beside<oneshot<letter>>>();
        world.thread("sender", [=] { (void)here->object.send(letter{base::plain<int>{7}}); });
        world.thread("receiver", [=] {
            if (const auto got = here->object.try_recv()) model::require(got->text == 7, "the value is wrong");
        });
    });
    model::check({.name = "oneshot, a receive that moves to another task", .preemptions = 3}, [](model::world& world) {
        auto* const here = world.make<beside<oneshot<letter>>>();
        world.thread("sender", [=] { (void)here->object.send(letter{base::plain<int>{7}}); });
        world.thread("receiver", [=] {
            auto f = here->object.recv();
            for (auto& task : here->all) {
                context cx{task};
                if (auto got = f.poll(cx)) return model::require(got.take()->text == 7, "the value is wrong");
            }
        });
    });
}

TEST_CASE("who_closes_a_oneshot_shows_what_it_wrote_and_lets_it_go", "[oneshot]") {
    model::check({.name = "oneshot, closed and freed", .preemptions = 3}, [](model::world& world) {
        auto* const here = world.make<beside<std::unique_ptr<oneshot<int>>>>();
        here->object = std::make_unique<oneshot<int>>();
        oneshot<int>* const shot = here->object.get();
        world.thread("closer", [=] { shot->close(); });
        world.thread("receiver", [=] {
            {
                auto f = shot->recv();
                (void)wait_for(f, here->all[0]);
            }
            here->object.reset();
        });
    });
    model::check({.name = "oneshot, data before the receiver closes", .preemptions = 3}, [](model::world& world) {
        using ends = std::pair<oneshot_sender<int>, oneshot_receiver<int>>;
        auto* const here = world.make<beside<std::optional<ends>>>();
        here->object.emplace(make_oneshot<int>());
        world.thread("receiver", [=] {
            here->data.set(1);
            here->object->second.close();
        });
        world.thread("sender", [=] {
            if (glance(here->object->first.closed(), here->all[0])) (void)here->data.get();
        });
    });
}

TEST_CASE("the_last_of_the_ends_frees_what_lies_between_them", "[channel]") {
    model::check({.name = "oneshot, both ends are dropped", .preemptions = 3}, [](model::world& world) {
        auto ends = make_oneshot<int>();
        auto* const sender = world.make<std::optional<oneshot_sender<int>>>(std::move(ends.first));
        auto* const receiver = world.make<std::optional<oneshot_receiver<int>>>(std::move(ends.second));
        world.thread("sender", [=] { sender->reset(); });
        world.thread("receiver", [=] { receiver->reset(); });
    });
    model::check({.name = "channel, all three ends are dropped", .preemptions = 3}, [](model::world& world) {
        auto ends = make_channel<int>(1);
        using sender = decltype(ends.first);
        using receiver = decltype(ends.second);
        auto* const other = world.make<std::optional<sender>>(ends.first);
        auto* const one = world.make<std::optional<sender>>(std::move(ends.first));
        auto* const to = world.make<std::optional<receiver>>(std::move(ends.second));
        world.thread("one", [=] { one->reset(); });
        world.thread("other", [=] { other->reset(); });
        world.thread("receiver", [=] { to->reset(); });
    });
}
