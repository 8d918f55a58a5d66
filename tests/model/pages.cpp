// Pages for the library's code in models: kept for the next execution, because the kernel takes longer than a model.
// Builds on execution: what lives in pages that are given back is gone.
#include <bifilar/base/detail/pages.hpp>

#include "execution.hpp"

#include <cstring>
#include <map>
#include <new>
#include <vector>

namespace bifilar::base {
namespace {

// Blocks that were given back, by size; one OS thread.
std::map<std::size_t, std::vector<void*>>& kept_blocks() {
    static auto* const kept = new std::map<std::size_t, std::vector<void*>>;
    return *kept;
}

}  // namespace

void* map_pages(std::size_t bytes) noexcept {
    auto& kept = kept_blocks()[bytes];
    void* block = nullptr;
    if (kept.empty()) {
        block = ::operator new (bytes, std::align_val_t{4096}, std::nothrow);
    } else {
        block = kept.back();
        kept.pop_back();
    }
    if (block != nullptr) std::memset(block, 0, bytes);
    return block;
}

void unmap_pages(void* memory, std::size_t bytes) noexcept {
    if (model::execution* const run = model::execution::current()) run->gone_within(memory, bytes);
    kept_blocks()[bytes].push_back(memory);
}

void discard_pages(void*, std::size_t) noexcept {}

}  // namespace bifilar::base
