// The whole road of a task to a sleeping worker: ring, overflow, global queue, inbox, idle set, theft and sleep.
// Builds on the queues of sched; the loop mirrors worker::loop, search and sleep without time and events.
#include "engine.hpp"
#include "model_task.hpp"

#include <bifilar/base/detail/thread_gate.hpp>
#include <bifilar/sched/detail/global_queue.hpp>
#include <bifilar/sched/detail/idle_set.hpp>
#include <bifilar/sched/detail/inbox.hpp>
#include <bifilar/sched/detail/run_queue.hpp>

#include <catch2/catch.hpp>

#include <array>
#include <string>
#include <utility>

using namespace bifilar;
using namespace bifilar::detail;

namespace {

constexpr std::uint32_t worker_count = 2;
constexpr int max_tasks = 6;

// A driver's sleep: remembered unparks, and a look at "asleep" that saves the kernel call.
struct sleeper {
    void park() noexcept { gate.wait(); }
    void unpark() noexcept { gate.open(); }
    base::thread_gate gate;
};

struct team {
    struct member {
        sched::run_queue queue{2};
        sched::inbox box;
        sleeper bed;
        bool searching = false;
    };

    void notify() noexcept {
        base::fence_seq_cst();
        if (const auto worker = idle.claim()) members[*worker].bed.unpark();
    }
    void inject(int number) noexcept {
        global.push(make(number));
        notify();
    }
    void post(int number, std::uint32_t to) noexcept {
        members[to].box.push(make(number));
        members[to].bed.unpark();
    }
    // A task of worker `self` makes another.
    void push(int number, member& self) noexcept {
        task_header& task = make(number);
        task_header* last = nullptr;
        std::uint32_t count = 0;
        if (!self.queue.push(task)) {
            if (task_header* const first = self.queue.take_half(last, count)) {
                last->next_ = &task;
                global.push_chain(*first, task, count + 1);
            } else {
                global.push(task);
            }
        }
        notify();
    }

    task_header* next(member& self) noexcept {
        if (task_header* const mail = self.box.take_all()) {
            model::require(mail->next_ == nullptr, "this model posts one task at a time");
            return mail;
        }
        if (task_header* const task = self.queue.pop()) return task;
        return global.take(1);
    }
    task_header* search(std::uint32_t index) noexcept {
        member& self = members[index];
        if (!self.searching && !idle.start_search()) return nullptr;
        self.searching = true;
        std::uint32_t moved = 0;
        if (task_header* const task = members[1 - index].queue.steal_into(self.queue, moved)) return task;
        return global.take(1);
    }
    bool work_in_sight(member& self) noexcept {
        if (global.size() != 0 || !self.box.empty()) return true;
        return !members[0].queue.empty() || !members[1].queue.empty();
    }
    void loop(std::uint32_t index) noexcept {
        member& self = members[index];
        for (;;) {
            task_header* task = next(self);
            if (task == nullptr) task = search(index);
            if (task != nullptr) {
                if (std::exchange(self.searching, false) && idle.end_search()) {
                    base::fence_seq_cst();
                    if (work_in_sight(self)) notify();
                }
                run(*task, self);
                continue;
            }
            idle.enter(index, std::exchange(self.searching, false));
            base::fence_seq_cst();
            if (!work_in_sight(self)) self.bed.park();
            self.searching = idle.leave(index);
        }
    }
    void run(task_header& task, member& self) noexcept {
        auto& mine = static_cast<model::gated_task&>(task);
        model::require(mine.alive.get(), "a task ran twice");
        mine.alive.set(false);
        ++ran;
        const auto number = static_cast<std::size_t>(&mine - tasks.data());
        for (int child : std::exchange(children[number], {}))
            if (child != 0) push(child, self);
    }
    task_header& make(int number) noexcept {
        model::gated_task& task = tasks[static_cast<std::size_t>(number)];
        task.alive.set(true);
        ++made;
        return task;
    }

    sched::idle_set idle{worker_count};
    sched::global_queue global;
    std::array<member, worker_count> members;
    std::array<model::gated_task, max_tasks> tasks;
    std::array<std::array<int, 3>, max_tasks> children{};  // What each task makes; 0 is none.
    int made = 0;
    int ran = 0;
};

using prepare = void (*)(team&);

void check_team(const std::string& name, model::options how, int injected, int posted, prepare set) {
    how.name = "sleep, " + name;
    model::check(how, [=](model::world& world) {
        auto* const all = world.make<team>();
        set(*all);
        for (std::uint32_t w = 0; w < worker_count; ++w)
            world.sleeper("worker " + std::to_string(w), [=] { all->loop(w); });
        if (injected > 0)
            world.thread("injector", [=] {
                for (int i = 0; i < injected; ++i) all->inject(i);
            });
        if (posted > 0) world.thread("poster", [=] { all->post(injected, 0); });
        world.finally([=] {
            model::require(all->ran == all->made, "a task is queued and every worker sleeps");
            model::require(all->made >= injected + posted, "a task was never made");
        });
    });
}

}  // namespace

TEST_CASE("injected_task_wakes_somebody", "[sleep]") {
    check_team("one injected", {.preemptions = 3, .max_seconds = 20}, 1, 0, [](team&) {});
    check_team("two injected, random", {.random_executions = 30'000}, 2, 0, [](team&) {});
}

TEST_CASE("posted_task_wakes_its_worker", "[sleep]") {
    check_team("one posted", {.preemptions = 2, .stale_reads = 1, .max_seconds = 20}, 0, 1, [](team&) {});
}

TEST_CASE("children_of_a_task_reach_the_other_worker", "[sleep]") {
    const prepare three_children = [](team& all) { all.children[0] = {3, 4, 5}; };
    check_team("one injected makes three", {.preemptions = 2, .max_seconds = 20}, 1, 0, three_children);
    check_team("one makes three, one posted, random", {.random_executions = 40'000}, 1, 1, three_children);
}
