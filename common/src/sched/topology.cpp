// The topology from hwloc 2.
#include <bifilar/sched/detail/topology.hpp>

#include <hwloc.h>

#include <memory>
#include <sched.h>

namespace bifilar::sched {
namespace {

struct topology_closer {
    void operator()(hwloc_topology* loaded) const noexcept { hwloc_topology_destroy(loaded); }
};
using loaded_topology = std::unique_ptr<hwloc_topology, topology_closer>;

loaded_topology load() {
    hwloc_topology_t made = nullptr;
    if (hwloc_topology_init(&made) != 0) return nullptr;
    loaded_topology owner{made};
    if (hwloc_topology_load(made) != 0) return nullptr;
    return owner;
}

int number_of(hwloc_obj_t found) noexcept { return found != nullptr ? static_cast<int>(found->logical_index) : -1; }

std::string size_text(hwloc_topology_t from, hwloc_obj_type_t type) {
    // The first one stands for all, which are mostly alike.
    hwloc_obj_t const cache = hwloc_get_obj_by_type(from, type, 0);
    if (cache == nullptr || cache->attr == nullptr) return "unknown";
    const std::uint64_t kib = cache->attr->cache.size / 1024;
    return kib >= 1024 && kib % 1024 == 0 ? std::to_string(kib / 1024) + " MiB" : std::to_string(kib) + " KiB";
}

}  // namespace

std::uint32_t processor::distance(const processor& other) const noexcept {
    for (std::uint32_t level = 0; level < 4; ++level)
        // Two that are unknown are not the same.
        if (shares_[level] >= 0 && shares_[level] == other.shares_[level]) return level;
    return 4;
}

topology::topology() {
    const loaded_topology loaded = load();
    hwloc_topology_t const from = loaded.get();
    if (from != nullptr) {
        // Logical order puts neighbours beside each other.
        for (hwloc_obj_t pu = nullptr; (pu = hwloc_get_next_obj_by_type(from, HWLOC_OBJ_PU, pu)) != nullptr;) {
            const int core = number_of(hwloc_get_ancestor_obj_by_type(from, HWLOC_OBJ_CORE, pu));
            const int l2 = number_of(hwloc_get_ancestor_obj_by_type(from, HWLOC_OBJ_L2CACHE, pu));
            const int l3 = number_of(hwloc_get_ancestor_obj_by_type(from, HWLOC_OBJ_L3CACHE, pu));
            const int node = pu->nodeset != nullptr ? hwloc_bitmap_first(pu->nodeset) : -1;
            processors_.emplace_back(pu->os_index, core, l2, l3, node);
        }
        description_ = std::to_string(hwloc_get_nbobjs_by_type(from, HWLOC_OBJ_CORE)) + " cores, " +
                       std::to_string(hwloc_get_nbobjs_by_type(from, HWLOC_OBJ_NUMANODE)) + " NUMA nodes, L1 " +
                       size_text(from, HWLOC_OBJ_L1CACHE) + ", L2 " + size_text(from, HWLOC_OBJ_L2CACHE) + ", L3 " +
                       size_text(from, HWLOC_OBJ_L3CACHE);
    }
    if (description_.empty()) description_ = "topology unknown: hwloc could not read this machine";
}

const topology& topology::of_machine() {
    static const topology one;
    return one;
}

std::vector<processor> usable_processors() {
    const std::vector<processor>& all = topology::of_machine().processors();
    cpu_set_t mask;
    CPU_ZERO(&mask);
    // Fails where processors have numbers above 1,023.
    if (::sched_getaffinity(0, sizeof mask, &mask) != 0 && !all.empty()) return all;
    std::vector<processor> usable;
    for (const processor& one : all)
        if (one.number() < CPU_SETSIZE && CPU_ISSET(one.number(), &mask)) usable.push_back(one);
    // Those that hwloc has not told of share nothing that is known.
    if (usable.empty())
        for (std::uint32_t number = 0; number < CPU_SETSIZE; ++number)
            if (CPU_ISSET(number, &mask)) usable.emplace_back(number, -1, -1, -1, -1);
    // One there is in any case: this runs on it.
    if (usable.empty()) usable.emplace_back(0, -1, -1, -1, -1);
    return usable;
}

}  // namespace bifilar::sched
