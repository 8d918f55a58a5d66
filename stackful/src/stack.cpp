// The system calls behind a stack. The mapping budget for mprotect guards is the process's, as the limit is.
// Linux 6.13 brought MADV_GUARD_INSTALL; older headers lack the constant, so it stands here.
// Older kernels answer EINVAL, and so do new ones for locked memory.
#include <bifilar/stackful/detail/stack.hpp>

#include <bifilar/base/detail/atomic.hpp>
#include <bifilar/base/detail/sanitizer.hpp>
#include <bifilar/base/detail/valgrind.hpp>
#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstdint>
#include <fstream>
#include <new>
#include <stdexcept>
#include <string>
#include <sys/mman.h>
#include <system_error>
#include <unistd.h>

namespace bifilar::stackful {
namespace {

constexpr int madv_guard_install = 102;

// Guards that exist by mprotect in this process. Written by install_guard and release_stacks, any thread.
base::atomic<std::size_t> protected_guards{0};

std::size_t map_limit() noexcept {
    static const std::size_t limit = [] {
        std::size_t value = 65530;  // The kernel's own default, if the file cannot be read.
        std::ifstream{"/proc/sys/vm/max_map_count"} >> value;
        return value;
    }();
    return limit;
}

// Each guard costs two mappings, itself and the stack it cuts off. An eighth stays for libraries and heaps.
std::size_t guard_limit() noexcept { return (map_limit() - map_limit() / 8) / 2; }

[[noreturn]] void refuse_guard(int error) {
    throw std::system_error(error, std::generic_category(),
                            "no guard for another fiber stack: this kernel has no MADV_GUARD_INSTALL (Linux 6.13), "
                            "and mprotect guards may use at most " +
                                std::to_string(2 * guard_limit()) +
                                " of vm.max_map_count = " + std::to_string(map_limit()) +
                                " mappings; raise it (sysctl -w vm.max_map_count=N), use a newer kernel, or keep "
                                "fewer fibers at once");
}

void protect(std::byte* low, std::size_t bytes) {
    // Relaxed: a count, it orders nothing.
    if (protected_guards.fetch_add(1, base::relaxed) >= guard_limit()) {
        protected_guards.fetch_sub(1, base::relaxed);  // Relaxed: the same count.
        refuse_guard(ENOMEM);
    }
    if (::mprotect(low, bytes, PROT_NONE) != 0) {
        const int error = errno;
        protected_guards.fetch_sub(1, base::relaxed);  // Relaxed: the same count.
        refuse_guard(error);
    }
}

}  // namespace

std::size_t page_bytes() noexcept {
    static const auto bytes = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    return bytes;
}

std::size_t stack_class_bytes(std::size_t bytes) {
    if (bytes < smallest_stack_bytes)
        throw std::invalid_argument("stack_bytes is " + std::to_string(bytes) + ", too small for a fiber; ask for " +
                                    std::to_string(smallest_stack_bytes) + " at least");
    if (bytes > largest_stack_bytes)
        throw std::invalid_argument("stack_bytes is " + std::to_string(bytes) + ", too large; ask for " +
                                    std::to_string(largest_stack_bytes) + " at most");
    return std::bit_ceil(std::max(bytes, page_bytes()));
}

guard_kind best_guard() noexcept {
    static const guard_kind found = [] {
        // Valgrind would read the guarded page itself, and crash.
        if (base::on_valgrind()) return guard_kind::protect;
        void* const page = ::mmap(nullptr, page_bytes(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (page == MAP_FAILED) return guard_kind::protect;
        // An emulator may accept advice that it does not know, so a system call is asked to read there as well.
        const bool guards = ::madvise(page, page_bytes(), madv_guard_install) == 0 &&
                            ::access(static_cast<const char*>(page), F_OK) != 0 && errno == EFAULT;
        ::munmap(page, page_bytes());
        return guards ? guard_kind::marker : guard_kind::protect;
    }();
    return found;
}

std::byte* reserve_stacks(std::size_t bytes) {
    void* const base =
        ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (base == MAP_FAILED)
        throw std::system_error(errno, std::generic_category(),
                                "no address space for " + std::to_string(bytes) +
                                    " bytes of fiber stacks; look at ulimit -v, vm.max_map_count and "
                                    "vm.overcommit_memory, or ask for smaller stacks");
    // A huge page would back sixteen shallow stacks with 2 MiB. MAP_STACK alone prevents that since 6.8 only.
    // A kernel built without huge pages refuses the advice and needs none.
    ::madvise(base, bytes, MADV_NOHUGEPAGE);
    return static_cast<std::byte*>(base);
}

void release_stacks(std::byte* base, std::size_t bytes, std::size_t protect_guards) noexcept {
    // Before the count goes down, which lets others make guards in place of these.
    ::munmap(base, bytes);
    protected_guards.fetch_sub(protect_guards, base::relaxed);  // Relaxed: a count.
}

guard_kind install_guard(std::byte* low, std::size_t bytes, guard_kind kind) {
    if (kind == guard_kind::best || base::on_valgrind()) kind = best_guard();
    if (kind == guard_kind::marker) {
        if (::madvise(low, bytes, madv_guard_install) == 0) return kind;
        // EINVAL: an old kernel, or memory that mlockall() locked. Both take a protected page.
        if (errno != EINVAL)
            throw std::system_error(errno, std::generic_category(), "no guard for a fiber stack: out of page tables");
    }
    protect(low, bytes);
    return guard_kind::protect;
}

void discard_pages(std::byte* low, std::size_t bytes) noexcept {
    // Locked memory refuses, and then keeps its content: that costs memory, never correctness.
    ::madvise(low, bytes, MADV_DONTNEED);
}

// It reads memory that others poisoned or will never have written.
BIFILAR_UNSANITIZED std::size_t stack_used(stack_view stack) noexcept {
    const base::unreported_reads any;
    const std::size_t page = page_bytes();
    std::array<unsigned char, 256> present{};
    for (std::byte* chunk = stack.low; chunk < stack.top; chunk += present.size() * page) {
        const auto left = static_cast<std::size_t>(stack.top - chunk);
        const std::size_t pages = std::min(present.size(), (left + page - 1) / page);
        // A read of a page that is not there would map one, so the kernel is asked first.
        if (::mincore(chunk, pages * page, present.data()) != 0) return 0;
        for (std::size_t i = 0; i < pages; ++i) {
            if ((present[i] & 1) == 0) continue;
            auto* const first = reinterpret_cast<const volatile std::uint64_t*>(chunk + i * page);
            auto* const end =
                reinterpret_cast<const volatile std::uint64_t*>(std::min(chunk + (i + 1) * page, stack.top));
            // From the low end up, so the first word that is not zero is the deepest.
            for (const volatile std::uint64_t* word = first; word < end; ++word)
                if (*word != 0)
                    return static_cast<std::size_t>(stack.top - reinterpret_cast<const volatile std::byte*>(word));
        }
    }
    return 0;
}

}  // namespace bifilar::stackful
