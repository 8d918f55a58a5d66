// What the scheduler asks of the machine and of the frame pool, for models: no topology, no threads of others, and
// tasks that lie elsewhere. Builds on engine.hpp.
#include "engine.hpp"

#include <bifilar/base/detail/stay_loaded.hpp>
#include <bifilar/base/detail/thread_count.hpp>
#include <bifilar/memory/detail/frame_pool.hpp>
#include <bifilar/sched/detail/worker_layout.hpp>

namespace bifilar::base {

void stay_loaded() noexcept {}
std::size_t thread_count() noexcept { return 0; }

}  // namespace bifilar::base

namespace bifilar::detail {

void mark_task(void*, task_owner, std::size_t) noexcept { model::require(false, "models' tasks are not in the pool"); }
void visit_tasks(task_owner, void (*)(task_header&, void*) noexcept, void*) noexcept {}
portion visit_portion(task_owner, std::uint32_t, portion_visitor&) noexcept { return portion::last; }
std::size_t frame_pool_bytes() noexcept { return 0; }
std::size_t unused_frame_bytes() noexcept { return 0; }

}  // namespace bifilar::detail

namespace bifilar::sched {

worker_layout lay_out_workers(std::uint32_t workers, pin) {
    worker_layout layout;
    for (std::uint32_t self = 0; self < workers; ++self) {
        std::vector<std::uint32_t> others;
        for (std::uint32_t other = 0; other < workers; ++other)
            if (other != self) others.push_back(other);
        layout.cpus.emplace_back();
        layout.victims.push_back({others});
    }
    return layout;
}

std::string pin_this_thread(const std::vector<std::uint32_t>&) { return {}; }

}  // namespace bifilar::sched
