// Locks, notices and single values under every interleaving: nobody enters twice, nothing is lost, nobody stays asleep,
// and whoever comes last may free the object at once (AddressSanitizer watches).
#include "drive.hpp"
#include "engine.hpp"

#include <bifilar/channel/oneshot.hpp>
#include <bifilar/sync/latch.hpp>
#include <bifilar/sync/mutex.hpp>
#include <bifilar/sync/notify.hpp>
#include <bifilar/sync/once_cell.hpp>
#include <bifilar/sync/semaphore.hpp>
#include <bifilar/sync/shared_mutex.hpp>
#include <bifilar/sync/wait_group.hpp>

#include <catch2/catch.hpp>

#include <array>
#include <memory>
#include <optional>
#include <string>

using namespace bifilar;

using model::glance;
using model::tasks;
using model::wait_for;

TEST_CASE("a_mutex_lets_one_in_and_the_last_may_free_it", "[mutex]") {
    struct room {
        std::unique_ptr<mutex> lock = std::make_unique<mutex>();
        model::cell<int> inside{0, "what the mutex guards"};
        int left = 3;  // Guarded too.
        tasks all;
        void visit(std::size_t who) {
            auto f = lock->lock();
            auto held = wait_for(f, all[who]);
            inside.set(inside.get() + 1);
            const bool last = --left == 0;
            held.unlock();
            if (last) lock.reset();
        }
    };
    model::check({.name = "mutex, three visitors, the last frees", .preemptions = 3}, [](model::world& world) {
        auto* const here = world.make<room>();
        for (std::size_t who = 0; who < 3; ++who)
            world.thread("visitor " + std::to_string(who), [=] { here->visit(who); });
        world.finally([=] { model::require(here->inside.get() == 3, "a visit was lost"); });
    });
}

TEST_CASE("a_mutex_whose_waiter_leaves_is_not_lost", "[mutex]") {
    struct room {
        mutex lock;
        model::cell<int> inside{0, "what the mutex guards"};
        tasks all;
    };
    model::check({.name = "mutex, a holder, a waiter, a leaver", .preemptions = 3}, [](model::world& world) {
        auto* const here = world.make<room>();
        const auto visit = [=](std::size_t who) {
            auto f = here->lock.lock();
            const auto held = wait_for(f, here->all[who]);
            here->inside.set(here->inside.get() + 1);
        };
        world.thread("holder", [=] { visit(0); });
        world.thread("waiter", [=] { visit(1); });
        world.thread("leaver", [=] { (void)glance(here->lock.lock(), here->all[2]); });
        world.finally([=] { model::require(!here->lock.is_locked(), "the mutex stays locked"); });
    });
}

TEST_CASE("permits_of_several_sizes_are_all_given_back", "[semaphore]") {
    struct pool {
        semaphore permits{2};
        tasks all;
    };
    model::check({.name = "semaphore, two for one, one for two, one leaves", .preemptions = 3},
                 [](model::world& world) {
                     auto* const here = world.make<pool>();
                     const auto use = [=](std::size_t who, std::uint32_t count) {
                         auto f = here->permits.acquire(count);
                         const auto held = wait_for(f, here->all[who]);
                     };
                     world.thread("one", [=] { use(0, 1); });
                     world.thread("two", [=] { use(1, 2); });
                     world.thread("leaver", [=] { (void)glance(here->permits.acquire(2), here->all[2]); });
                     world.finally([=] { model::require(here->permits.available() == 2, "a permit was lost"); });
                 });
}

TEST_CASE("releases_at_the_same_time_bring_no_more_than_the_limit", "[semaphore]") {
    struct pool {
        semaphore permits{0, 2};
        tasks all;
    };
    model::check({.name = "semaphore, two releases, two waits that stay", .preemptions = 3}, [](model::world& world) {
        auto* const here = world.make<pool>();
        for (std::size_t who = 0; who < 2; ++who)
            world.thread("brings one, takes one " + std::to_string(who), [=] {
                here->permits.release();
                auto f = here->permits.acquire();
                wait_for(f, here->all[who]).forget();
            });
        world.thread("passes by", [=] { (void)glance(here->permits.acquire(2), here->all[2]); });
        world.finally([=] { model::require(here->permits.available() == 0, "a permit was lost or made"); });
    });
}

TEST_CASE("of_two_that_give_the_same_permit_one_is_refused", "[semaphore]") {
    struct pool {
        detail::permits permits{2, 2};
        tasks all;
        // The second stays behind the first, which wants both.
        detail::permits::wait large{permits, 2};
        detail::permits::wait small{permits, 1};
        bool both_wait = false;
        std::array<bool, 2> given{};
    };
    model::check({.name = "permits, two give back the same one", .preemptions = 3}, [](model::world& world) {
        auto* const here = world.make<pool>();
        world.thread("holder", [=] {
            (void)here->permits.try_take(1);
            context first{here->all[0]};
            context second{here->all[1]};
            here->both_wait = !here->large.poll(first) && !here->small.poll(second);
            here->given[0] = here->permits.give(1);
        });
        world.thread("other", [=] { here->given[1] = here->permits.give(1); });
        world.finally([=] {
            // Where the other came before the waits, they hold what it gave.
            model::require(!here->both_wait || here->given[0] != here->given[1], "both gave, or none");
        });
    });
}

