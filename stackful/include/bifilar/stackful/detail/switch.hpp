// The switch between a worker's stack and a fiber's: one pair of jumps, and all that must travel with them.
// On x86-64 it is ours: expanded in place, so that the compiler saves what is live there and nothing else. Elsewhere,
// under ASan and TSan, which must be told of each switch, and with shadow stacks it is Boost.Context's, which only
// switch.cpp names.
#pragma once

#include <bifilar/base/detail/sanitizer.hpp>

#include <bifilar/base/detail/assert.hpp>
#include <bifilar/base/detail/control_words.hpp>
#include <bifilar/base/detail/exception_globals.hpp>
#include <cstddef>
#include <cstdint>

namespace bifilar {
struct parked_stack;
}

// Where no sanitizer wants to watch, the switch is expanded in place. A jump leaves the processor's return predictor
// with the other stack's addresses, so each function that returns after a jump costs a misprediction: out of line,
// a round trip took 28 ns where the bare pair of jumps takes 13.
#if !defined(BIFILAR_ASAN) && !defined(BIFILAR_TSAN)
#define BIFILAR_SWITCH_INLINE 1
// BIFILAR_FCONTEXT comes from how the library was configured, and goes on to what links it: both have to switch alike.
#if defined(__x86_64__) && !defined(__ILP32__) && !defined(BIFILAR_FCONTEXT)
#define BIFILAR_OWN_SWITCH 1
#endif
#endif

