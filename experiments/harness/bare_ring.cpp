// Rings without a scheduler: n suspended computations, resumed one after the other from a plain loop.
// What a switch costs by itself, and what its memory costs once n of them no longer fit a cache.
#include "bare_ring.hpp"

#include <bifilar/stackful/detail/stack_pool.hpp>
#include <bifilar/stackful/detail/switch.hpp>
#include <algorithm>
#include <boost/context/detail/fcontext.hpp>
#include <coroutine>
#include <exception>
#include <memory>
#include <numeric>
#include <random>

#include "counters.hpp"
#include "stopwatch.hpp"

namespace bifilar::experiments {

namespace {

namespace context = boost::context::detail;

constexpr std::size_t stack_bytes = std::size_t{16} << 10;
// Makes a future about as large as the documents have it: 256 bytes.
constexpr std::size_t state_bytes = 184;

// Of the loop, always in the first cache: what the members count into, and whom the last one named as the next.
struct loop_state {
    std::uint64_t total = 0;
    void* next = nullptr;
};

// Times `run`, which resumes `shape.turns` times.
template <class Run>
sample timed(const ring_shape& shape, std::uint64_t& total, Run run) {
    total = 0;
    const counters hardware;
    const auto counted_before = hardware.read();
    const stopwatch watch;
    run();
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

// Resumes by `order`, one round untimed, then `turns` timed. The members count into `*total`.
template <class Resume>
sample measure(const ring_shape& shape, std::uint64_t& total, Resume resume) {
    const std::vector<std::uint32_t> order = ring_order(shape.tasks, shape.shuffled);
    for (const std::uint32_t at : order) resume(at);
    return timed(shape, total, [&] {
        for (std::uint64_t left = shape.turns; left != 0;) {
            const std::size_t portion = std::min<std::uint64_t>(left, order.size());
            if (shape.after_each) {
                for (std::size_t i = 0; i < portion; ++i, shape.after_each()) resume(order[i]);
            } else {
                for (std::size_t i = 0; i < portion; ++i) resume(order[i]);
            }
            left -= portion;
        }
    });
}

// The same in the same order where the members name the next: `links[i]` is where member i keeps the address of the one
// behind it, and `addresses[i]` its own. The answer is 0 unless the way leads back to the first.
template <class Resume>
sample measure_linked(const ring_shape& shape, loop_state& loop, const std::vector<void*>& addresses,
                      const std::vector<void**>& links, Resume resume) {
    const std::vector<std::uint32_t> order = ring_order(shape.tasks, shape.shuffled);
    for (std::size_t i = 0; i < order.size(); ++i) *links[order[i]] = addresses[order[(i + 1) % order.size()]];
    void* const first = addresses[order.front()];
    loop.next = first;
    for (std::size_t i = 0; i < order.size(); ++i) resume(loop.next);
    const bool round_closed = loop.next == first;
    sample result = timed(shape, loop.total, [&] {
        for (std::uint64_t left = shape.turns; left != 0; --left) {
            resume(loop.next);
            if (shape.after_each) shape.after_each();
        }
    });
    const std::uint32_t last = order[shape.turns % order.size()];
    if (!round_closed || loop.next != addresses[last]) result.answer = 0;
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
        keep_in_memory(own);
        ++own;
        ++*total;
        from = context::jump_fcontext(from.fctx, nullptr);
    }
}

// Where `Linked`, a member names the next one before it suspends: an address that it keeps in its own memory.
template <bool Linked>
struct counting_fiber {
    stackful::fiber_context switch_;
    loop_state* loop = nullptr;
    void* next = nullptr;