TEST_CASE("readers_and_a_writer_never_meet_and_all_come_in", "[shared_mutex]") {
    struct room {
        shared_mutex lock;
        model::cell<int> inside{0, "what the lock guards"};
        tasks all;
    };
    model::check({.name = "shared_mutex, two writers, a reader", .preemptions = 3}, [](model::world& world) {
        auto* const here = world.make<room>();
        for (std::size_t who = 0; who < 2; ++who)
            world.thread("writer " + std::to_string(who), [=] {
                auto f = here->lock.lock();
                const auto held = wait_for(f, here->all[who]);
                here->inside.set(here->inside.get() + 1);
            });
        world.thread("reader", [=] {
            auto f = here->lock.lock_shared();
            const auto held = wait_for(f, here->all[2]);
            (void)here->inside.get();
        });
        world.finally([=] {
            model::require(here->inside.get() == 2, "a writer did not come in");
            model::require(static_cast<bool>(here->lock.try_lock()), "the lock stays locked");
        });
    });
}

TEST_CASE("a_semaphore_that_closes_lets_nobody_sleep_and_keeps_count", "[semaphore]") {
    struct place {
        semaphore permits{0, 2};
        int got = 0;
        tasks all;
    };
    model::check({.name = "semaphore, close against acquire and release", .preemptions = 2}, [](model::world& world) {
        auto* const here = world.make<place>();
        world.thread("taker", [=] {
            auto f = here->permits.acquire();
            here->got = static_cast<int>(wait_for(f, here->all[0]).forget());
        });
        world.thread("closer", [=] { here->permits.close(); });
        world.thread("giver", [=] { here->permits.release(); });
        world.finally([=] {
            model::require(here->got + static_cast<int>(here->permits.available()) == 1, "a permit was lost");
            model::require(!here->permits.try_acquire(), "a closed semaphore gave a permit");
        });
    });
}

TEST_CASE("a_notice_reaches_one_whoever_leaves", "[notify]") {
    struct place {
        notify notice;
        int taken = 0;
        tasks all;
    };
    model::check({.name = "notify, one notice, a waiter, a leaver", .preemptions = 3}, [](model::world& world) {
        auto* const here = world.make<place>();
        world.thread("notifier", [=] { here->notice.notify_one(); });
        world.thread("leaver", [=] {
            if (glance(here->notice.wait(), here->all[0])) here->notice.notify_one();  // Had it, gives it back.
        });
        world.thread("waiter", [=] {
            auto f = here->notice.wait();
            wait_for(f, here->all[1]);
        });
        world.finally([=] { model::require(!here->notice.try_wait(), "a notice came twice"); });
    });
}

TEST_CASE("whoever_takes_a_notice_may_free_the_notify", "[notify]") {
    struct place {
        std::unique_ptr<notify> notice = std::make_unique<notify>();
        tasks all;
    };
    model::check({.name = "notify, freed by its waiter", .preemptions = 4}, [](model::world& world) {
        auto* const here = world.make<place>();
        notify* const notice = here->notice.get();
        world.thread("notifier", [=] { notice->notify_one(); });
        world.thread("waiter", [=] {
            {
                auto f = notice->wait();
                wait_for(f, here->all[0]);
            }
            here->notice.reset();
        });
    });
}

TEST_CASE("notify_all_ends_every_wait_that_was_made_before_it", "[notify]") {
    struct place {
        notify notice;
        tasks all;
    };
    model::check({.name = "notify_all against first polls", .preemptions = 3}, [](model::world& world) {
        auto* const here = world.make<place>();
        auto* const first = world.make<notify::wait_future>(here->notice);
        auto* const second = world.make<notify::wait_future>(here->notice);
        world.thread("first", [=] { wait_for(*first, here->all[0]); });
        world.thread("second", [=] { wait_for(*second, here->all[1]); });
        world.thread("notifier", [=] { here->notice.notify_all(); });
    });
}

TEST_CASE("a_wait_that_notify_all_has_ended_takes_no_kept_notice", "[notify]") {
    struct place {
        notify notice;
        tasks all;
    };
    model::check({.name = "notify_all and notify_one against a first poll", .preemptions = 3}, [](model::world& world) {
        auto* const here = world.make<place>();
        auto* const before = world.make<notify::wait_future>(here->notice);
        // Ends it, and then leaves a notice; the other order would let it have the notice.
        world.thread("notifier", [=] {
            here->notice.notify_all();
            here->notice.notify_one();
        });
        world.thread("before", [=] { wait_for(*before, here->all[0]); });
        world.thread("after", [=] {
            auto f = here->notice.wait();
            wait_for(f, here->all[1]);
        });
    });
}

