// A server that runs out of descriptors, because clients keep theirs.
#pragma once

#include "attack.hpp"

namespace attack {

/// Starts the server with few descriptors, connects more often than it has, closes those, and checks that a healthy
/// client is served then. Prints a line.
void exhaust_descriptors(const options& given, const plan& what, tally& into);

}  // namespace attack
