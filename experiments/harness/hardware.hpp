// What the machine is made of, by hwloc, for the drawing in the reports.
// Read once a process; nothing of the library is used.
#pragma once

#include <nlohmann/json.hpp>

namespace bifilar::experiments {

/// The machine as a tree: {"kind": "L3", "number": 0, "bytes": 33554432, "parts": […]}. Kinds are machine, package,
/// group, die, L1 to L5, core and CPU; numbers are the operating system's for a CPU, else hwloc's logical ones; bytes
/// are those of a cache or, under "nodes", of the memory that is nearest. Null where hwloc cannot read this machine.
[[nodiscard]] nlohmann::ordered_json describe_hardware();

}  // namespace bifilar::experiments
