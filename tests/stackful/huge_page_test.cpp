// Stacks in which no huge page may lie, whatever the system's setting is: one would back sixteen shallow stacks.
// It builds on /proc/self/smaps, where the kernel tells what was asked of a mapping.
#include "catch.hpp"

#include <bifilar/stackful/detail/stack_pool.hpp>

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

using namespace bifilar::stackful;

namespace {

// The flags of the mapping in which an address lies, each with a space before it.
std::string flags_of(const void* address) {
    const auto wanted = reinterpret_cast<std::uintptr_t>(address);
    bool here = false;
    std::ifstream in{"/proc/self/smaps"};
    for (std::string line; std::getline(in, line);) {
        std::uintptr_t low = 0;
        std::uintptr_t high = 0;
        if (std::sscanf(line.c_str(), "%zx-%zx ", &low, &high) == 2) here = low <= wanted && wanted < high;
        if (here && line.starts_with("VmFlags:")) return line.substr(sizeof "VmFlags:" - 1);
    }
    return {};
}

}  // namespace

TEST_CASE("the kernel makes no huge pages of stacks", "[stackful][stack]") {
    if (!std::filesystem::exists("/sys/kernel/mm/transparent_hugepage")) {
        WARN("skipped: this kernel makes no huge pages of anything");
        return;
    }
    stack_pool pool;
    stack_cache cache{pool};
    for (const std::size_t size : {std::size_t{16384}, std::size_t{262144}, std::size_t{4} << 20}) {
        const stack_view stack = cache.take(size);
        INFO("stack of " << size << " bytes, flags" << flags_of(stack.top - 1));
        CHECK(flags_of(stack.top - 1).find(" nh") != std::string::npos);
        cache.give(stack);
    }
}