TEST_CASE("a_oneshot_gives_its_value_once_and_its_receiver_may_free_it", "[oneshot]") {
    struct mail {
        std::unique_ptr<oneshot<int>> shot = std::make_unique<oneshot<int>>();
        tasks all;
    };
    model::check({.name = "oneshot, freed by its receiver", .preemptions = 5}, [](model::world& world) {
        auto* const here = world.make<mail>();
        oneshot<int>* const shot = here->shot.get();
        world.thread("sender", [=] { (void)shot->send(7); });
        world.thread("receiver", [=] {
            {
                auto f = shot->recv();
                model::require(wait_for(f, here->all[0]) == 7, "the value is wrong");
            }
            here->shot.reset();
        });
    });
    model::check({.name = "oneshot, a receiver that looks, leaves and comes back", .preemptions = 5},
                 [](model::world& world) {
                     auto* const here = world.make<mail>();
                     oneshot<int>* const shot = here->shot.get();
                     world.thread("sender", [=] { (void)shot->send(7); });
                     world.thread("receiver", [=] {
                         if (glance(shot->recv(), here->all[0])) return;
                         auto f = shot->recv();
                         model::require(wait_for(f, here->all[1]) == 7, "the value was lost");
                     });
                 });
    model::check({.name = "oneshot, closed against send", .preemptions = 5}, [](model::world& world) {
        auto* const here = world.make<mail>();
        oneshot<int>* const shot = here->shot.get();
        world.thread("sender", [=] { (void)shot->send(7); });
        world.thread("closer", [=] { shot->close(); });
        world.thread("receiver", [=] {
            auto f = shot->recv();
            (void)wait_for(f, here->all[0]);
        });
    });
}

TEST_CASE("a_oneshot_sender_that_waits_for_the_end_is_told_once", "[oneshot]") {
    struct mail {
        std::pair<oneshot_sender<int>, oneshot_receiver<int>> ends = make_oneshot<int>();
        tasks all;
    };
    model::check({.name = "oneshot, closed() against a receive that leaves, and close", .preemptions = 3},
                 [](model::world& world) {
                     auto* const here = world.make<mail>();
                     world.thread("sender", [=] {
                         auto f = here->ends.first.closed();
                         wait_for(f, here->all[0]);
                         model::require(!here->ends.first.send(7), "sent to a receiver that has closed");
                     });
                     world.thread("receiver", [=] {
                         (void)glance(here->ends.second.recv(), here->all[1]);
                         here->ends.second.close();
                     });
                 });
    model::check({.name = "oneshot, a send after a look at closed() against a receive", .preemptions = 3},
                 [](model::world& world) {
                     auto* const here = world.make<mail>();
                     world.thread("sender", [=] {
                         auto f = here->ends.first.closed();
                         context cx{here->all[0]};
                         (void)f.poll(cx);
                         (void)here->ends.first.send(7);
                     });
                     world.thread("receiver", [=] {
                         auto f = here->ends.second.recv();
                         model::require(wait_for(f, here->all[1]) == 7, "the value was lost");
                     });
                 });
}

TEST_CASE("a_latch_opens_for_all_and_may_be_freed_by_whoever_passed", "[latch]") {
    struct gate {
        std::unique_ptr<latch> count = std::make_unique<latch>(2);
        tasks all;
    };
    model::check({.name = "latch, freed by its waiter", .preemptions = 3}, [](model::world& world) {
        auto* const here = world.make<gate>();
        latch* const count = here->count.get();
        world.thread("one", [=] { count->count_down(); });
        world.thread("other", [=] { count->count_down(); });
        world.thread("waiter", [=] {
            {
                auto f = count->wait();
                wait_for(f, here->all[0]);
            }
            here->count.reset();
        });
    });
}

TEST_CASE("a_wait_group_counts_all_who_come_and_go_at_once", "[wait_group]") {
    model::check({.name = "wait_group, two come, one goes", .preemptions = 3}, [](model::world& world) {
        auto* const group = world.make<wait_group>();
        group->add();
        world.thread("one", [=] { group->add(); });
        world.thread("other", [=] { group->add(2); });
        world.thread("leaver", [=] { group->done(); });
        world.finally([=] {
            model::require(group->count() == 3, "one who came or went was not counted");
            group->done(3);
        });
    });
}

TEST_CASE("a_once_cell_is_filled_once_by_somebody", "[once_cell]") {
    struct box {
        once_cell<int> cell;
        int made = 0;
        tasks all;
    };
    model::check({.name = "once_cell, a failing maker and two others", .preemptions = 2}, [](model::world& world) {
        auto* const here = world.make<box>();
        const auto get = [=](std::size_t who) {
            auto f = here->cell.get_or_init([=] { return ++here->made; });
            model::require(*wait_for(f, here->all[who]) == 1, "the value was made twice");
        };
        world.thread("failing", [=] {
            auto f = here->cell.get_or_init([]() -> int { throw 1; });
            try {
                (void)wait_for(f, here->all[0]);
            } catch (int) {
            }
        });
        world.thread("one", [=] { get(1); });
        world.thread("two", [=] { get(2); });
    });
}
