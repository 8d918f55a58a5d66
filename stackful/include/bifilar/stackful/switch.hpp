// The switch between a worker's stack and a fiber's: one pair of jumps, and all that must travel with them.
// It builds on the fcontext of Boost.Context 1.81, which only switch.cpp names; exceptions travel as base has them.
// ASan, TSan and Valgrind are told about this switch, the one that ships, and not about another.
#pragma once

#include <bifilar/base/sanitizer.hpp>

#include <bifilar/base/assert.hpp>
#include <bifilar/base/exception_globals.hpp>
#include <cstddef>

// Where no sanitizer wants to watch, the switch is expanded in place. A jump leaves the processor's return predictor
// with the other stack's addresses, so each function that returns after a jump costs a misprediction: out of line,
// a round trip took 28 ns where the bare pair of jumps takes 13.
#if !defined(BIFILAR_ASAN) && !defined(BIFILAR_TSAN)
#define BIFILAR_SWITCH_INLINE 1
#endif

namespace bifilar::stackful {

namespace detail {

/// Where a jump came from, and the word that it brought. Same layout as Boost.Context's transfer_t.
struct landing {
    void* from;
    void* word;
};
/// Boost.Context's jump_fcontext, under a name that headers may know. Constant; set in switch.cpp.
extern landing (*const jump_function)(void* to, void* word) noexcept;

#if defined(__x86_64__) && !(defined(__CET__) && (__CET__ & 2))
#if defined(__AVX512F__)
#define BIFILAR_WIDE_REGISTERS                                                                                    \
    , "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm24", "xmm25", "xmm26", "xmm27", \
        "xmm28", "xmm29", "xmm30", "xmm31", "k0", "k1", "k2", "k3", "k4", "k5", "k6", "k7"
#else
#define BIFILAR_WIDE_REGISTERS
#endif
/// The same, entered by a jump with the way back on the stack instead of by a call. The processor predicts a return by
/// the calls that it has seen; a call that comes back on another stack would leave one entry too many, and the
/// worker's next return would be mispredicted at every switch.
[[gnu::always_inline]] inline landing jump(void* to, void* word) noexcept {
    void* from;
    void* brought;
    asm volatile(
        "leaq -128(%%rsp), %%rsp\n\t"  // Past the red zone, which a function without calls may use.
        "leaq 1f(%%rip), %%rax\n\t"
        "pushq %%rax\n\t"
        "jmpq *%[function]\n"
        "1:\tleaq 128(%%rsp), %%rsp"
        : "=&a"(from), "=&d"(brought), "+D"(to), "+S"(word)
        : [function] "r"(jump_function)
        : "rcx", "r8", "r9", "r10", "r11", "cc", "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6",
          "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", "st", "st(1)", "st(2)", "st(3)",
          "st(4)", "st(5)", "st(6)", "st(7)" BIFILAR_WIDE_REGISTERS);
    return landing{from, brought};
}
#undef BIFILAR_WIDE_REGISTERS
#elif defined(__aarch64__)
/// Boost.Context's jump leaves the control register alone here, with the rounding mode in it: each side brings its own
/// back. Writing it is slow, so it is only written where the other side has changed it.
[[gnu::always_inline]] inline landing jump(void* to, void* word) noexcept {
    const unsigned int control = __builtin_aarch64_get_fpcr();
    const landing back = jump_function(to, word);
    if (__builtin_aarch64_get_fpcr() != control) __builtin_aarch64_set_fpcr(control);
    return back;
}
#else
[[gnu::always_inline]] inline landing jump(void* to, void* word) noexcept { return jump_function(to, word); }
#endif

}  // namespace detail

/// A computation on a stack of its own: made once, then resumed and suspended in turn.
///
/// Exactly one thread at a time may be inside resume(). Another thread may resume the context next, but only
/// after the earlier resume() has returned: before that the saved stack pointer is not there. A wake that comes
/// between suspend() and the return of resume() must therefore be published after that return.
/// The context may live at the top of the very stack that it runs on. It must not move once prepared.
class fiber_context {
public:
    fiber_context() noexcept = default;
    fiber_context(const fiber_context&) = delete;
    fiber_context& operator=(const fiber_context&) = delete;
    /// A context that is still suspended is abandoned: nothing on its stack is destroyed.
    ~fiber_context();

    /// Makes the context run `entry(argument)` on the `bytes` bytes below `top` when it is first resumed.
    /// Costs some ten instructions and one write to the stack's top. The stack stays the caller's. When `entry`
    /// returns, the context is finished. May be called again after that, for another run.
    void prepare(void* top, std::size_t bytes, void (*entry)(void* argument) noexcept, void* argument) noexcept;

    /// Runs the context until it suspends or finishes. On a thread's own stack, never inside a fiber.
    void resume() noexcept;

    /// Leaves for the caller of resume(); returns when the context is resumed again, maybe on another thread.
    /// Inside the context only. Nothing thread-local read before may be used after.
    void suspend() noexcept;

    /// Leaves for good, with whatever is still on the stack left as it is. Inside the context only.
    /// Returning from `entry` does the same, and under TSan lets its handle be used again.
    [[noreturn]] void finish() noexcept;

    /// Whether there is nothing to resume: never prepared, or finished. Not while it runs.
    [[nodiscard]] bool finished() const noexcept { return stack_pointer_ == nullptr; }

private:
    // What the sanitizers want to know. Present in every build, so that an application compiled with a sanitizer
    // agrees on the layout with a library compiled without; touched only under one.
    struct sanitizer_marks {
        const void* stack_low = nullptr;
        std::size_t stack_bytes = 0;
        const void* resumer_low = nullptr;
        std::size_t resumer_bytes = 0;
        void* fake_stack = nullptr;
        void* tsan_fiber = nullptr;
        void* tsan_resumer = nullptr;
        bool unwound = true;
    };

    struct jumps;  // The first frame on the stack, which knows the jump's own types.

    void* stack_pointer_ = nullptr;       // Where the context stands while it does not run.
    void* resumer_ = nullptr;             // Where the caller of resume() stands while the context runs.
    base::exception_globals exceptions_;  // The context's own while it does not run.
    void (*entry_)(void*) noexcept = nullptr;
    void* argument_ = nullptr;
    sanitizer_marks marks_;
};

#if defined(BIFILAR_SWITCH_INLINE)
[[gnu::always_inline]] inline void fiber_context::resume() noexcept {
    BIFILAR_ASSERT(!finished(), "a fiber context was resumed that is running, finished or was never prepared");
    // One look-up serves both directions: resume() returns on the thread that called it. A fiber that moves
    // between threads finds its own values in whatever globals its resumer filled, so suspend() needs nothing.
    base::exception_globals& here = base::thread_exceptions();
    const base::exception_globals outer = here;
    // Nearly always there is no exception on either side. Testing for that is 8 ns cheaper than copying, because
    // the copies would wait for each other's stores.
    const bool fill = outer.any() || exceptions_.any();
    if (fill) [[unlikely]]
        here = exceptions_;
    const detail::landing back = detail::jump(stack_pointer_, this);
    if (fill || here.any()) [[unlikely]] {
        exceptions_ = here;
        here = outer;
    }
    stack_pointer_ = back.word != nullptr ? back.from : nullptr;
}

[[gnu::always_inline]] inline void fiber_context::suspend() noexcept { resumer_ = detail::jump(resumer_, this).from; }
#endif

}  // namespace bifilar::stackful
