// A server that answers "hello" under a load of wrk.
#pragma once

#include <harness/run.hpp>

namespace bifilar::experiments {

/// Our servers of both models over both drivers, and the others', with one request under way on a connection and
/// with 16.
void add_hello(experiment& all);

}  // namespace bifilar::experiments
