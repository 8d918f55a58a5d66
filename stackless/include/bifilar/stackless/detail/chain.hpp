// A coroutine and the coroutines that it awaits: one chain, driven by a trampoline.
// The outermost coroutine (the top) knows the innermost and the leaf that it waits for, so a wake costs the same at
// any depth. The trampoline stands in for symmetric transfer, which GCC 12 does not compile to a jump at -O0, -O1
// and under sanitizers (GCC bug 100897).
#pragma once

#include <bifilar/base/detail/assert.hpp>
#include <bifilar/task/context.hpp>
#include <bifilar/task/task_visitor.hpp>
#include <coroutine>
#include <cstdint>
#include <source_location>

namespace bifilar::stackless {

class leaf;

/// What a leaf can be asked, for its type of future.
struct leaf_operations {
    /// True when its future is ready, or threw; the result is kept for the coroutine.
    bool (*poll)(leaf&, context&);
    /// True when its future may be destroyed.
    bool (*poll_cancel)(leaf&, context&);
    /// Tells what the future waits on.
    void (*describe)(const leaf&, task_visitor&) noexcept;
};

/// The future that a coroutine waits for, seen without its type. Lives in the coroutine's frame. Aligned for the tags
/// of link, also where addresses have 32 bits.
class alignas(8) leaf {
public:
    leaf(const leaf&) = delete;
    leaf& operator=(const leaf&) = delete;

    bool poll(context& cx) { return kind_->poll(*this, cx); }
    bool poll_cancel(context& cx) { return kind_->poll_cancel(*this, cx); }
    void describe(task_visitor& to) const noexcept { kind_->describe(*this, to); }

protected:
    leaf() noexcept {}
    // Before it waits: most leaves are ready at once, and need to be asked nothing.
    void become(const leaf_operations& kind) noexcept { kind_ = &kind; }

private:
    const leaf_operations* kind_;  // Not set before it waits.
};

/// Where a child coroutine leaves its result, and the way back. Lives in the parent's frame, in front of an outcome.
class child_slot {
public:
    explicit child_slot(void* child) noexcept : child_{child} {}
    child_slot(const child_slot&) = delete;
    child_slot& operator=(const child_slot&) = delete;

    void* child_;             ///< The child's frame; null when it has ended, or was destroyed from below.
    void* parent_ = nullptr;  ///< The frame that awaits.
};

/// One poll of a chain: what the running coroutines may use. Lives on the poller's stack.
class alignas(8) chain_run {
public:
    chain_run(context& cx, void* result) noexcept : context_{&cx}, result_{result} {}

    context* context_;
    void* result_;  ///< The outcome<T> that the top leaves its result in.
};

/// What every promise has: two words, whose meaning depends on the coroutine's place in the chain, and where in its
/// code it waits.
class alignas(8) link {
public:
    link() noexcept = default;
    link(const link&) = delete;
    link& operator=(const link&) = delete;

    static link& of(void* frame) noexcept { return std::coroutine_handle<link>::from_address(frame).promise(); }
    void* frame() noexcept { return std::coroutine_handle<link>::from_promise(*this).address(); }

    /// Makes a fresh coroutine a top: it is its own innermost.
    void become_top() noexcept { next_ = frame(); }
    /// Makes a fresh coroutine the innermost of `parent`'s chain.
    void become_child(link& parent, child_slot& slot) noexcept;

    [[nodiscard]] bool is_child() const noexcept { return (word_ & child_tag) != 0; }
    link& top() noexcept { return is_child() ? *reinterpret_cast<link*>(word_ & ~tags) : *this; }
    child_slot& slot() noexcept { return *static_cast<child_slot*>(next_); }

    /// Tops only. The poll that is under way.
    chain_run& run() noexcept { return *reinterpret_cast<chain_run*>(word_ & ~tags); }

    /// Tops only, called by the innermost: the chain waits for `at`.
    void wait_for(leaf& at) noexcept { word_ = reinterpret_cast<std::uintptr_t>(&at); }

    /// At the end of a coroutine: the next to run is the parent, or nobody. True for a child, which nobody owns then.
    [[nodiscard]] bool end() noexcept {
        if (!is_child()) {
            next_ = nullptr;
            return false;
        }
        child_slot& slot = this->slot();
        slot.child_ = nullptr;
        top().next_ = slot.parent_;
        return true;
    }

    /// Tops only: polls the leaf, then runs coroutines until one waits (false) or the top ends (true).
    bool drive(chain_run& run);

