// Runs a program where io_uring can be had: over_ring PROGRAM [argument…]. Else says why not and skips (77), so that a
// machine that refuses rings, as many containers do, tests the rest.
#include <bifilar/drivers/contract/detail/driver.hpp>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <unistd.h>

int main(int argc, char** argv) {
    if (argc < 2) {
        std::fputs("usage: over_ring PROGRAM [argument…]\n", stderr);
        return 2;
    }
    try {
        (void)bifilar::drivers::choose_driver(bifilar::driver_kind::uring);
    } catch (const std::exception& refusal) {
        std::printf("skipped: %s\n", refusal.what());
        return 77;
    }
    ::execvp(argv[1], argv + 1);
    std::fprintf(stderr, "cannot run %s: %s\n", argv[1], std::strerror(errno));
    return 1;
}
