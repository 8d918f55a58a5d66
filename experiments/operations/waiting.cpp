// What beginning to wait takes of the heap: tasks that exist stand at a gate, are let through, and each begins one
// wait. Counted is from the gate until all wait, with one worker, for four primitives in turn.
#include <harness/measure.hpp>
#include <vector>

#include "rows.hpp"

namespace bifilar::experiments {

namespace {

constexpr std::uint64_t tasks = 10'000;
constexpr std::uint64_t primitives = 4;

// Worker's thread alone.
struct crowd {
    event gate;
    std::uint64_t ready = 0;
    std::uint64_t begun = 0;
    std::uint64_t ended = 0;
};

// wait() gives the future of one wait; what it gives back is dropped at once.
template <class Wait>
task<void> coroutine_waiter(crowd* in, Wait wait) {
    ++in->ready;
    co_await in->gate.wait();
    ++in->begun;
    (void)co_await wait();
    ++in->ended;
}

template <class Wait>
void fiber_waiter(crowd* in, Wait wait) {
    ++in->ready;
    await(in->gate.wait());
    ++in->begun;
    (void)await(wait());
    ++in->ended;
}

// What all waits so far have taken.
struct taken {
    std::uint64_t waits = 0;
    std::uint64_t calls = 0;
    std::uint64_t bytes = 0;
    std::uint64_t pool_bytes = 0;
};

template <class Wait, class Release>
task<void> let_wait(backend on, taken* sum, Wait wait, Release release) {
    crowd at;
    std::vector<join_handle<void>> handles;
    handles.reserve(tasks);
    for (std::uint64_t n = 0; n < tasks; ++n) {
        if (on == backend::stackful)
            handles.push_back(spawn(on, fiber_waiter<Wait>, &at, wait));
        else
            handles.push_back(spawn(on, coroutine_waiter<Wait>, &at, wait));
    }
    while (at.ready != tasks) co_await yield_now();
    const allocation_count before = allocations();
    const std::size_t pool_before = detail::frame_pool_bytes();
    at.gate.set();
    // Who has begun runs on into its wait. A few turns more, for one that looks again before it waits.
    while (at.begun != tasks) co_await yield_now();
    for (int n = 0; n < 4; ++n) co_await yield_now();
    const allocation_count after = allocations();
    sum->pool_bytes += detail::frame_pool_bytes() - pool_before;
    sum->calls += after.calls - before.calls;
    sum->bytes += after.bytes - before.bytes;
    const bool none_before_its_time = at.ended == 0;
    release();
    for (auto& handle : handles) co_await handle;
    if (none_before_its_time) sum->waits += at.ended;
}

task<taken> all_primitives(backend on) {
    taken sum;
    mutex lock;
    mutex::guard held = lock.try_lock();
    const auto of_lock = [&lock] { return lock.lock(); };
    const auto unlock = [&held] { const mutex::guard ends = std::move(held); };
    co_await let_wait(on, &sum, of_lock, unlock);
    semaphore permits{0, static_cast<std::uint32_t>(tasks)};
    const auto of_permits = [&permits] { return permits.acquire(); };
    const auto give = [&permits] { permits.release(static_cast<std::uint32_t>(tasks)); };
    co_await let_wait(on, &sum, of_permits, give);
    channel<std::uint64_t> empty{1};
    const auto of_channel = [&empty] { return empty.recv(); };
    const auto close = [&empty] { empty.close(); };
    co_await let_wait(on, &sum, of_channel, close);
    notify notice;
    const auto of_notice = [&notice] { return notice.wait(); };
    const auto tell = [&notice] { notice.notify_all(); };
    co_await let_wait(on, &sum, of_notice, tell);
    co_return sum;
}

sample begin_to_wait(backend on) {
    const pinned here{1};
    runtime made{workers(1)};
    (void)made.run(all_primitives, on);
    const taken sum = made.run(all_primitives, on);
    const auto each = [](std::uint64_t total) { return static_cast<double>(total) / (primitives * tasks); };
    return {each(sum.calls),
            sum.waits,
            {{"bytes_per_wait", each(sum.bytes)}, {"pool_bytes_per_wait", each(sum.pool_bytes)}}};
}

}  // namespace

std::vector<row> waiting_rows() {
    row made{"waiters",
             "10,000 tasks begin to wait, for a mutex, a semaphore, a channel and a notify in turn",
             tasks,
             primitives * tasks,
             {{"coroutine", [] { return begin_to_wait(backend::stackless); }},
              {"fiber", [] { return begin_to_wait(backend::stackful); }}},
             {tokio({"waiters", std::to_string(tasks)})}};
    made.unit = "calls of operator new per wait";
    return {std::move(made)};
}

}  // namespace bifilar::experiments