    /// Tops only: whether it has begun, and whether it has ended.
    [[nodiscard]] bool started() const noexcept { return word_ != 0; }
    [[nodiscard]] bool ended() const noexcept { return next_ == nullptr; }

    /// Tops only: asks the leaf to come to rest. True when the chain may be destroyed.
    bool poll_cancel(context& cx);
    /// Tops only: poll_cancel has begun, the coroutines will not run again.
    [[nodiscard]] bool cancel_begun() const noexcept { return (word_ & cancel_tag) != 0; }

    /// The place of the co_await that comes next: for whoever wants to know where the coroutine waits.
    void note(const std::source_location& place) noexcept { place_ = place; }
    /// Tops only: tells what the innermost waits on, if its task is parked, and the frames from there on outwards.
    /// Nothing when the chain does not wait. Nobody polls it meanwhile.
    void describe(task_visitor& to, bool parked = true) const noexcept;

    /// Tops only: destroys all coroutines but the top, innermost first, without recursion.
    void unwind() noexcept;

private:
    static constexpr std::uintptr_t child_tag = 1;
    static constexpr std::uintptr_t running_tag = 2;
    static constexpr std::uintptr_t cancel_tag = 4;
    static constexpr std::uintptr_t tags = 7;

    // Comes back when a leaf waits, a child was begun, or the innermost ended: next_ says who runs next. What the body
    // throws is in its outcome by then; what the destructor of a parameter throws has nowhere to go.
    static void resume(void* frame) noexcept { std::coroutine_handle<>::from_address(frame).resume(); }

    leaf& waits_for() noexcept { return *reinterpret_cast<leaf*>(word_ & ~tags); }

    // Child: the top | child_tag. Top: 0 before its first poll; the chain_run | running_tag while it runs; the leaf
    // while it waits, | cancel_tag once it is being cancelled.
    std::uintptr_t word_ = 0;
    // Child: its child_slot. Top: the frame of the innermost coroutine; null when it has ended.
    void* next_ = nullptr;
    // Of the co_await that was begun last; line 0 before the first.
    std::source_location place_;
};

static_assert(alignof(link) >= 8 && alignof(leaf) >= 8 && alignof(chain_run) >= 8,
              "their addresses leave room for three tags");
static_assert(sizeof(link) == (3 * sizeof(void*) + 7) / 8 * 8, "three words a coroutine");

inline void link::become_child(link& parent, child_slot& slot) noexcept {
    BIFILAR_CHECK(word_ == 0, "a task was awaited that had been polled before; await it by reference instead");
    link& top = parent.top();
    word_ = reinterpret_cast<std::uintptr_t>(&top) | child_tag;
    next_ = &slot;
    slot.parent_ = parent.frame();
    top.next_ = frame();
}

// In line with task::poll and what polls a task as its own body does: when a task waits again, a system call has passed
// since it began, and each function that is returned through has to be fetched anew.
[[gnu::always_inline]] inline bool link::drive(chain_run& run) {
    if (started() && !waits_for().poll(*run.context_)) return false;
    word_ = reinterpret_cast<std::uintptr_t>(&run) | running_tag;
    for (;;) {
        resume(next_);
        if ((word_ & running_tag) == 0) return false;
        if (next_ == nullptr) return true;
    }
}

inline bool link::poll_cancel(context& cx) {
    if (!started() || ended()) return true;
    word_ |= cancel_tag;
    return waits_for().poll_cancel(cx);
}

inline void link::unwind() noexcept {
    void* const own = frame();
    while (next_ != nullptr && next_ != own) {
        child_slot& slot = of(next_).slot();
        next_ = slot.parent_;
        slot.parent_ = nullptr;
        void* const child = slot.child_;
        slot.child_ = nullptr;
        std::coroutine_handle<>::from_address(child).destroy();
    }
}

inline void link::describe(task_visitor& to, bool parked) const noexcept {
    if (!started() || ended() || (word_ & running_tag) != 0) return;
    if (parked) reinterpret_cast<const leaf*>(word_ & ~tags)->describe(to);
    // All of them stand at a co_await, so each child has a slot in the frame that waits for it.
    for (void* frame = next_;;) {
        link& at = of(frame);
        // A frame begins with the address of the code that goes on, with all compilers that we know.
        to.visit_frame(*static_cast<const void* const*>(frame), at.place_);
        if (&at == this) return;
        frame = at.slot().parent_;
    }
}

}  // namespace bifilar::stackless
