// The shared object is opened once more, with the flag that it is never unloaded.
#include <bifilar/base/detail/stay_loaded.hpp>

#include <dlfcn.h>
#include <link.h>

namespace bifilar::base {
namespace {

bool hold() noexcept {
    Dl_info ignored;
    void* map = nullptr;
    if (::dladdr1(reinterpret_cast<void*>(&stay_loaded), &ignored, &map, RTLD_DL_LINKMAP) == 0) return false;
    const char* const name = static_cast<const link_map*>(map)->l_name;
    // The program itself has no name, and cannot be unloaded.
    return name[0] == '\0' || ::dlopen(name, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE) != nullptr;
}

}  // namespace

void stay_loaded() noexcept { [[maybe_unused]] static const bool held = hold(); }

}  // namespace bifilar::base
