// The address is that of the outermost of these functions, in which the others were expanded.
#include "frame_names.hpp"

namespace bifilar::dump {

void frame_names::add(std::uint64_t code, std::vector<dumped_frame>& into) {
    auto found = places_.find(code);
    // Only what was found out: there may be no memory for it.
    if (found == places_.end()) found = places_.emplace(code, tables_.places_of(code)).first;
    for (const code_place& place : found->second) into.push_back({place.function, place.file, place.line, 0});
    into.back().code = code;
}

}  // namespace bifilar::dump
