// A worker's own queue between its owner and thieves: the first actor is the owner, the others steal. Its histories are
// those of a queue that does one call after the other.
#include "histories.hpp"
#include "lock_models.hpp"

#include <bifilar/sched/detail/run_queue.hpp>
#include <bifilar/task/detail/task_header.hpp>

#include <deque>

using namespace linear;

namespace {

constexpr std::uint32_t room = 4;

struct numbered_task : bf::detail::task_header {
    static constexpr bf::detail::operations kind{nullptr, nullptr, nullptr};
    numbered_task() noexcept : task_header{kind, 0} {}
    std::int64_t number = 0;
};
std::int64_t number_of(const bf::detail::task_header* task) { return static_cast<const numbered_task*>(task)->number; }

class played_run_queue {
public:
    struct hands {
        std::unique_ptr<bf::sched::run_queue> own = std::make_unique<bf::sched::run_queue>(room);
    };

    played_run_queue() : tasks_(run_queue_model::base) {
        for (std::size_t at = 0; at < tasks_.size(); ++at) tasks_[at].number = static_cast<std::int64_t>(at);
    }
    ~played_run_queue() {
        while (queue_.pop() != nullptr) continue;
    }

    [[nodiscard]] static run_queue_model model() noexcept { return run_queue_model{room}; }
    [[nodiscard]] static const char* name(int kind) { return run_queue_model::name(kind); }

    [[nodiscard]] static std::optional<call> next(std::uint32_t actor, std::uint32_t step, hands&, draws& chance) {
        // As many as there are numbers for.
        if (step + 1 == static_cast<std::uint32_t>(run_queue_model::base) || (actor != 0 && step == 6))
            return std::nullopt;
        if (actor != 0) return call{static_cast<int>(queue_call::steal), 0};
        if (chance.below(5) < 2) return call{static_cast<int>(queue_call::pop), 0};
        return call{static_cast<int>(queue_call::push), std::int64_t{step} + 1};
    }

    bf::task<std::int64_t> perform(hands& of, call what) {
        switch (static_cast<queue_call>(what.kind)) {
            case queue_call::push:
                co_return queue_.push(tasks_[static_cast<std::size_t>(what.argument)]) ? 1 : not_now;
            case queue_call::pop: {
                const bf::detail::task_header* const got = queue_.pop();
                co_return got != nullptr ? number_of(got) : not_now;
            }
            case queue_call::steal:
                break;
        }
        std::uint32_t moved = 0;
        const bf::detail::task_header* const newest = queue_.steal_into(*of.own, moved);
        if (newest == nullptr) co_return not_now;
        std::int64_t all = 0;
        while (const bf::detail::task_header* const one = of.own->pop())
            all = all * run_queue_model::base + number_of(one);
        co_return all* run_queue_model::base + number_of(newest);
    }
    static void end(recorder&, std::uint32_t) {}

private:
    std::deque<numbered_task> tasks_;  // By their numbers, from 1 on.
    bf::sched::run_queue queue_{room};
};

void run_queue_histories(std::uint64_t count) {
    check_histories("run queue", count, [](std::uint64_t) { return std::make_unique<played_run_queue>(); });
}

}  // namespace

TEST_CASE("histories_of_a_run_queue_are_linearizable") { run_queue_histories(by_day); }
TEST_CASE("many_histories_of_a_run_queue_are_linearizable", "[.][nightly]") { run_queue_histories(by_night); }