namespace bifilar::stackful {

/// Where a side goes on that does not run. Boost.Context keeps all but the first on the side's stack. Without initial
/// values, because a worker makes one for each run.
struct switch_point {
    void* stack_pointer;
    void* frame_pointer;
    void* base_pointer;  // rbx, which clang may need to find locals, as rbp.
    const void* instruction;
    // The rounding mode and what else belongs to whoever is called, as the calling convention has it.
    std::uint32_t sse_control;
    std::uint16_t x87_control;
    // The side keeps exceptions, handled or in flight. Here because there is room.
    bool keeps_exceptions;
};

#if defined(BIFILAR_OWN_SWITCH)
// What this file's instruction set has besides, a list for the end of the clobbers.
#if defined(__AVX512F__)
#define BIFILAR_WIDE_REGISTERS                                                                                    \
    , "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm24", "xmm25", "xmm26", "xmm27", \
        "xmm28", "xmm29", "xmm30", "xmm31", "k0", "k1", "k2", "k3", "k4", "k5", "k6", "k7"
#else
#define BIFILAR_WIDE_REGISTERS
#endif
#if defined(__APX_F__)
#define BIFILAR_MORE_REGISTERS \
    , "r16", "r17", "r18", "r19", "r20", "r21", "r22", "r23", "r24", "r25", "r26", "r27", "r28", "r29", "r30", "r31"
#else
#define BIFILAR_MORE_REGISTERS
#endif
// For whoever unwinds, between the change of the stack pointer and the last register that comes back: this side's frame
// is not to be found any more, so the other side's is named as the caller's. rsi points to where that stands: rsp, rbp,
// rbx and the instruction. As the bytes of .cfi_remember_state, DW_CFA_def_cfa_expression (rsi, dereferenced),
// DW_CFA_expression of rip, rbp and rbx (an offset from rsi), DW_CFA_undefined of r12 to r15; and .cfi_restore_state.
// Not with clang, which takes no directives in a function without a table, and does not say which have one.
#if defined(__GCC_HAVE_DWARF2_CFI_ASM) && !defined(__clang__)
#define BIFILAR_CFI_AWAY                                                                                          \
    ".cfi_escape 0x0a, 0x0f,3,0x74,0,6, 0x10,16,2,0x74,24, 0x10,6,2,0x74,8, 0x10,3,2,0x74,16, 7,12, 7,13, 7,14, " \
    "7,15\n\t"
#define BIFILAR_CFI_BACK ".cfi_escape 0x0b\n"
#else
#define BIFILAR_CFI_AWAY
#define BIFILAR_CFI_BACK
#endif
/// Leaves `from`, to come back there when somebody jumps to it, and goes on at `to`. The control words in `from` are
/// what the side has set. Each side brings back its own rbp and rbx, from where rsi points when it goes on: whoever
/// unwinds in a signal handler shall not meet the one side's frame pointer at the other's instructions.
///
/// No register but rsp, rbp and rbx survives as the compiler sees it, so it has saved on the stack what is live, in
/// the frame that is in the cache. Nothing is pushed: below the stack pointer begins the red zone of a function without
/// calls, and what lies below that would be lines of their own. The way back is an address instead of a call's, because
/// the processor predicts a return by the calls that it has seen: a call that comes back on another stack would leave
/// one entry too many, and the worker's next return would be mispredicted at every switch.
/// The control words are compared, and only loaded where they differ, because some processors take long for that.
[[gnu::always_inline]] inline void jump(switch_point& from, const switch_point& to) noexcept {
    const void* leave = &from;
    const void* enter = &to;
    asm volatile(
        "leaq 3f(%%rip), %%rax\n\t"
        "movq %%rsp, (%%rdi)\n\t"
        "movq %%rbp, 8(%%rdi)\n\t"
        "movq %%rbx, 16(%%rdi)\n\t"
        "movq %%rax, 24(%%rdi)\n\t"
        "movl 32(%%rdi), %%eax\n\t"
        "movzwl 36(%%rdi), %%ecx\n\t"
        "xorl 32(%%rsi), %%eax\n\t"
        "testl $0xffc0, %%eax\n\t"
        "jnz 2f\n\t"
        "cmpw 36(%%rsi), %%cx\n\t"
        "jne 2f\n"
        "1:\tmovq (%%rsi), %%rsp\n\t" BIFILAR_CFI_AWAY "jmpq *24(%%rsi)\n\t" BIFILAR_CFI_BACK
        "2:\tldmxcsr 32(%%rsi)\n\t"
        "fldcw 36(%%rsi)\n\t"
        "jmp 1b\n"
        "3:\t" BIFILAR_CFI_AWAY
        "movq 8(%%rsi), %%rbp\n\t"
        "movq 16(%%rsi), %%rbx\n\t" BIFILAR_CFI_BACK
        : "+D"(leave), "+S"(enter)
        :
        : "rax", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "cc", "memory", "xmm0", "xmm1",
          "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14",
          "xmm15", "st", "st(1)", "st(2)", "st(3)", "st(4)", "st(5)", "st(6)",
          "st(7)" BIFILAR_WIDE_REGISTERS BIFILAR_MORE_REGISTERS);
}
#undef BIFILAR_WIDE_REGISTERS
#undef BIFILAR_MORE_REGISTERS
#undef BIFILAR_CFI_AWAY
#undef BIFILAR_CFI_BACK
static_assert(offsetof(switch_point, stack_pointer) == 0 && offsetof(switch_point, frame_pointer) == 8 &&
                  offsetof(switch_point, base_pointer) == 16 && offsetof(switch_point, instruction) == 24 &&
                  offsetof(switch_point, sse_control) == 32 && offsetof(switch_point, x87_control) == 36,
              "the assembly above knows these places");
#else
/// Where a jump came from, and the word that it brought. Same layout as Boost.Context's transfer_t.
struct landing {
    void* from;
    void* word;
};
/// Boost.Context's jump_fcontext, under a name that headers may know. Constant; set in switch.cpp.
extern landing (*const jump_function)(void* to, void* word) noexcept;

#if defined(__aarch64__)
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
#endif

// How the library switches; set in switch.cpp. Whatever includes this names it to the linker, so that what was built to
// switch otherwise does not link.
#if defined(BIFILAR_OWN_SWITCH)
extern const bool switches_by_itself;
[[gnu::used]] inline const bool* const wants_its_own_switch = &switches_by_itself;
#elif defined(BIFILAR_SWITCH_INLINE)
extern const bool switches_by_fcontext;
[[gnu::used]] inline const bool* const wants_fcontext = &switches_by_fcontext;
#else
extern const bool switches_watched;
[[gnu::used]] inline const bool* const wants_a_watched_switch = &switches_watched;
#endif

/// A computation on a stack of its own: made once, then resumed and suspended in turn.
///
/// Exactly one thread at a time may be inside resume(). Another thread may resume the context next, but only
/// after the earlier resume() has returned: before that the context's exceptions are not there. A wake that comes
/// between suspend() and the return of resume() must therefore be published after that return.
/// The context may live at the top of the very stack that it runs on. It must not move once prepared.
class fiber_context {
public:
    fiber_context() noexcept = default;
    fiber_context(const fiber_context&) = delete;
    fiber_context& operator=(const fiber_context&) = delete;
    /// A context that is still suspended is abandoned: nothing on its stack is destroyed.
#if defined(BIFILAR_OWN_SWITCH)
    ~fiber_context() = default;
#else
    ~fiber_context();
#endif

