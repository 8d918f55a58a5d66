// A timer that expires on its worker while another thread takes it out, renews it, or lets its memory go.
// Builds on time/timer_queue.hpp and the model checker.
#include "engine.hpp"
#include "model_task.hpp"

#include <bifilar/time/detail/timer_queue.hpp>

#include <catch2/catch.hpp>

#include <memory>

using namespace bifilar;
using namespace bifilar::detail;

namespace {

constexpr base::instant_ns due = 100 * timer_tick_ns;

struct timed {
    timer_queue queue;
    std::unique_ptr<timer_node> owned = std::make_unique<timer_node>();
    timer_node& node = *owned;
    model::gated_task sleeper;
};

}  // namespace

TEST_CASE("a_timer_taken_out_is_not_touched_after", "[timer]") {
    model::check({.name = "timer, remove against fire", .preemptions = 5}, [](model::world& world) {
        auto* const all = world.make<timed>();
        context cx{all->sleeper};
        all->queue.insert(all->node, due, due - 1, cx);
        world.thread("worker", [=] { all->queue.fire(due); });
        world.thread("owner", [=] {
            const bool fired = all->queue.remove(all->node);
            // Fired or not, the queue has let go: the node may be destroyed.
            model::require(fired == (all->node.where() == timer_node::place::fired), "the answer and the place differ");
            all->owned.reset();
        });
        world.finally([=] { model::require(all->queue.next_deadline() == base::never, "a timer is left over"); });
    });
}

TEST_CASE("an_expiry_wakes_whoever_renewed_the_timer", "[timer]") {
    model::check({.name = "timer, renew against fire", .preemptions = 5}, [](model::world& world) {
        auto* const all = world.make<timed>();
        context cx{all->sleeper};
        all->queue.insert(all->node, due, due - 1, cx);
        world.thread("worker", [=] { all->queue.fire(due); });
        // As sleep::poll under block_on.
        world.thread("sleeper", [=] {
            for (;;) {
                (void)all->sleeper.state_.begin_run();
                context again{all->sleeper};
                if (all->node.where() == timer_node::place::fired) return;
                if (!all->queue.renew(all->node, again)) return;
                if (all->sleeper.state_.end_pending() == park_result::parked) all->sleeper.gate.wait();
            }
        });
    });
}

TEST_CASE("a_timer_between_others_leaves_the_others_in_place", "[timer]") {
    struct three {
        timer_queue queue;
        timer_node nodes[3];
        model::gated_task sleepers[3];
    };
    model::check({.name = "timer, remove one of three against fire", .preemptions = 3}, [](model::world& world) {
        auto* const all = world.make<three>();
        for (int i = 0; i < 3; ++i) {
            context cx{all->sleepers[i]};
            all->queue.insert(all->nodes[i], due + i * timer_tick_ns, due - 1, cx);
        }
        world.thread("worker", [=] { all->queue.fire(due + 2 * timer_tick_ns); });
        world.thread("owner", [=] { (void)all->queue.remove(all->nodes[1]); });
        world.finally([=] {
            for (const int i : {0, 2})
                model::require(all->nodes[i].where() == timer_node::place::fired, "a timer that was due did not fire");
            model::require(all->queue.next_deadline() == base::never, "a timer is left over");
        });
    });
}
