// Rings without a scheduler: n suspended computations, resumed one after the other from a plain loop.
// What a switch costs by itself, and what its memory costs once n of them no longer fit a cache.
#include "bare_ring.hpp"

#include <bifilar/stackful/stack_pool.hpp>
#include <bifilar/stackful/switch.hpp>
#include <algorithm>
#include <boost/context/detail/fcontext.hpp>
#include <coroutine>
#include <exception>
#include <memory>
#include <numeric>
#include <random>

#include "clock.hpp"
#include "counters.hpp"

namespace bifilar::experiments {

namespace {

namespace context = boost::context::detail;

constexpr std::size_t stack_bytes = std::size_t{16} << 10;
// Makes a future about as large as the documents have it: 256 bytes.
constexpr std::size_t state_bytes = 184;

// Resumes by `order`, one round untimed, then `turns` timed. The members count into `*total`.
template <class Resume>
sample measure(const ring_shape& shape, std::uint64_t& total, Resume resume) {
    const std::vector<std::uint32_t> order = ring_order(shape.tasks, shape.shuffled);
    for (const std::uint32_t at : order) resume(at);
    total = 0;
    const counters hardware;
    const auto counted_before = hardware.read();
    const stopwatch watch;
    for (std::uint64_t left = shape.turns; left != 0;) {
        const std::size_t portion = std::min<std::uint64_t>(left, order.size());
        if (shape.after_each) {
            for (std::size_t i = 0; i < portion; ++i, shape.after_each()) resume(order[i]);
        } else {
            for (std::size_t i = 0; i < portion; ++i) resume(order[i]);
        }
        left -= portion;
    }
    const double each = watch.per_operation(static_cast<double>(shape.turns));
    sample result{each, total, {}};
    if (hardware.available()) {
        const auto counted = hardware.read();
        const char* const names[] = {"cycles", "instructions", "cache_misses"};
        for (std::size_t i = 0; i < counters::kinds; ++i)
            result.also[names[i]] =
                static_cast<double>(counted[i] - counted_before[i]) / static_cast<double>(shape.turns);
    }
    return result;
}

// Stacks for all members; none is ever finished, so nothing on them needs to be destroyed.
class stacks {
public:
    stacks(std::size_t count, bool coloured) : pool_{options(coloured)} {
        for (std::size_t i = 0; i < count; ++i) taken_.push_back(pool_.take(stack_bytes));
    }
    stacks(const stacks&) = delete;
    stacks& operator=(const stacks&) = delete;
    ~stacks() {
        for (const stackful::stack_view stack : taken_) pool_.give(stack);
    }
    [[nodiscard]] stackful::stack_view operator[](std::size_t at) const noexcept { return taken_[at]; }

private:
    static stackful::stack_pool_options options(bool coloured) {
        stackful::stack_pool_options chosen;
        chosen.colour = coloured;
        return chosen;
    }
    stackful::stack_pool pool_;
    std::vector<stackful::stack_view> taken_;
};

void jump_body(context::transfer_t from) {
    auto* const total = static_cast<std::uint64_t*>(from.data);
    std::uint64_t own = 0;
    for (;;) {
        keep(own);
        ++own;
        ++*total;
        from = context::jump_fcontext(from.fctx, nullptr);
    }
}

struct counting_fiber {
    stackful::fiber_context switch_;
    std::uint64_t* total = nullptr;

