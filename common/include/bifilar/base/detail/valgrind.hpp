// Whether the program runs under Valgrind, which does not know all that the kernel does.
// Known where the library was built with Valgrind's headers.
#pragma once

namespace bifilar::base {

/// Any thread. Costs a few instructions.
[[nodiscard]] bool on_valgrind() noexcept;

/// Silences, or not any more, what Valgrind says of the calling thread's reads. Costs a few instructions.
void set_valgrind_silent(bool silent) noexcept;

/// While it lives, Valgrind says nothing of reads on this thread, such as those of a stack below its pointer.
class unreported_reads {
public:
    unreported_reads() noexcept { set_valgrind_silent(true); }
    unreported_reads(const unreported_reads&) = delete;
    unreported_reads& operator=(const unreported_reads&) = delete;
    ~unreported_reads() { set_valgrind_silent(false); }
};

}  // namespace bifilar::base
