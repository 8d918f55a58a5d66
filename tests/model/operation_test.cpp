// An operation that ends on its driver's thread while its task looks, leaves, or asks for a cancel; and a driver's
// sleep. Builds on drivers/contract and the model checker. The task destroys the node as soon as it may.
#include "engine.hpp"
#include "model_task.hpp"

#include "contract/cancel_requests.hpp"
#include <bifilar/base/detail/thread_gate.hpp>
#include <bifilar/drivers/contract/detail/driver.hpp>

#include <catch2/catch.hpp>

#include <array>
#include <cerrno>
#include <memory>
#include <utility>

using namespace bifilar;
using drivers::op;

void drivers::multishot_op::drop() noexcept { model::require(false, "no operation of a model completes many times"); }

namespace {

struct in_flight {
    in_flight() { node->begin(waker_ref{task}); }

    // As a future's polls, until node and buffer may go; then they do.
    void await_rest() noexcept {
        for (;;) {
            (void)task.state_.begin_run();
            if (node->at_rest()) break;
            if (task.state_.end_pending() == detail::park_result::parked) task.gate.wait();
        }
        model::require(node->result == result, "the result was not there");
        node.reset();
    }

    static constexpr int result = 7;
    model::gated_task task;
    std::unique_ptr<op> node = std::make_unique<op>(op_kind::recv);
    drivers::cancel_requests requests;
    base::thread_gate driver_wakes;
};

}  // namespace

TEST_CASE("an_operation_may_go_once_its_end_is_seen", "[operation]") {
    model::check({.name = "operation, completes", .preemptions = 4}, [](model::world& world) {
        auto* const all = world.make<in_flight>();
        world.thread("driver", [=] {
            wake_batch batch;
            all->node->complete(in_flight::result, batch);
        });
        world.thread("task", [=] { all->await_rest(); });
    });
    model::check({.name = "operation, completes for nobody", .preemptions = 4}, [](model::world& world) {
        auto* const all = world.make<in_flight>();
        all->node->result = in_flight::result;
        world.thread("driver", [=] { all->node->complete_unwaited(); });
        world.thread("task", [=] {
            while (all->node->now() != op::phase::completed) base::spin_pause();
            all->node.reset();
        });
    });
}

TEST_CASE("an_operation_whose_cancel_was_asked_goes_when_the_driver_has_seen_that", "[operation]") {
    for (const bool ends : {false, true})
        model::check({.name = ends ? "operation, cancelled while it completes" : "operation, cancelled",
                      .preemptions = 3,
                      .early_stores = 1},
                     [=](model::world& world) {
                         auto* const all = world.make<in_flight>();
                         world.thread("driver", [=] {
                             wake_batch batch;
                             if (ends) all->node->complete(in_flight::result, batch);
                             batch.flush();
                             all->driver_wakes.wait();
                             all->requests.take([](op& which) noexcept {
                                 wake_batch cancelled;
                                 which.complete(in_flight::result, cancelled);
                                 return true;
                             });
                         });
                         world.thread("task", [=] {
                             all->requests.add(*all->node);
                             all->driver_wakes.open();
                             all->await_rest();
                         });
                     });
}

// Made by the thread that asks, of which nothing but the list tells the driver.
TEST_CASE("a_driver_sees_whole_whose_cancel_it_is_asked_for", "[operation]") {
    model::check({.name = "operation, made and cancelled", .preemptions = 3}, [](model::world& world) {
        auto* const requests = world.make<drivers::cancel_requests>();
        auto* const seen = world.make<base::atomic<bool>>(false);
        world.thread("driver", [=] {
            while (!seen->load(base::relaxed)) {
                requests->take([=](op& which) noexcept {
                    wake_batch batch;
                    which.complete(in_flight::result, batch);
                    seen->store(true, base::relaxed);
                    return true;
                });
                base::spin_pause();
            }
        });
        world.thread("task", [=] {
            in_flight made;
            requests->add(*made.node);
            made.await_rest();
        });
    });
}

TEST_CASE("of_two_cancels_at_once_a_driver_sees_both", "[operation]") {
    model::check({.name = "operations, two cancelled at once", .preemptions = 2}, [](model::world& world) {
        std::array<in_flight*, 2> const all{world.make<in_flight>(), world.make<in_flight>()};
        drivers::cancel_requests* const requests = &all[0]->requests;
        world.thread("driver", [=] {
            for (int seen = 0; seen != 2; base::spin_pause())
                requests->take([&](op& which) noexcept {
                    wake_batch batch;
                    which.complete(in_flight::result, batch);
                    ++seen;
                    return true;
                });
        });
        for (in_flight* const one : all)
            world.thread("task", [=] {
                requests->add(*one->node);
                one->await_rest();
            });
    });
}

TEST_CASE("a_driver_that_is_told_does_not_sleep_on", "[operation]") {
    struct sleeper {
        drivers::sleep_flag flag;
        base::thread_gate kernel;
        base::atomic<int> posted{0};
    };
    model::check({.name = "driver, told by two", .preemptions = 3}, [](model::world& world) {
        auto* const all = world.make<sleeper>();
        world.thread("owner", [=] {
            while (all->posted.load(base::relaxed) != 2) {
                if (!all->flag.fall_asleep()) continue;
                all->kernel.wait();
                all->flag.wake_up();
            }
        });
        for (int i = 0; i < 2; ++i)
            world.thread("teller " + std::to_string(i), [=] {
                all->posted.fetch_add(1, base::relaxed);
                if (all->flag.tell()) all->kernel.open();
            });
    });
}
