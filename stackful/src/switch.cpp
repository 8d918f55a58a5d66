// What of the switch is not in its header: how a context begins and ends, and all of it on Boost.Context's
// jump_fcontext where a sanitizer watches; that saves the callee-saved registers and, on x86-64, both floating-point
// control words. All work about exceptions is done on the resumer's side, which cannot change threads between two
// jumps. Sanitizer calls stand in the function that jumps: a wrapper that returned first would unbalance TSan's shadow
// stack.
#include <bifilar/stackful/detail/switch.hpp>

#include <bifilar/base/detail/assert.hpp>
#include <bifilar/base/detail/sanitizer.hpp>
#include <bifilar/task/task_visitor.hpp>

#include <array>
#include <cstring>

#if defined(BIFILAR_OWN_SWITCH)
#include <bit>
#if defined(__CET__) && (__CET__ & 2)
#error "with shadow stacks (-fcf-protection) Boost.Context switches: define BIFILAR_FCONTEXT, as our CMake files do"
#endif
#else
#include <boost/context/detail/fcontext.hpp>
#endif

#if defined(BIFILAR_ASAN)
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(BIFILAR_TSAN)
#include <bifilar/base/detail/spin_lock.hpp>
#include <mutex>
#include <sanitizer/tsan_interface.h>
#endif

// The first function on a fiber's stack never returns; TSan must not count its entry, or every reuse of a
// handle would leave one frame more on the shadow stack.
#if defined(BIFILAR_TSAN) && defined(__clang__)
#define BIFILAR_FIRST_FRAME [[clang::disable_sanitizer_instrumentation]]
#elif defined(BIFILAR_TSAN)
#define BIFILAR_FIRST_FRAME [[gnu::no_sanitize("thread")]]
#else
#define BIFILAR_FIRST_FRAME
#endif

namespace bifilar::stackful {

#if defined(BIFILAR_OWN_SWITCH)

const bool switches_by_itself = true;

struct fiber_context::jumps {
    // Where each context begins, with its own address in rsi, and the way out where another keeps its rbx. A debugger,
    // and whoever unwinds, shall find no caller, and zero in rbp as the end of the chain of frames. No frame of a C++
    // function stands here, so that the caller's is in the stack's first line. The jump comes behind the nop: whoever
    // unwinds takes the place for a return address, and looks at the byte before.
    [[gnu::naked]] static void begin() noexcept {
        asm(".cfi_undefined rip\n\t"
            "nop\n\t"
            "xorl %ebp, %ebp\n\t"
            "movq 16(%rsi), %r12\n\t"
            "movq %rsi, %rbx\n\t"
            "movq 72(%rsi), %rdi\n\t"
            "callq *64(%rsi)\n\t"
            "movq %rbx, %rdi\n\t"
            "callq *%r12\n\t"
            "ud2");
    }

