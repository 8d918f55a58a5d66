// Asks Valgrind, by instructions that do nothing elsewhere.
#include <bifilar/base/detail/valgrind.hpp>

#if defined(BIFILAR_VALGRIND)
#include <valgrind/valgrind.h>
#endif

namespace bifilar::base {

bool on_valgrind() noexcept {
#if defined(BIFILAR_VALGRIND)
    return RUNNING_ON_VALGRIND != 0;
#else
    return false;
#endif
}

void set_valgrind_silent([[maybe_unused]] bool silent) noexcept {
#if defined(BIFILAR_VALGRIND)
    if (silent)
        VALGRIND_DISABLE_ERROR_REPORTING;
    else
        VALGRIND_ENABLE_ERROR_REPORTING;
#endif
}

}  // namespace bifilar::base