    static void enter(void* argument) noexcept {
        auto& self = *static_cast<counting_fiber*>(argument);
        std::uint64_t own = 0;
        for (;;) {
            keep(own);
            ++own;
            ++*self.total;
            self.switch_.suspend();
        }
    }
};

class counting_coroutine {
public:
    struct promise_type {
        counting_coroutine get_return_object() noexcept {
            return counting_coroutine{std::coroutine_handle<promise_type>::from_promise(*this)};
        }
        std::suspend_always initial_suspend() noexcept { return {}; }
        std::suspend_always final_suspend() noexcept { return {}; }
        void return_void() noexcept {}
        void unhandled_exception() noexcept { std::terminate(); }
    };
    explicit counting_coroutine(std::coroutine_handle<> handle) noexcept : handle_{handle} {}
    counting_coroutine(counting_coroutine&& other) noexcept : handle_{std::exchange(other.handle_, nullptr)} {}
    counting_coroutine& operator=(counting_coroutine&&) = delete;
    ~counting_coroutine() {
        if (handle_) handle_.destroy();
    }
    void resume() const { handle_.resume(); }

private:
    std::coroutine_handle<> handle_;
};

counting_coroutine count_for_ever(std::uint64_t* total) {
    unsigned char state[state_bytes] = {};
    std::uint64_t own = 0;
    for (;;) {
        keep(state);
        keep(own);
        ++own;
        ++*total;
        co_await std::suspend_always{};
    }
}

class pollable {
public:
    virtual ~pollable() = default;
    virtual bool poll() noexcept = 0;
};

class counting_future final : public pollable {
public:
    explicit counting_future(std::uint64_t* total) noexcept : total_{total} {}
    bool poll() noexcept override {
        keep(state_);
        keep(own_);
        ++own_;
        ++*total_;
        return false;
    }

private:
    std::uint64_t* total_;
    unsigned char state_[state_bytes + 40] = {};
    std::uint64_t own_ = 0;
};

// Volatile, so that each copy goes through the memory.
struct copied_pointer {
    void* volatile from = nullptr;
    void* volatile to = nullptr;
    unsigned char state[state_bytes + 56] = {};
};

}  // namespace

std::vector<std::uint32_t> ring_order(std::size_t tasks, bool shuffled) {
    std::vector<std::uint32_t> order(tasks);
    std::iota(order.begin(), order.end(), 0U);
    if (shuffled) std::shuffle(order.begin(), order.end(), std::mt19937{20261121});
    return order;
}

sample jump_ring(const ring_shape& shape) {
    const stacks memory{shape.tasks, shape.coloured};
    std::vector<context::fcontext_t> members(shape.tasks);
    for (std::size_t i = 0; i < shape.tasks; ++i)
        members[i] = context::make_fcontext(memory[i].top, memory[i].size(), &jump_body);
    std::uint64_t total = 0;
    return measure(shape, total,
                   [&](std::uint32_t at) { members[at] = context::jump_fcontext(members[at], &total).fctx; });
}

sample fiber_context_ring(const ring_shape& shape) {
    const stacks memory{shape.tasks, shape.coloured};
    // At the top of its own stack, as the library's fibers have it.
    std::vector<counting_fiber*> members(shape.tasks);
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < shape.tasks; ++i) {
        std::byte* const place = memory[i].top - (sizeof(counting_fiber) + 63) / 64 * 64;
        members[i] = new (place) counting_fiber;
        members[i]->total = &total;
        members[i]->switch_.prepare(place, static_cast<std::size_t>(place - memory[i].low), &counting_fiber::enter,
                                    members[i]);
    }
    const sample result = measure(shape, total, [&](std::uint32_t at) { members[at]->switch_.resume(); });
    for (counting_fiber* const one : members) one->~counting_fiber();
    return result;
}

sample coroutine_ring(const ring_shape& shape) {
    std::uint64_t total = 0;
    std::vector<counting_coroutine> members;
    members.reserve(shape.tasks);
    for (std::size_t i = 0; i < shape.tasks; ++i) members.push_back(count_for_ever(&total));
    return measure(shape, total, [&](std::uint32_t at) { members[at].resume(); });
}

sample poll_ring(const ring_shape& shape) {
    std::uint64_t total = 0;
    std::vector<std::unique_ptr<pollable>> members;
    members.reserve(shape.tasks);
    for (std::size_t i = 0; i < shape.tasks; ++i) members.push_back(std::make_unique<counting_future>(&total));
    return measure(shape, total, [&](std::uint32_t at) { (void)members[at]->poll(); });
}

sample copy_ring(const ring_shape& shape) {
    std::uint64_t total = 0;
    std::vector<std::unique_ptr<copied_pointer>> members;
    members.reserve(shape.tasks);
    for (std::size_t i = 0; i < shape.tasks; ++i) members.push_back(std::make_unique<copied_pointer>());
    return measure(shape, total, [&](std::uint32_t at) {
        members[at]->to = members[at]->from;
        ++total;
    });
}

}  // namespace bifilar::experiments
