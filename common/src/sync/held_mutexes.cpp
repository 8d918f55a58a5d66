// Stands before the functions of the C library that lock and unlock a mutex, and so counts those of std::mutex, of its
// relatives, and of all else in the program. A wait for a condition unlocks and locks inside the C library: unseen, and
// balanced.
#include "held_mutexes.hpp"

#if defined(BIFILAR_COUNTS_MUTEXES)

#include <bifilar/base/detail/atomic.hpp>

#include <dlfcn.h>
#include <pthread.h>

namespace bifilar::detail {

namespace {

thread_local constinit int held = 0;

using function = int(pthread_mutex_t*);

/// The C library's own function of that name, looked for at its first call.
class original {
public:
    constexpr explicit original(const char* name) noexcept : name_{name} {}
    int operator()(pthread_mutex_t* mutex) noexcept {
        void* found = found_.load(base::relaxed);  // Relaxed: whoever looks, finds the same.
        if (found == nullptr) {
            // The next one of that name behind this program's own: the C library's.
            found = ::dlsym(RTLD_NEXT, name_);
            found_.store(found, base::relaxed);  // Relaxed: as above.
        }
        return reinterpret_cast<function*>(found)(mutex);
    }

private:
    const char* const name_;
    base::atomic<void*> found_{nullptr};
};

constinit original lock{"pthread_mutex_lock"};
constinit original try_lock{"pthread_mutex_trylock"};
constinit original unlock{"pthread_mutex_unlock"};

int counted(int result, int change) noexcept {
    if (result == 0) held += change;
    return result;
}

}  // namespace

int held_mutexes() noexcept { return held; }

}  // namespace bifilar::detail

// Their declarations are the C library's.
extern "C" int pthread_mutex_lock(pthread_mutex_t* mutex) noexcept {
    return bifilar::detail::counted(bifilar::detail::lock(mutex), 1);
}
extern "C" int pthread_mutex_trylock(pthread_mutex_t* mutex) noexcept {
    return bifilar::detail::counted(bifilar::detail::try_lock(mutex), 1);
}
extern "C" int pthread_mutex_unlock(pthread_mutex_t* mutex) noexcept {
    return bifilar::detail::counted(bifilar::detail::unlock(mutex), -1);
}

#endif
