// Sends and receives that exclude each other, and channels without room: nothing sent twice, nothing given up and sent
// all the same, nobody left asleep.
#include "drive.hpp"
#include "engine.hpp"

#include <bifilar/channel/channel.hpp>

#include <catch2/catch.hpp>

#include <array>
#include <string>

using namespace bifilar;
using namespace bifilar::detail;
using model::glance;
using model::tasks;
using model::wait_for;

TEST_CASE("a_rendezvous_pairs_senders_and_receivers", "[channel]") {
    struct desk {
        channel<int> values{0};
        int got = 0;
        tasks all;
    };
    model::check({.name = "rendezvous, two senders, one receiver of two", .preemptions = 2}, [](model::world& world) {
        auto* const here = world.make<desk>();
        for (const std::size_t who : {0U, 1U})
            world.thread("sender " + std::to_string(who), [=] {
                auto f = here->values.send(1);
                model::require(wait_for(f, here->all[who]).has_value(), "a send failed");
            });
        world.thread("receiver", [=] {
            for (int n = 0; n < 2; ++n) {
                auto f = here->values.recv();
                here->got += wait_for(f, here->all[2]).value_or(100);
            }
        });
        world.finally([=] { model::require(here->got == 2, "a value was lost or came twice"); });
    });
    model::check({.name = "rendezvous, a sender, a receiver, a receiver that leaves", .preemptions = 2},
                 [](model::world& world) {
                     auto* const here = world.make<desk>();
                     world.thread("sender", [=] {
                         auto f = here->values.send(1);
                         (void)wait_for(f, here->all[0]);
                     });
                     world.thread("leaver", [=] {
                         // What it gets it sends again.
                         if (!glance(here->values.recv(), here->all[1])) return;
                         auto f = here->values.send(1);
                         (void)wait_for(f, here->all[1]);
                     });
                     world.thread("receiver", [=] {
                         auto f = here->values.recv();
                         here->got = wait_for(f, here->all[2]).value_or(100);
                     });
                     world.finally([=] { model::require(here->got == 1, "the value was lost"); });
                 });
}

TEST_CASE("of_two_sends_that_exclude_each_other_one_is_made", "[channel]") {
    struct fork {
        explicit fork(std::uint32_t capacity) : a{capacity}, b{capacity} {}
        channel<int> a;
        channel<int> b;
        int sent = 0;
        int got = 0;
        tasks all;
    };
    for (const std::uint32_t capacity : {0U, 1U})
        model::check({.name = "two send arms, capacity " + std::to_string(capacity), .preemptions = 2},
                     [=](model::world& world) {
                         auto* const here = world.make<fork>(capacity);
                         if (capacity != 0) {
                             (void)here->a.try_send(10);
                             (void)here->b.try_send(10);
                         }
                         world.thread("chooser", [=] {
                             model::gated_task& task = here->all[0];
                             {
                                 auto first = here->a.send(1);
                                 auto second = here->b.send(1);
                                 for (bool chosen = false; !chosen;) {
                                     (void)task.state_.begin_run();
                                     context cx{task};
                                     chosen = first.poll_arm(cx).is_ready() || second.poll_arm(cx).is_ready();
                                     if (!chosen && task.state_.end_pending() == park_result::parked) task.gate.wait();
                                 }
                             }
                             here->a.close();
                             here->b.close();
                         });
                         const auto receive = [=](channel<int>& from, std::size_t who) {
                             auto f = from.recv();
                             here->got += wait_for(f, here->all[who]).value_or(0);
                         };
                         world.thread("receiver of a", [=] { receive(here->a, 1); });
                         world.thread("receiver of b", [=] { receive(here->b, 2); });
                         world.finally([=] {
                             for (channel<int>* left : {&here->a, &here->b})
                                 while (const auto value = left->try_recv()) here->got += *value;
                             model::require(here->got == (capacity != 0 ? 21 : 1), "both sends were made, or none");
                         });
                     });
}

