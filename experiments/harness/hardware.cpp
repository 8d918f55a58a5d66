// What the machine is made of, by hwloc, for the drawing in the reports.
// Instruction caches and devices are left out, as hwloc does unasked.
#include "hardware.hpp"

#include <hwloc.h>

#include <memory>
#include <string>

namespace bifilar::experiments {

namespace {

struct closer {
    void operator()(hwloc_topology* loaded) const noexcept { hwloc_topology_destroy(loaded); }
};

std::string kind_of(hwloc_obj_t part) {
    if (hwloc_obj_type_is_cache(part->type)) return "L" + std::to_string(part->attr->cache.depth);
    switch (part->type) {
        case HWLOC_OBJ_MACHINE:
            return "machine";
        case HWLOC_OBJ_PACKAGE:
            return "package";
        case HWLOC_OBJ_DIE:
            return "die";
        case HWLOC_OBJ_CORE:
            return "core";
        case HWLOC_OBJ_PU:
            return "CPU";
        default:
            return "group";
    }
}

nlohmann::ordered_json describe(hwloc_obj_t part) {
    const bool processor = part->type == HWLOC_OBJ_PU;
    nlohmann::ordered_json told{{"kind", kind_of(part)}, {"number", processor ? part->os_index : part->logical_index}};
    if (hwloc_obj_type_is_cache(part->type)) told["bytes"] = part->attr->cache.size;
    for (hwloc_obj_t memory = part->memory_first_child; memory != nullptr; memory = memory->next_sibling)
        if (memory->type == HWLOC_OBJ_NUMANODE)
            told["nodes"].push_back({{"number", memory->os_index}, {"bytes", memory->attr->numanode.local_memory}});
    for (hwloc_obj_t child = part->first_child; child != nullptr; child = child->next_sibling)
        told["parts"].push_back(describe(child));
    return told;
}

}  // namespace

nlohmann::ordered_json describe_hardware() {
    hwloc_topology_t made = nullptr;
    if (hwloc_topology_init(&made) != 0) return nullptr;
    const std::unique_ptr<hwloc_topology, closer> owner{made};
    if (hwloc_topology_load(made) != 0) return nullptr;
    return describe(hwloc_get_root_obj(made));
}

}  // namespace bifilar::experiments
