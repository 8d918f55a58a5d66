// ThreadSanitizer does not see the atomic counts of references within OpenSSL, only that one thread frees what another
// has read. Hence what OpenSSL calls is left out: free and memcpy, into our buffers as well, and its locks, through
// which it orders nothing of ours. Our own accesses are watched.
#include <bifilar/base/detail/sanitizer.hpp>

#if defined(BIFILAR_TSAN)
extern "C" const char* __tsan_default_suppressions() {
    return "called_from_lib:libcrypto.so\n"
           "called_from_lib:libssl.so\n";
}
#endif
