// The fields that the library says are plain are watched: a model whose lock or order is left out fails.
// Builds on the model checker, wait lists, timers and joins.
#include "engine.hpp"
#include "model_task.hpp"

#include <bifilar/base/detail/plain.hpp>
#include <bifilar/future/detail/wait_list.hpp>
#include <bifilar/task/detail/task_core.hpp>
#include <bifilar/time/detail/timer_queue.hpp>

#include <catch2/catch.hpp>

#include <memory>

using namespace bifilar;
using namespace bifilar::detail;
using Catch::Matchers::Contains;

namespace {

// Two threads put themselves into a wait list; the lock is theirs to take.
void two_wait(model::world& world, bool lock) {
    struct waiters {
        wait_list list;
        model::gated_task tasks[2];
        wait_node nodes[2];
    };
    auto* const all = world.make<waiters>();
    for (const int i : {0, 1})
        world.thread(i == 0 ? "left" : "right", [=] {
            context cx{all->tasks[i]};
            if (lock) all->list.lock().lock();
            all->list.wait(all->nodes[i], cx);
            if (lock) all->list.lock().unlock();
        });
    world.finally([=] {
        for (wait_node& each : all->nodes) all->list.remove(each);
    });
}

// A thread puts a timer in; another one looks whether it is linked, which the queue's lock guards.
void linked_or_not(model::world& world, bool looks) {
    constexpr base::instant_ns due = 100 * timer_tick_ns;
    struct timed {
        timer_queue queue;
        timer_node node;
        model::gated_task sleeper;
    };
    auto* const all = world.make<timed>();
    world.thread("worker", [=] {
        context cx{all->sleeper};
        all->queue.insert(all->node, due, due - 1, cx);
        all->queue.fire(due);
    });
    world.thread("looker", [=] {
        if (looks)
            (void)all->node.linked();
        else
            (void)all->node.where();
    });
}

struct joined {
    struct ended : task_core {
        ended() noexcept : task_core{model::gated_task::kind, 2} {}
    };
    ended task;
    model::gated_task joiner;
};

// A joiner says who it is, and a runner ends the task, or looks for a joiner before it has.
void join(model::world& world, bool looks) {
    auto* const all = world.make<joined>();
    world.thread("joiner", [=] {
        all->task.joiner_ = waker_ref{all->joiner};
        (void)all->task.state_.set_join();
    });
    world.thread("runner", [=] {
        (void)all->task.state_.begin_run();
        if (looks) (void)all->task.joiner_.task();
        if (all->task.state_.complete() == task_state::complete_result::wake_join) (void)all->task.joiner_.task();
    });
}

// A field that its maker has destroyed, and another thread reads.
void outlived(model::world& world) {
    struct shared {
        std::unique_ptr<base::plain<int>> field = std::make_unique<base::plain<int>>(1);
        base::plain<int>* kept = field.get();
        base::atomic<bool> over{false};
    };
    auto* const all = world.make<shared>();
    world.thread("owner", [=] {
        all->kept->~plain();
        all->over.store(true, base::release);
        (void)new (all->field.release()) int{0};
    });
    world.thread("reader", [=] {
        if (all->over.load(base::acquire)) (void)static_cast<int>(*all->kept);
    });
}

std::string failure(const model::body& of) { return model::explore({}, of).sentence; }

}  // namespace

TEST_CASE("a_wait_list_used_without_its_lock_fails", "[plain]") {
    CHECK(failure([](model::world& world) { two_wait(world, true); }).empty());
    CHECK_THAT(failure([](model::world& world) { two_wait(world, false); }),
               Contains("data race: a plain bifilar::base::list_link<bifilar::detail::wait_node"));
}

TEST_CASE("a_timers_link_read_without_the_lock_fails", "[plain]") {
    CHECK(failure([](model::world& world) { linked_or_not(world, false); }).empty());
    CHECK_THAT(failure([](model::world& world) { linked_or_not(world, true); }),
               Contains("data race: a plain bifilar::base::list_link<bifilar::detail::timer_node"));
}

TEST_CASE("a_joiner_read_before_the_task_has_ended_fails", "[plain]") {
    CHECK(failure([](model::world& world) { join(world, false); }).empty());
    CHECK_THAT(failure([](model::world& world) { join(world, true); }),
               Contains("data race: a plain bifilar::detail::task_header"));
}

TEST_CASE("a_plain_field_read_after_its_end_fails", "[plain]") {
    CHECK_THAT(failure(outlived), Contains("use after free"));
}

// Objects keep their layout in models, and so the sizes that the library asserts.
static_assert(sizeof(base::plain<bool>) == sizeof(bool) && sizeof(base::plain<void*>) == sizeof(void*));
