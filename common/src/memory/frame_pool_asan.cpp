// The frame pool under AddressSanitizer: every block is a malloc of its own, so that a use after free is seen.
// Marks live in a map; speed is no concern here.
#include <bifilar/base/detail/sanitizer.hpp>
#if defined(BIFILAR_ASAN)

#include <bifilar/memory/detail/frame_pool.hpp>
#include <bifilar/memory/detail/frame_trim.hpp>
#include <bifilar/task/detail/thread_state.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <new>
#include <unordered_map>
#include <utility>

namespace bifilar::detail {

using frames::header_before;
using frames::make_mark;
using frames::mark;
using frames::nobody;
using frames::owner_of;

namespace {

// As the frames themselves: a test that refuses memory of `operator new` refuses none of the ledger.
template <class T>
struct by_malloc {
    using value_type = T;

    by_malloc() noexcept = default;
    template <class U>
    explicit(false) by_malloc(const by_malloc<U>&) noexcept {}

    T* allocate(std::size_t count) {
        void* const made = std::malloc(count * sizeof(T));
        return made != nullptr ? static_cast<T*>(made) : throw std::bad_alloc{};
    }
    void deallocate(T* block, std::size_t) noexcept { std::free(block); }
    bool operator==(const by_malloc&) const noexcept = default;
};

struct ledger {
    std::mutex mutex;  // Guards the rest.
    std::unordered_map<void*, mark, std::hash<void*>, std::equal_to<>, by_malloc<std::pair<void* const, mark>>> marks;
};

ledger& the_ledger() noexcept {
    // Never destroyed: frames may be freed by destructors of statics.
    static ledger* const one = new ledger;
    return *one;
}

// 0: nobody has marked it.
mark look_up(void* place) noexcept {
    ledger& l = the_ledger();
    const std::lock_guard guard{l.mutex};
    const auto found = l.marks.find(place);
    return found != l.marks.end() ? found->second : mark{0};
}

}  // namespace

void* allocate_frame_slowly(std::size_t bytes) {
    // As the pool aligns, which others rely on.
    const std::size_t alignment = std::max<std::size_t>(frames::natural_alignment(bytes), 16);
    void* block = nullptr;
    if (::posix_memalign(&block, alignment, bytes) != 0) throw std::bad_alloc{};
    return block;
}

void release_frame_slowly(void* block) noexcept { std::free(block); }

void* allocate_coroutine_slowly(std::size_t bytes, std::size_t alignment) {
    std::size_t prefix = std::exchange(this_thread().frame_prefix_bytes, 0);
    if (prefix != 0 && alignment > 16) prefix = alignment <= widest_prefix_alignment ? wide_prefix(prefix) : 0;
    void* const frame = static_cast<std::byte*>(allocate_frame(bytes + prefix)) + prefix;
    if (prefix != 0) mark_task(frame, nobody, prefix);
    return frame;
}

void release_coroutine_slowly(void* frame) noexcept {
    const mark seen = look_up(frame);
    if (seen == 0) return release_frame(frame);
    if (owner_of(seen) != nobody) return;
    // Before the block is free, because another frame may come to the same place.
    unmark_task(frame);
    release_frame(static_cast<std::byte*>(frame) - header_before(seen));
}

std::size_t frame_bytes(void*) noexcept { return 0; }

std::size_t prefix_of(void* frame) noexcept {
    const mark seen = look_up(frame);
    return owner_of(seen) == nobody ? header_before(seen) : 0;
}

bool begins_frame(void* place) noexcept { return reinterpret_cast<std::uintptr_t>(place) % 16 == 0; }

void mark_task(void* place, task_owner owner, std::size_t before) noexcept {
    ledger& l = the_ledger();
    const std::lock_guard guard{l.mutex};
    // Without memory for it the process ends here: a task that nobody can find would never be cancelled.
    l.marks[place] = make_mark(owner, before);
}

void unmark_task(void* place) noexcept {
    ledger& l = the_ledger();
    const std::lock_guard guard{l.mutex};
    l.marks.erase(place);
}

void visit_tasks(task_owner owner, void (*visit)(task_header&, void* argument) noexcept, void* argument) noexcept {
    ledger& l = the_ledger();
    const std::lock_guard guard{l.mutex};
    for (const auto& [place, seen] : l.marks)
        if (owner_of(seen) == owner)
            visit(*reinterpret_cast<task_header*>(static_cast<std::byte*>(place) - header_before(seen)), argument);
}

// All in one: here nobody counts on a short hold.
portion visit_portion(task_owner owner, std::uint32_t, portion_visitor& to) noexcept {
    ledger& l = the_ledger();
    const std::unique_lock guard{l.mutex, std::try_to_lock};
    if (!guard.owns_lock()) return portion::busy;
    for (const auto& [place, seen] : l.marks)
        if (owner_of(seen) == owner)
            to.visit(*reinterpret_cast<task_header*>(static_cast<std::byte*>(place) - header_before(seen)));
    return to.end_slab() == portion_visitor::then::again ? portion::more : portion::last;
}

std::size_t frame_pool_bytes() noexcept { return 0; }
std::size_t unused_frame_bytes() noexcept { return 0; }

// free() has given all of it back.
trim_need frames_need_trimming() noexcept { return trim_need::none; }
bool trim_frames(base::instant_ns, base::instant_ns) noexcept { return false; }
void release_unused_frames() noexcept {}

}  // namespace bifilar::detail

#endif