namespace {

struct market {
    channel<int> values{0};
    std::array<int, 2> sent{};
    std::array<int, 2> got{};
    tasks all;
};

// A race of a send and a receive, which are asked in that order or the other at first, and in turns later: where both
// races ask in the same unlucky order again and again they wake each other and do not meet, which chance ends.
void trade(market& at, std::size_t who, bool sends_first) {
    model::gated_task& task = at.all[who];
    const int mine = static_cast<int>(who) + 1;
    auto send = at.values.send(mine);
    auto receive = at.values.recv();
    const auto sends = [&](context& cx) {
        if (send.poll_arm(cx)) at.sent[who] = mine;
        return at.sent[who] != 0;
    };
    const auto receives = [&](context& cx) {
        if (auto answer = receive.poll_arm(cx)) at.got[who] = answer.take().value_or(100);
        return at.got[who] != 0;
    };
    for (bool chosen = false; !chosen; sends_first = !sends_first) {
        (void)task.state_.begin_run();
        context cx{task};
        if (is_promised(receive) || !sends_first)
            chosen = receives(cx) || sends(cx);
        else
            chosen = sends(cx) || receives(cx);
        if (!chosen && task.state_.end_pending() == park_result::parked) task.gate.wait();
    }
}

}  // namespace

TEST_CASE("arms_of_one_race_meet_those_of_another_and_not_each_other", "[channel]") {
    for (const bool first : {true, false})
        for (const bool second : {true, false})
            model::check({.name = "two races of a send and a receive each, no room", .preemptions = 2},
                         [=](model::world& world) {
                             auto* const here = world.make<market>();
                             world.thread("one", [=] { trade(*here, 0, first); });
                             world.thread("other", [=] { trade(*here, 1, second); });
                             world.finally([=] {
                                 const bool met = (here->sent[0] == 1 && here->got[1] == 1 && here->sent[1] == 0) ||
                                                  (here->sent[1] == 2 && here->got[0] == 2 && here->sent[0] == 0);
                                 model::require(met, "a race met itself, or a value was lost");
                                 model::require(here->values.len() == 0, "a value is left over");
                             });
                         });
}

TEST_CASE("a_send_that_is_given_up_leaves_its_turn_to_the_next", "[channel]") {
    struct desk {
        channel<int> values{1};
        int got = 0;
        tasks all;
    };
    model::check({.name = "send arm given up, another send, one receiver", .preemptions = 3}, [](model::world& world) {
        auto* const here = world.make<desk>();
        (void)here->values.try_send(1);
        world.thread("giver-up", [=] {
            auto f = here->values.send(100);
            context cx{here->all[0]};
            if (!f.poll_arm(cx)) return;
            // Sent after all: takes one out again, so that there is room.
            auto back = here->values.recv();
            here->got += wait_for(back, here->all[0]).value_or(0) - 100;
        });
        world.thread("sender", [=] {
            auto f = here->values.send(1);
            (void)wait_for(f, here->all[1]);
        });
        world.thread("receiver", [=] {
            auto f = here->values.recv();
            here->got += wait_for(f, here->all[2]).value_or(0);
        });
        world.finally([=] {
            while (const auto value = here->values.try_recv()) here->got += *value;
            model::require(here->got == 2, "a value was lost or sent though it was given up");
        });
    });
}

TEST_CASE("room_that_a_send_did_not_need_goes_to_the_next", "[channel]") {
    struct desk {
        channel<int> values{1};
        int got = 0;
        tasks all;
    };
    model::check({.name = "a send arm and a send, one receiver of two", .preemptions = 3}, [](model::world& world) {
        auto* const here = world.make<desk>();
        (void)here->values.try_send(1);
        world.thread("arm", [=] {
            auto f = here->values.send(1);
            for (bool sent = false; !sent;) {
                (void)here->all[0].state_.begin_run();
                context cx{here->all[0]};
                sent = f.poll_arm(cx).is_ready();
                if (!sent && here->all[0].state_.end_pending() == park_result::parked) here->all[0].gate.wait();
            }
        });
        world.thread("sender", [=] {
            auto f = here->values.send(1);
            (void)wait_for(f, here->all[1]);
        });
        world.thread("receiver", [=] {
            for (int n = 0; n < 2; ++n) {
                auto f = here->values.recv();
                here->got += wait_for(f, here->all[2]).value_or(0);
            }
        });
        world.finally([=] {
            while (const auto value = here->values.try_recv()) here->got += *value;
            model::require(here->got == 3, "a value was lost");
        });
    });
}