    /// Makes the context run `entry(argument)` on the `bytes` bytes below `top` when it is first resumed.
    /// Costs some ten instructions, and at most one write to the stack's top. The stack stays the caller's. When
    /// `entry` returns, the context is finished. May be called again after that, for another run.
    void prepare(void* top, std::size_t bytes, void (*entry)(void* argument) noexcept, void* argument) noexcept;

    /// Runs the context until it suspends or finishes. On a thread's own stack, never inside a fiber.
    /// `here` is base::thread_exceptions(), which a thread may look up once and for all, and `control` what it has set
    /// and expects back.
    void resume(base::exception_globals& here, const base::control_words& control) noexcept;
    void resume() noexcept { resume(base::thread_exceptions(), base::thread_control_words()); }

    /// Leaves for the caller of resume(); returns when the context is resumed again, maybe on another thread.
    /// Inside the context only. Nothing thread-local read before may be used after.
    void suspend() noexcept;

    /// Leaves for good, with whatever is still on the stack left as it is. Inside the context only.
    /// Returning from `entry` does the same, and under TSan lets its handle be used again.
    [[noreturn]] void finish() noexcept;

    /// Whether there is nothing to resume: never prepared, or finished. Not while it runs.
    [[nodiscard]] bool finished() const noexcept { return here_.stack_pointer == nullptr; }

    /// Where its innermost frame begins, for who wants to have that in the cache before it runs. Not while it runs.
    [[nodiscard]] const void* stack_pointer() const noexcept { return here_.stack_pointer; }

    /// With which registers it will go on, for who unwinds its stack. While it is suspended, and has run before.
    void describe(parked_stack& into) const noexcept;

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

    struct jumps;  // The first frames on the stack.

#if defined(BIFILAR_OWN_SWITCH)
    void resume_among_exceptions(base::exception_globals& here, const base::control_words& control) noexcept;
#endif

    // These two are all that a switch touches, as long as nobody handles an exception.
    switch_point here_{};         // Where the context stands while it does not run. Null: nowhere.
    void* resumer_ = nullptr;             // Where the caller of resume() stands while the context runs.
    base::exception_globals exceptions_;  // The context's own while it does not run.
    void (*entry_)(void*) noexcept = nullptr;
    void* argument_ = nullptr;
    sanitizer_marks marks_;
};

#if defined(BIFILAR_OWN_SWITCH)
[[gnu::always_inline]] inline void fiber_context::resume(base::exception_globals& here,
                                                         const base::control_words& control) noexcept {
    BIFILAR_ASSERT(!finished(), "a fiber context was resumed that is running, finished or was never prepared");
    // Exceptions are exchanged on this side alone: resume() returns on the thread that called it. A fiber that moves
    // between threads finds its own values in whatever globals its resumer filled, so suspend() needs nothing.
    // Nearly always there are none on either side. Testing for that is 8 ns cheaper than copying, because the copies
    // would wait for each other's stores.
    if (here.any() || here_.keeps_exceptions) [[unlikely]]
        return resume_among_exceptions(here, control);
    switch_point back;
    back.sse_control = control.sse;
    back.x87_control = control.x87;
    resumer_ = &back;
    jump(back, here_);
    if (here.any()) [[unlikely]] {
        exceptions_ = here;
        here_.keeps_exceptions = true;
        here = {};
    }
}

[[gnu::always_inline]] inline void fiber_context::suspend() noexcept {
    base::read_control_words(here_.sse_control, here_.x87_control);
    jump(here_, *static_cast<const switch_point*>(resumer_));
}
#elif defined(BIFILAR_SWITCH_INLINE)
// Exceptions as above.
[[gnu::always_inline]] inline void fiber_context::resume(base::exception_globals& here,
                                                         const base::control_words&) noexcept {
    BIFILAR_ASSERT(!finished(), "a fiber context was resumed that is running, finished or was never prepared");
    const base::exception_globals outer = here;
    const bool fill = outer.any() || exceptions_.any();
    if (fill) [[unlikely]]
        here = exceptions_;
    const landing back = jump(here_.stack_pointer, this);
    if (fill || here.any()) [[unlikely]] {
        exceptions_ = here;
        here = outer;
    }
    here_.stack_pointer = back.word != nullptr ? back.from : nullptr;
}

[[gnu::always_inline]] inline void fiber_context::suspend() noexcept { resumer_ = jump(resumer_, this).from; }
#endif

}  // namespace bifilar::stackful
