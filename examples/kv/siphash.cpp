// A key that nobody can guess.
#include "siphash.hpp"

#include <cerrno>
#include <sys/random.h>
#include <system_error>

namespace kv {

hash_key random_hash_key() {
    hash_key made;
    // So few bytes come at once, or not at all: the kernel may still gather randomness at boot, and a signal come in.
    while (::getrandom(&made, sizeof made, 0) != sizeof made)
        if (errno != EINTR) throw std::system_error{errno, std::generic_category(), "no random key for the table"};
    return made;
}

}  // namespace kv