    static void enter(void* argument) noexcept {
        auto& self = *static_cast<counting_fiber*>(argument);
        std::uint64_t own = 0;
        for (;;) {
            keep_in_memory(own);
            ++own;
            ++self.loop->total;
            if constexpr (Linked) self.loop->next = self.next;
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
        std::suspend_always yield_value(loop_state* loop) const noexcept {
            loop->next = next;
            return {};
        }
        void* next = nullptr;
    };
    using handle = std::coroutine_handle<promise_type>;
    explicit counting_coroutine(handle of) noexcept : handle_{of} {}
    counting_coroutine(counting_coroutine&& other) noexcept : handle_{std::exchange(other.handle_, nullptr)} {}
    counting_coroutine& operator=(counting_coroutine&&) = delete;
    ~counting_coroutine() {
        if (handle_) handle_.destroy();
    }
    void resume() const { handle_.resume(); }
    [[nodiscard]] void* address() const noexcept { return handle_.address(); }
    [[nodiscard]] void** link() const noexcept { return &handle_.promise().next; }

private:
    handle handle_;
};

// Where `Linked`, it names the next one before it suspends.
template <bool Linked>
counting_coroutine count_for_ever(loop_state* loop) {
    unsigned char state[state_bytes - sizeof(void*)] = {};
    std::uint64_t own = 0;
    for (;;) {
        keep_in_memory(state);
        keep_in_memory(own);
        ++own;
        ++loop->total;
        if constexpr (Linked)
            co_yield loop;
        else
            co_await std::suspend_always{};
    }
}

class pollable {
public:
    virtual ~pollable() = default;
    virtual bool poll() noexcept = 0;
};

template <bool Linked>
class counting_future final : public pollable {
public:
    explicit counting_future(loop_state* loop) noexcept : loop_{loop} {}
    bool poll() noexcept override {
        keep_in_memory(state_);
        keep_in_memory(own_);
        ++own_;
        ++loop_->total;
        if constexpr (Linked) loop_->next = next_;
        return false;
    }
    [[nodiscard]] void** link() noexcept { return &next_; }

private:
    loop_state* loop_;
    void* next_ = nullptr;
    unsigned char state_[state_bytes + 32] = {};
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

namespace {

template <bool Linked>
sample run_fiber_contexts(const ring_shape& shape) {
    using member = counting_fiber<Linked>;
    const stacks memory{shape.tasks, shape.coloured};
    // At the top of its own stack, as the library's fibers have it.
    std::vector<member*> members(shape.tasks);
    loop_state loop;
    for (std::size_t i = 0; i < shape.tasks; ++i) {
        std::byte* const place = memory[i].top - (sizeof(member) + 63) / 64 * 64;
        members[i] = new (place) member;
        members[i]->loop = &loop;
        members[i]->switch_.prepare(place, static_cast<std::size_t>(place - memory[i].low), &member::enter, members[i]);
    }
    sample result;
    if constexpr (Linked) {
        const std::vector<void*> addresses(members.begin(), members.end());
        std::vector<void**> links;
        for (member* const one : members) links.push_back(&one->next);
        result =
            measure_linked(shape, loop, addresses, links, [](void* at) { static_cast<member*>(at)->switch_.resume(); });
    } else {
        result = measure(shape, loop.total, [&](std::uint32_t at) { members[at]->switch_.resume(); });
    }
    for (member* const one : members) one->~member();
    return result;
}

template <bool Linked>
sample run_coroutines(const ring_shape& shape) {
    loop_state loop;
    std::vector<counting_coroutine> members;
    members.reserve(shape.tasks);
    for (std::size_t i = 0; i < shape.tasks; ++i) members.push_back(count_for_ever<Linked>(&loop));
    if constexpr (Linked) {
        std::vector<void*> addresses;
        std::vector<void**> links;
        for (const counting_coroutine& one : members) {
            addresses.push_back(one.address());
            links.push_back(one.link());
        }
        return measure_linked(shape, loop, addresses, links,
                              [](void* at) { std::coroutine_handle<>::from_address(at).resume(); });
    } else {
        return measure(shape, loop.total, [&](std::uint32_t at) { members[at].resume(); });
    }
}

template <bool Linked>
sample run_polls(const ring_shape& shape) {
    loop_state loop;
    std::vector<std::unique_ptr<pollable>> members;
    std::vector<void*> addresses;
    std::vector<void**> links;
    members.reserve(shape.tasks);
    for (std::size_t i = 0; i < shape.tasks; ++i) {
        auto made = std::make_unique<counting_future<Linked>>(&loop);
        if constexpr (Linked) {
            addresses.push_back(static_cast<pollable*>(made.get()));
            links.push_back(made->link());
        }
        members.push_back(std::move(made));
    }
    if constexpr (Linked)
        return measure_linked(shape, loop, addresses, links,
                              [](void* at) { (void)static_cast<pollable*>(at)->poll(); });
    else
        return measure(shape, loop.total, [&](std::uint32_t at) { (void)members[at]->poll(); });
}

}  // namespace

sample fiber_context_ring(const ring_shape& shape) {
    return shape.linked ? run_fiber_contexts<true>(shape) : run_fiber_contexts<false>(shape);
}

sample coroutine_ring(const ring_shape& shape) {
    return shape.linked ? run_coroutines<true>(shape) : run_coroutines<false>(shape);
}

sample poll_ring(const ring_shape& shape) { return shape.linked ? run_polls<true>(shape) : run_polls<false>(shape); }

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

sample empty_ring(const ring_shape& shape) {
    std::uint64_t total = 0;
    return measure(shape, total, [&](std::uint32_t at) {
        keep_in_memory(at);
        ++total;
    });
}

}  // namespace bifilar::experiments
