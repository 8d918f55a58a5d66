// Values handed to receivers that wait, leave, or find the channel closed: none lost, none twice, nobody left asleep.
// Builds on channel/channel.hpp and the model checker.
#include "engine.hpp"
#include "model_task.hpp"

#include <bifilar/channel/channel.hpp>

#include <catch2/catch.hpp>

#include <array>
#include <memory>
#include <optional>
#include <string>

using namespace bifilar;
using namespace bifilar::detail;

namespace {

struct conduit {
    channel<int> values{1};
    std::array<model::gated_task, 3> tasks;
    std::array<int, 3> got{};  // What each receiver took, added up; read at the end.
    int sent = 0;

    // As block_on. Where it would yield, which happens at the end of a channel only, it gives up: a model has no turns.
    template <class Future>
    auto wait(Future& f, model::gated_task& task) noexcept -> std::optional<typename Future::output> {
        for (;;) {
            (void)task.state_.begin_run();
            context cx{task};
            if (auto answer = f.poll(cx)) return answer.take();
            if (cx.yielding()) return std::nullopt;
            if (task.state_.end_pending() == park_result::parked) task.gate.wait();
        }
    }
    void receive(std::size_t who) noexcept {
        auto future = values.recv();
        const std::optional<std::optional<int>> answer = wait(future, tasks[who]);
        if (answer && *answer) got[who] += **answer;
    }
    // Polls once and leaves, whatever came of it.
    void glance(std::size_t who) noexcept {
        auto future = values.recv();
        context cx{tasks[who]};
        if (auto answer = future.poll(cx)) got[who] += answer.take().value_or(0);
    }
    void send(int value, std::size_t who) noexcept {
        auto future = values.send(value);
        const auto answer = wait(future, tasks[who]);
        if (answer && answer->has_value()) sent += value;
    }
    int left() noexcept {
        int sum = 0;
        while (const auto value = values.try_recv()) sum += *value;
        return sum;
    }
    void check() noexcept {
        model::require(sent == got[0] + got[1] + got[2] + left(), "a value was lost or came twice");
    }
};

}  // namespace

TEST_CASE("two_values_reach_two_receivers", "[channel]") {
    model::check({.name = "channel, two receivers, one sender of two", .preemptions = 2}, [](model::world& world) {
        auto* const all = world.make<conduit>();
        world.thread("receiver 0", [=] { all->receive(0); });
        world.thread("receiver 1", [=] { all->receive(1); });
        world.thread("sender", [=] {
            all->send(1, 2);
            all->send(10, 2);
        });
        world.finally([=] { all->check(); });
    });
}

TEST_CASE("a_value_handed_to_a_receiver_that_leaves_goes_to_the_next", "[channel]") {
    model::check({.name = "channel, one receiver leaves", .preemptions = 3}, [](model::world& world) {
        auto* const all = world.make<conduit>();
        world.thread("leaver", [=] { all->glance(0); });
        world.thread("receiver", [=] { all->receive(1); });
        world.thread("sender", [=] {
            all->send(1, 2);
            all->send(10, 2);
        });
        world.finally([=] { all->check(); });
    });
}

TEST_CASE("a_closed_channel_lets_nobody_sleep", "[channel]") {
    model::check({.name = "channel, close against two receivers", .preemptions = 2}, [](model::world& world) {
        auto* const all = world.make<conduit>();
        world.thread("leaver", [=] { all->glance(0); });
        world.thread("receiver", [=] {
            all->receive(1);
            all->receive(1);
        });
        world.thread("sender", [=] {
            all->send(1, 2);
            all->values.close();
        });
        world.finally([=] { all->check(); });
    });
}

// One was handed a value, and lets go of it without the lock: it sees the close, or the other sees that it has let go.
TEST_CASE("a_receiver_that_waits_for_another_is_told_of_the_end", "[channel]") {
    for (const bool refused : {false, true}) {
        model::refuses_fences = refused;
        const std::string name =
            refused ? "channel, a value is out at close, no fence" : "channel, a value is out at close";
        model::check({.name = name, .preemptions = 2}, [](model::world& world) {
            auto* const all = world.make<conduit>();
            using receive = channel<int>::recv_future;
            auto* const holder = world.make<std::optional<receive>>(all->values.recv());
            auto* const waiter = world.make<std::optional<receive>>(all->values.recv());
            for (auto* const each : {holder, waiter}) {
                context cx{all->tasks[each == holder ? 0 : 1]};
                (void)(*each)->poll(cx);
            }
            all->send(1, 2);
            world.thread("holder", [=] { all->got[0] = all->wait(**holder, all->tasks[0])->value_or(0); });
            world.thread("waiter", [=] { (void)all->wait(**waiter, all->tasks[1]); });
            world.thread("closer", [=] { all->values.close(); });
            world.finally([=] { all->check(); });
        });
    }
    model::refuses_fences = false;
}
