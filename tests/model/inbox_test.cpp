// Tasks posted to one worker: each arrives once, complete, in order, and never while the owner sleeps for good.
// Builds on sched/inbox.hpp, sched/global_queue.hpp and the model checker.
#include "engine.hpp"
#include "model_task.hpp"

#include <bifilar/base/detail/thread_gate.hpp>
#include <bifilar/sched/detail/global_queue.hpp>
#include <bifilar/sched/detail/inbox.hpp>

#include <catch2/catch.hpp>

#include <array>
#include <string>

using namespace bifilar;
using namespace bifilar::detail;

namespace {

constexpr int max_tasks = 6;

// The owner sleeps as a driver does: it says so, looks once more, and only then waits.
struct mailbox {
    void post(int number) noexcept {
        model::gated_task& task = tasks[static_cast<std::size_t>(number)];
        task.alive.set(true);
        box.push(task);
        if (asleep.load(base::seq_cst)) gate.open();
    }
    void take() noexcept {
        int of_poster[2]{-1, -1};
        for (task_header* at = box.take_all(); at != nullptr;) {
            auto& task = static_cast<model::gated_task&>(*at);
            at = at->next_;
            model::require(task.alive.get(), "a task was taken twice");
            task.alive.set(false);
            const auto number = static_cast<int>(&task - tasks.data());
            int& newest = of_poster[number % 2];
            model::require(newest < number, "tasks of one poster arrived out of order");
            newest = number;
            ++taken;
        }
    }
    void serve() noexcept {
        for (;;) {
            take();
            asleep.store(true, base::seq_cst);
            if (box.empty()) gate.wait();
            asleep.store(false, base::relaxed);
        }
    }

    sched::inbox box;
    base::atomic<bool> asleep{false};
    base::thread_gate gate;
    std::array<model::gated_task, max_tasks> tasks;
    int taken = 0;
};

void check_inbox(int posts, unsigned preemptions, unsigned stale_reads) {
    model::check({.name = "inbox, two posters of " + std::to_string(posts),
                  .preemptions = preemptions,
                  .stale_reads = stale_reads},
                 [=](model::world& world) {
                     auto* const all = world.make<mailbox>();
                     world.sleeper("owner", [=] { all->serve(); });
                     for (int p = 0; p < 2; ++p)
                         world.thread("poster " + std::to_string(p), [=] {
                             for (int i = 0; i < posts; ++i) all->post(2 * i + p);
                         });
                     world.finally([=] {
                         model::require(all->taken == 2 * posts, "a task lies in the inbox and the owner sleeps");
                     });
                 });
}

// Pushers and takers of the global queue; its length must tell a sleeper that something is there.
struct shared_queue {
    void take(std::size_t most) noexcept {
        for (task_header* at = queue.take(most); at != nullptr;) {
            auto& task = static_cast<model::gated_task&>(*at);
            at = at->next_;
            model::require(task.alive.get(), "a task was taken twice");
            task.alive.set(false);
            ++taken;
        }
    }
    sched::global_queue queue;
    std::array<model::gated_task, max_tasks> tasks;
    int taken = 0;
};

}  // namespace

TEST_CASE("inbox_delivers_everything_once_and_wakes_its_owner", "[inbox]") {
    check_inbox(1, 4, 2);
    check_inbox(2, 2, 1);
}

TEST_CASE("global_queue_gives_each_task_once", "[global_queue]") {
    model::check({.name = "global_queue, pusher, chain pusher, two takers", .preemptions = 2}, [](model::world& world) {
        auto* const all = world.make<shared_queue>();
        auto& tasks = all->tasks;
        world.thread("pusher", [all, &tasks] {
            tasks[0].alive.set(true);
            all->queue.push(tasks[0]);
        });
        world.thread("chain", [all, &tasks] {
            for (std::size_t i = 1; i < 4; ++i) tasks[i].alive.set(true);
            tasks[1].next_ = &tasks[2];
            tasks[2].next_ = &tasks[3];
            all->queue.push_chain(tasks[1], tasks[3], 3);
        });
        for (const std::size_t most : {std::size_t{1}, std::size_t{2}})
            world.thread("taker of " + std::to_string(most), [=] { all->take(most); });
        world.finally([=] {
            all->take(max_tasks);
            model::require(all->taken == 4, "a task was lost");
            model::require(all->queue.size() == 0, "the length is wrong");
        });
    });
}
