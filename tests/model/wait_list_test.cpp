// Waiting, waking one, waking all and leaving, in every order: no wake lost, no node touched after its owner left.
// Builds on core/wait_list.hpp and the model checker.
#include "engine.hpp"
#include "model_task.hpp"

#include <bifilar/future/detail/wait_list.hpp>

#include <catch2/catch.hpp>

#include <array>
#include <memory>
#include <mutex>
#include <string>

using namespace bifilar;
using namespace bifilar::detail;

namespace {

constexpr int max_waiters = 2;

// A poll of a future whose node is linked. The look without the lock may miss a waker that has claimed the task and
// is about to mark the node; whoever answers pending must therefore look again under the lock.
bool woken(wait_list& list, model::gated_task& task, wait_node& node) noexcept {
    if (node.where() == wait_node::place::woken) return true;
    const std::lock_guard guard{list.lock()};
    if (node.where(base::relaxed) == wait_node::place::woken) return true;
    context cx{task};
    list.wait(node, cx);
    return false;
}

// A semaphore without frills: the smallest owner of a wait_list that loses a permit when a wake is lost.
struct permits {
    // Waits for one permit; a permit that comes with a wake belongs to the woken.
    void acquire(model::gated_task& task) noexcept {
        auto node = std::make_unique<wait_node>();
        context cx{task};
        (void)task.state_.begin_run();
        {
            const std::lock_guard guard{list.lock()};
            if (free > 0) {
                --free;
                return;
            }
            list.wait(*node, cx);
        }
        park_until_woken(task, *node);
    }

    // Waits, but gives up at any moment. A permit that came all the same is passed on.
    void try_a_while(model::gated_task& task) noexcept {
        auto node = std::make_unique<wait_node>();
        context cx{task};
        bool has = false;
        {
            const std::lock_guard guard{list.lock()};
            if (free > 0) {
                --free;
                has = true;
            } else {
                list.wait(*node, cx);
            }
        }
        list.leave(*node);
        if (has || node->where() == wait_node::place::woken) release();
    }

    void release() noexcept {
        wake_batch batch;
        const std::lock_guard guard{list.lock()};
        if (!list.wake_one(batch)) ++free;
    }

    // As the loop of block_on: park, sleep, poll again.
    void park_until_woken(model::gated_task& task, wait_node& node) noexcept {
        while (!woken(list, task, node)) {
            if (task.state_.end_pending() == park_result::parked) task.gate.wait();
            (void)task.state_.begin_run();
        }
        list.leave(node);
    }

    wait_list list;
    int free = 0;  // Guarded by the list's lock.
    std::array<model::gated_task, max_waiters> tasks;
};

}  // namespace

TEST_CASE("wait_list_loses_no_permit", "[wait_list]") {
    model::check({.name = "wait_list, two waiters, two releasers", .preemptions = 2}, [](model::world& world) {
        auto* const all = world.make<permits>();
        for (std::size_t i = 0; i < max_waiters; ++i) {
            world.thread("waiter " + std::to_string(i), [=] { all->acquire(all->tasks[i]); });
            world.thread("releaser " + std::to_string(i), [=] { all->release(); });
        }
        world.finally([=] { model::require(all->free == 0, "a permit is left over"); });
    });
}

TEST_CASE("wait_list_passes_a_permit_on_when_its_receiver_leaves", "[wait_list]") {
    model::check({.name = "wait_list, one leaves, one waits, one releases", .preemptions = 3}, [](model::world& world) {
        auto* const all = world.make<permits>();
        world.thread("leaver", [=] { all->try_a_while(all->tasks[0]); });
        world.thread("waiter", [=] { all->acquire(all->tasks[1]); });
        world.thread("releaser", [=] { all->release(); });
        world.finally([=] { model::require(all->free == 0, "a permit is left over"); });
    });
}

TEST_CASE("wake_all_wakes_whoever_waited_and_spares_whoever_leaves", "[wait_list]") {
    struct event {
        wait_list list;
        bool set = false;  // Guarded by the list's lock.
        std::array<model::gated_task, max_waiters> tasks;
    };
    model::check({.name = "wait_list, wake_all against wait and leave", .preemptions = 3}, [](model::world& world) {
        auto* const all = world.make<event>();
        const auto wait = [=](model::gated_task& task, bool leaves) {
            auto node = std::make_unique<wait_node>();
            context cx{task};
            (void)task.state_.begin_run();
            {
                const std::lock_guard guard{all->list.lock()};
                if (all->set) return;
                all->list.wait(*node, cx);
            }
            while (!leaves && !woken(all->list, task, *node)) {
                if (task.state_.end_pending() == park_result::parked) task.gate.wait();
                (void)task.state_.begin_run();
            }
            all->list.leave(*node);
        };
        world.thread("waiter", [=] { wait(all->tasks[0], false); });
        world.thread("leaver", [=] { wait(all->tasks[1], true); });
        world.thread("setter", [=] { all->list.wake_all([=] { all->set = true; }); });
    });
}

TEST_CASE("looking_at_a_node_without_the_lock_before_parking_loses_a_wake", "[wait_list]") {
    struct hasty {
        wait_list list;
        wait_node node;
        model::gated_task task;
    };
    const auto found = model::explore({.name = "hasty look"}, [](model::world& world) {
        auto* const all = world.make<hasty>();
        context first{all->task};
        all->list.wait(all->node, first);
        world.thread("waiter", [=] {
            while (all->node.where() != wait_node::place::woken) {
                if (all->task.state_.end_pending() == park_result::parked) all->task.gate.wait();
                (void)all->task.state_.begin_run();
            }
        });
        world.thread("waker", [=] {
            wake_batch batch;
            const std::lock_guard guard{all->list.lock()};
            (void)all->list.wake_one(batch);
        });
    });
    REQUIRE(found.failed);
    CHECK(found.sentence == "deadlock: waiter waits in a gate");
}
