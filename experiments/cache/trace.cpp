// Eight members resumed in turn under a memory trace; a marker is written after each resume.
// cache/trace.py reads the trace: the lines between two markers are those of one resume and suspend.
// cache/misses.py has as many resumed as it asks for, in simulated caches.
#include <cstdio>
#include <cstring>

#include "contenders.hpp"

namespace bifilar::experiments {

namespace {

volatile std::uint64_t marker = 0;

// nullptr, and says so, where there is no such model.
ring_function ring_of(const char* model) {
    if (std::strcmp(model, "coroutine") == 0) return coroutine_ring;
    if (std::strcmp(model, "poll") == 0) return poll_ring;
    if (std::strcmp(model, "jump") == 0) return jump_ring;
    if (std::strcmp(model, "fiber") == 0) return fiber_context_ring;
    std::fprintf(stderr, "cache: no model '%s' to resume; use coroutine, poll, jump or fiber\n", model);
    return nullptr;
}

}  // namespace

int trace(const char* model) {
    ring_shape shape;
    shape.tasks = 8;
    shape.turns = 32;
    shape.after_each = [] { marker = marker + 1; };
    std::printf("%p\n", static_cast<const volatile void*>(&marker));
    std::fflush(stdout);
    const ring_function ring = ring_of(model);
    if (ring == nullptr) return 2;
    return ring(shape).answer == shape.turns ? 0 : 1;
}

int resume_often(const char* model, std::size_t tasks, std::uint64_t turns) {
    const ring_function ring = ring_of(model);
    if (ring == nullptr) return 2;
    if (tasks == 0 || turns == 0) {
        std::fprintf(stderr, "cache: --resume takes a model, a number of tasks and one of turns, from 1 on\n");
        return 2;
    }
    ring_shape shape;
    shape.tasks = tasks;
    shape.turns = turns;
    shape.shuffled = true;
    return ring(shape).answer == turns ? 0 : 1;
}

}  // namespace bifilar::experiments