    [[noreturn]] static void end(fiber_context& self) noexcept {
        static_assert(offsetof(fiber_context, here_) == 0 && offsetof(fiber_context, entry_) == 64 &&
                          offsetof(fiber_context, argument_) == 72,
                      "the assembly above knows these places");
        self.finish();
    }
};

void fiber_context::prepare(void* top, std::size_t, void (*entry)(void*) noexcept, void* argument) noexcept {
    BIFILAR_ASSERT(finished(), "a fiber context was prepared while suspended; let it finish first");
    entry_ = entry;
    argument_ = argument;
    // Those of whoever prepares it stay there: a context begins without any.
    exceptions_ = {};
    // A first jump goes to begin(), which finds the address of end() where another side keeps its rbx.
    here_ = {};
    here_.stack_pointer = reinterpret_cast<void*>(reinterpret_cast<std::uintptr_t>(top) & ~std::uintptr_t{15});
    here_.base_pointer = std::bit_cast<void*>(&jumps::end);
    here_.instruction = std::bit_cast<const std::byte*>(&jumps::begin) + 1;  // Behind the nop.
    // As for a new thread: the context begins with what its maker has set.
    base::read_control_words(here_.sse_control, here_.x87_control);
}

void fiber_context::resume_among_exceptions(base::exception_globals& here,
                                            const base::control_words& control) noexcept {
    // The C++ runtime keeps them by thread: each side brings its own, and gets them back.
    const base::exception_globals outer = here;
    here = exceptions_;
    switch_point back;
    back.sse_control = control.sse;
    back.x87_control = control.x87;
    resumer_ = &back;
    jump(back, here_);
    exceptions_ = here;
    here_.keeps_exceptions = here.any();
    here = outer;
}

void fiber_context::describe(parked_stack& into) const noexcept {
    into.instruction = reinterpret_cast<std::uintptr_t>(here_.instruction);
    into.stack_pointer = reinterpret_cast<std::uintptr_t>(here_.stack_pointer);
    // The numbers of rbx and rbp. The others are not kept: the code that goes on expects none of them.
    into.registers[0] = {3, reinterpret_cast<std::uintptr_t>(here_.base_pointer)};
    into.registers[1] = {6, reinterpret_cast<std::uintptr_t>(here_.frame_pointer)};
    into.count = 2;
}

void fiber_context::finish() noexcept {
    // From here on the context counts as finished; nobody comes back to this stack.
    here_.stack_pointer = nullptr;
    // Nobody jumps back there, but the jump compares the control words in it.
    switch_point nowhere;
    base::read_control_words(nowhere.sse_control, nowhere.x87_control);
    jump(nowhere, *static_cast<const switch_point*>(resumer_));
    __builtin_unreachable();
}

#else

#if defined(BIFILAR_SWITCH_INLINE)
const bool switches_by_fcontext = true;
#else
const bool switches_watched = true;
#endif

namespace {

using boost::context::detail::fcontext_t;
using boost::context::detail::jump_fcontext;
using boost::context::detail::make_fcontext;
using boost::context::detail::transfer_t;

#if defined(BIFILAR_TSAN)
// TSan handles, used again and again: clang's runtime never gives all of a dead fiber's memory back, and
// GCC 12's runtime ends at 8128 that are alive. A handle is made at the first resume, so that fibers that only
// wait to be run do not count.
class tsan_handles {
public:
    void* take() noexcept {
        const std::lock_guard guard{lock_};
        return count_ != 0 ? idle_[--count_] : __tsan_create_fiber(0);
    }
    // Never the current fiber's: TSan dies when that is destroyed.
    void give(void* handle, bool balanced) noexcept {
        const std::lock_guard guard{lock_};
        if (balanced && count_ != idle_.size())
            idle_[count_++] = handle;
        else
            __tsan_destroy_fiber(handle);
    }

private:
    base::spin_lock lock_;  // Guards the two below.
    std::array<void*, 4096> idle_{};
    std::size_t count_ = 0;
};

tsan_handles& idle_handles() noexcept {
    static tsan_handles one;
    return one;
}
#endif

}  // namespace

// Two names for one pair of pointers: both come back in two registers. Initialised by the linker, so that it is
// there before any constructor of a static runs a fiber.
static_assert(sizeof(landing) == sizeof(transfer_t) && sizeof(fcontext_t) == sizeof(void*));
landing (*const jump_function)(void*, void*) noexcept =
    reinterpret_cast<landing (*)(void*, void*) noexcept>(reinterpret_cast<void (*)()>(&jump_fcontext));

struct fiber_context::jumps {
    BIFILAR_FIRST_FRAME [[noreturn]] static void first_frame(transfer_t came) noexcept {
        auto* const self = static_cast<fiber_context*>(came.data);
        self->resumer_ = came.fctx;
#if defined(BIFILAR_ASAN)
        // Null: it comes here for the first time, and has left no fake stack behind.
        __sanitizer_finish_switch_fiber(nullptr, &self->marks_.resumer_low, &self->marks_.resumer_bytes);
#endif
        self->entry_(self->argument_);
#if defined(BIFILAR_ASAN)
        // Null: this fiber's fake frames are freed, it never comes back.
        __sanitizer_start_switch_fiber(nullptr, self->marks_.resumer_low, self->marks_.resumer_bytes);
#endif
#if defined(BIFILAR_TSAN)
        __tsan_switch_to_fiber(self->marks_.tsan_resumer, 0);
#endif
        jump_fcontext(self->resumer_, nullptr);  // Null data tells resume() that there is nothing to come back to.
        __builtin_unreachable();
    }
};

fiber_context::~fiber_context() {
#if defined(BIFILAR_TSAN)
    if (marks_.tsan_fiber != nullptr) idle_handles().give(marks_.tsan_fiber, false);
#endif
}

void fiber_context::prepare(void* top, std::size_t bytes, void (*entry)(void*) noexcept, void* argument) noexcept {
    BIFILAR_ASSERT(finished(), "a fiber context was prepared while suspended; let it finish first");
    entry_ = entry;
    argument_ = argument;
    exceptions_ = {};
    here_.stack_pointer = make_fcontext(top, bytes, &jumps::first_frame);
#if defined(BIFILAR_ASAN)
    marks_.stack_low = static_cast<const char*>(top) - bytes;
    marks_.stack_bytes = bytes;
#endif
}

namespace {

// How Boost.Context's jump leaves the registers on the stack: from the lowest address on, by their numbers in DWARF.
#if defined(__x86_64__) && !defined(__ILP32__)
// Behind the two control words and, if the library was built so, as Debian's is, the word of the stack protector.
constexpr std::array<std::uint16_t, 6> saved_order{12, 13, 14, 15, 3, 6};
const std::size_t first_saved = [] {
    constexpr std::size_t with_protector = 16, without = 8;
    // `lea -0x38(%rsp), %rsp` begins the jump that keeps none; in its place may be a stub of the linker.
    constexpr unsigned char begin[] = {0x48, 0x8d, 0x64, 0x24, 0xc8};
    return std::memcmp(reinterpret_cast<const void*>(&jump_fcontext), begin, sizeof begin) == 0 ? without
                                                                                                : with_protector;
}();
const std::size_t saved_instruction = first_saved + 8 * saved_order.size();
const std::size_t saved_bytes = saved_instruction + 8;
#elif defined(__aarch64__)
// Behind d8 to d15.
constexpr std::array<std::uint16_t, 12> saved_order{19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30};
constexpr std::size_t first_saved = 0x40;
constexpr std::size_t saved_instruction = 0xa0;
constexpr std::size_t saved_bytes = 0xb0;
#else
// Not known: then a stack is told of without them.
constexpr std::array<std::uint16_t, 0> saved_order{};
constexpr std::size_t first_saved = 0;
constexpr std::size_t saved_instruction = 0;
constexpr std::size_t saved_bytes = 0;
#endif

std::uint64_t word_at(const void* base, std::size_t offset) noexcept {
    std::uintptr_t word = 0;
    std::memcpy(&word, static_cast<const std::byte*>(base) + offset, sizeof(word));
    return word;
}

}  // namespace

void fiber_context::describe(parked_stack& into) const noexcept {
    if (saved_bytes == 0 || here_.stack_pointer == nullptr) return;
    into.instruction = word_at(here_.stack_pointer, saved_instruction);
    into.stack_pointer = reinterpret_cast<std::uintptr_t>(here_.stack_pointer) + saved_bytes;
    for (const std::uint16_t number : saved_order) {
        into.registers[into.count] = {number, word_at(here_.stack_pointer, first_saved + 8 * into.count)};
        ++into.count;
    }
}

#if !defined(BIFILAR_SWITCH_INLINE)
// The same two functions as in the header, with the sanitizers told. The reasons stand there.
void fiber_context::resume(base::exception_globals& here, const base::control_words&) noexcept {
    BIFILAR_ASSERT(!finished(), "a fiber context was resumed that is running, finished or was never prepared");
    const base::exception_globals outer = here;
    here = exceptions_;
#if defined(BIFILAR_ASAN)
    void* fake_stack = nullptr;
    __sanitizer_start_switch_fiber(&fake_stack, marks_.stack_low, marks_.stack_bytes);
#endif
#if defined(BIFILAR_TSAN)
    if (marks_.tsan_fiber == nullptr) marks_.tsan_fiber = idle_handles().take();
    marks_.tsan_resumer = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(marks_.tsan_fiber, 0);
#endif
    const transfer_t back = jump_fcontext(here_.stack_pointer, this);
#if defined(BIFILAR_ASAN)
    __sanitizer_finish_switch_fiber(fake_stack, nullptr, nullptr);
#endif
    exceptions_ = here;
    here = outer;
    // Null data: it has ended, see first_frame.
    here_.stack_pointer = back.data != nullptr ? back.fctx : nullptr;
#if defined(BIFILAR_TSAN)
    if (back.data == nullptr) {
        idle_handles().give(marks_.tsan_fiber, marks_.unwound);
        marks_.tsan_fiber = nullptr;
        marks_.unwound = true;
    }
#endif
}

void fiber_context::suspend() noexcept {
#if defined(BIFILAR_ASAN)
    __sanitizer_start_switch_fiber(&marks_.fake_stack, marks_.resumer_low, marks_.resumer_bytes);
#endif
#if defined(BIFILAR_TSAN)
    __tsan_switch_to_fiber(marks_.tsan_resumer, 0);
#endif
    const transfer_t back = jump_fcontext(resumer_, this);
#if defined(BIFILAR_ASAN)
    __sanitizer_finish_switch_fiber(marks_.fake_stack, &marks_.resumer_low, &marks_.resumer_bytes);
#endif
    // Another thread may have resumed it.
    resumer_ = back.fctx;
}
#endif

void fiber_context::finish() noexcept {
    // TSan's handle keeps the frames that never return, so it cannot serve another fiber.
    marks_.unwound = false;
#if defined(BIFILAR_ASAN)
    __sanitizer_start_switch_fiber(nullptr, marks_.resumer_low, marks_.resumer_bytes);
#endif
#if defined(BIFILAR_TSAN)
    __tsan_switch_to_fiber(marks_.tsan_resumer, 0);
#endif
    jump_fcontext(resumer_, nullptr);
    __builtin_unreachable();
}

#endif  // BIFILAR_OWN_SWITCH

}  // namespace bifilar::stackful
