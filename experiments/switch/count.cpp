// A ring of two, resumed so often as asked, for a tool that counts the instructions.
// switch/instructions.py runs it twice, with n and 2n turns: the difference is free of what comes before the loop.
#include <cstdio>
#include <cstring>

#include "contenders.hpp"

namespace bifilar::experiments {

int count_turns(const char* model, std::uint64_t turns) {
    ring_shape shape;
    shape.turns = turns;
    sample (*ring)(const ring_shape&) = nullptr;
    if (std::strcmp(model, "coroutine") == 0) ring = coroutine_ring;
    if (std::strcmp(model, "poll") == 0) ring = poll_ring;
    if (std::strcmp(model, "jump") == 0) ring = jump_ring;
    if (std::strcmp(model, "copy") == 0) ring = copy_ring;
    if (std::strcmp(model, "empty") == 0) ring = empty_ring;
    if (ring == nullptr || turns == 0) {
        std::fprintf(stderr,
                     "switch: --count takes coroutine, poll, jump, copy or empty, and a number of turns, not '%s'\n",
                     model);
        return 2;
    }
    return ring(shape).answer == turns ? 0 : 1;
}

}  // namespace bifilar::experiments
