// The registers of a signal handler's context, and the stack that they belong to: the fiber's or the thread's.
#include "running_task.hpp"

#include <bifilar/sched/detail/worker.hpp>
#include <bifilar/sched/detail/worker_freeze.hpp>
#include <bifilar/stackful/detail/fiber.hpp>

#include <cstddef>
#include <cstdint>

namespace bifilar::dump {
namespace {

// Where a stopped thread was: the code is one further than a return address would be.
void read_registers(const ucontext_t& from, parked_stack& into) noexcept {
    const auto add = [&into](std::uint16_t number, std::uint64_t value) {
        into.registers[into.count++] = {number, value};
    };
#if defined(__x86_64__)
    const auto& all = from.uc_mcontext.gregs;
    into.instruction = static_cast<std::uint64_t>(all[REG_RIP]) + 1;
    into.stack_pointer = static_cast<std::uint64_t>(all[REG_RSP]);
    add(3, static_cast<std::uint64_t>(all[REG_RBX]));
    add(6, static_cast<std::uint64_t>(all[REG_RBP]));
    add(12, static_cast<std::uint64_t>(all[REG_R12]));
    add(13, static_cast<std::uint64_t>(all[REG_R13]));
    add(14, static_cast<std::uint64_t>(all[REG_R14]));
    add(15, static_cast<std::uint64_t>(all[REG_R15]));
#elif defined(__aarch64__)
    into.instruction = from.uc_mcontext.pc + 1;
    into.stack_pointer = from.uc_mcontext.sp;
    for (std::uint16_t number = 19; number <= 30; ++number) add(number, from.uc_mcontext.regs[number]);
#endif
}

}  // namespace

running_task see_running(const sched::worker_freeze& freeze, const sched::worker& worker) noexcept {
    running_task now;
    if (!freeze.stands(worker.index())) return now;
    const detail::thread_state& state = worker.stopped_state();
    now.header = state.task.load(base::relaxed);  // Relaxed: the freeze orders it.
    const ucontext_t* const registers = freeze.registers(worker.index());
    if (registers == nullptr || now.header == nullptr) return now;
    read_registers(*registers, now.stack);
    const auto* const fiber = static_cast<const stackful::fiber*>(state.fiber);
    const stackful::stack_view own = fiber != nullptr ? fiber->stack() : stackful::stack_view{};
    const auto lowest = reinterpret_cast<std::uint64_t>(own.low);
    const auto highest = reinterpret_cast<std::uint64_t>(own.top);
    if (lowest <= now.stack.stack_pointer && now.stack.stack_pointer < highest) {
        now.stack.low = own.low;
        now.stack.top = own.top;
    } else if (const auto thread = worker.stack();
               thread.lowest <= now.stack.stack_pointer && now.stack.stack_pointer < thread.highest) {
        now.stack.low = reinterpret_cast<const std::byte*>(thread.lowest);
        now.stack.top = reinterpret_cast<const std::byte*>(thread.highest);
    }
    return now;
}

}  // namespace bifilar::dump
