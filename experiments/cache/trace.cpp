// Eight members resumed in turn under a memory trace; a marker is written after each resume.
// cache/trace.py reads the trace: the lines between two markers are those of one resume and suspend.
#include <cstdio>
#include <cstring>

#include "contenders.hpp"

namespace bifilar::experiments {

namespace {

volatile std::uint64_t marker = 0;

}  // namespace

int trace(const char* model) {
    ring_shape shape;
    shape.tasks = 8;
    shape.turns = 32;
    shape.after_each = [] { marker = marker + 1; };
    std::printf("%p\n", static_cast<const volatile void*>(&marker));
    std::fflush(stdout);
    ring_function ring = nullptr;
    if (std::strcmp(model, "coroutine") == 0) ring = coroutine_ring;
    if (std::strcmp(model, "poll") == 0) ring = poll_ring;
    if (std::strcmp(model, "jump") == 0) ring = jump_ring;
    if (std::strcmp(model, "fiber") == 0) ring = fiber_context_ring;
    if (ring == nullptr) {
        std::fprintf(stderr, "cache: no model '%s' to trace; use coroutine, poll, jump or fiber\n", model);
        return 2;
    }
    return ring(shape).answer == shape.turns ? 0 : 1;
}

}  // namespace bifilar::experiments
