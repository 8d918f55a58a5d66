// What a switch is made of: two sides on stacks of 16 KiB that change the stack pointer, and save more and more of the
// processor's state around it. The loops are assembly, so that a variant saves what it names and nothing else: their
// own counts are in registers that no variant saves and both sides share. x86-64.
#include <harness/pin.hpp>
#include <harness/stopwatch.hpp>
#include <stdexcept>

#include "contenders.hpp"

#if defined(__x86_64__)

#include <sys/mman.h>

#include <cerrno>
#include <cstddef>
#include <system_error>

// One switch. r10 is the other side's stack pointer, and then one's own. There is a jump in place of call and ret, for
// a ret on another stack is one that the processor always predicts wrongly; Boost.Context has a jump too.
#define SWITCH_(save, restore)                     \
    "    lea 1f(%rip), %rax\n    push %rax\n" save \
    "    mov %rsp, %rdx\n    mov %r10, %rsp\n    mov %rdx, %r10\n" restore "    pop %rax\n    jmp *%rax\n1:\n"

// name(rdi: turns, rsi: top of the other stack) gives in rax how often the other side ran. r8: turns left, r9: that
// count. The first switch enters the other side, which has nothing to restore yet.
#define SIDES_(name, save, restore) \
    asm(".text\n.p2align 4\n.globl " name "\n.type " name ", @function\n" name ":\n"                        \
        "    push %rbp\n    push %rbx\n    push %r12\n    push %r13\n    push %r14\n    push %r15\n"        \
        "    sub $8, %rsp\n    mov %rdi, %r8\n    xor %r9d, %r9d\n"                                         \
        "    lea 2f(%rip), %rax\n    push %rax\n" save                                                      \
        "    mov %rsp, %r10\n    mov %rsi, %rsp\n    jmp 4f\n"                                              \
        ".p2align 4\n2:\n    test %r8, %r8\n    jz 5f\n3:\n" SWITCH_(save, restore)                         \
        "    dec %r8\n    jnz 3b\n"                                                                         \
        "5:\n    mov %r9, %rax\n    add $8, %rsp\n"                                                         \
        "    pop %r15\n    pop %r14\n    pop %r13\n    pop %r12\n    pop %rbx\n    pop %rbp\n    ret\n"     \
        ".p2align 4\n4:\n" SWITCH_(save, restore) "    inc %r9\n    jmp 4b\n"                               \
        ".size " name ", . - " name "\n")

#define SAVE_SIX_ "    push %rbp\n    push %rbx\n    push %r12\n    push %r13\n    push %r14\n    push %r15\n"
#define RESTORE_SIX_ "    pop %r15\n    pop %r14\n    pop %r13\n    pop %r12\n    pop %rbx\n    pop %rbp\n"

SIDES_("switch_stack_pointer", "", "");
SIDES_("switch_six_registers", SAVE_SIX_, RESTORE_SIX_);
SIDES_("switch_control_words", SAVE_SIX_ "    sub $8, %rsp\n    stmxcsr (%rsp)\n    fnstcw 4(%rsp)\n",
       "    ldmxcsr (%rsp)\n    fldcw 4(%rsp)\n    add $8, %rsp\n" RESTORE_SIX_);
// 512 bytes on a boundary of 16: the stack pointer is on one before each switch, and seven words are pushed.
SIDES_("switch_simd_state", SAVE_SIX_ "    sub $520, %rsp\n    fxsave64 (%rsp)\n",
       "    fxrstor64 (%rsp)\n    add $520, %rsp\n" RESTORE_SIX_);

#undef SIDES_
#undef SWITCH_
#undef SAVE_SIX_
#undef RESTORE_SIX_

extern "C" {
std::uint64_t switch_stack_pointer(std::uint64_t turns, std::byte* top) noexcept;
std::uint64_t switch_six_registers(std::uint64_t turns, std::byte* top) noexcept;
std::uint64_t switch_control_words(std::uint64_t turns, std::byte* top) noexcept;
std::uint64_t switch_simd_state(std::uint64_t turns, std::byte* top) noexcept;
}

namespace bifilar::experiments {

namespace {

class small_stack {
public:
    small_stack() : low_{mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)} {
        if (low_ == MAP_FAILED) throw std::system_error{errno, std::generic_category(), "mmap of a stack"};
    }
    small_stack(const small_stack&) = delete;
    small_stack& operator=(const small_stack&) = delete;
    ~small_stack() { munmap(low_, bytes); }
    [[nodiscard]] std::byte* top() const noexcept { return static_cast<std::byte*>(low_) + bytes; }

private:
    static constexpr std::size_t bytes = std::size_t{16} << 10;
    void* low_;
};

sample take_turns(std::uint64_t (*sides)(std::uint64_t, std::byte*) noexcept, std::uint64_t turns) {
    const pinned here{1};
    const small_stack other;
    (void)sides(turns / 10, other.top());
    const stopwatch watch;
    const std::uint64_t ran = sides(turns, other.top());
    return {watch.per_operation(static_cast<double>(turns)), ran, {}};
}

}  // namespace

sample switched_parts(switched what, std::uint64_t turns) {
    switch (what) {
        case switched::stack_pointer:
            return take_turns(switch_stack_pointer, turns);
        case switched::six_registers:
            return take_turns(switch_six_registers, turns);
        case switched::control_words:
            return take_turns(switch_control_words, turns);
        case switched::simd_state:
            return take_turns(switch_simd_state, turns);
    }
    throw std::logic_error{"no such part of a switch"};
}

}  // namespace bifilar::experiments

#else

namespace bifilar::experiments {

sample switched_parts(switched, std::uint64_t) {
    throw std::runtime_error{"the parts of a switch are written in the assembly of x86-64"};
}

}  // namespace bifilar::experiments

#endif
