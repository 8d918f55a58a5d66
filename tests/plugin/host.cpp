// Loads the plug-in, uses it and unloads it, twenty times, each time in another thread and now and then in this one.
// Afterwards a signal that no library of ours has to do with ends a process as it ends any other.
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace {

void use(const char* path) {
    void* const plugin = ::dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (plugin == nullptr) {
        std::fprintf(stderr, "%s\n", ::dlerror());
        std::exit(1);
    }
    const auto work = reinterpret_cast<int (*)()>(::dlsym(plugin, "plugin_work"));
    if (work == nullptr || work() != 31) {
        std::fputs("the plug-in's work went wrong\n", stderr);
        std::exit(1);
    }
    ::dlclose(plugin);
}

bool dies_of_a_signal() {
    const pid_t child = ::fork();
    if (child == 0) {
        const rlimit none{};
        ::setrlimit(RLIMIT_CORE, &none);
        std::raise(SIGSEGV);
        ::_exit(1);
    }
    int status = 0;
    return ::waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV;
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 2) {
        std::fputs("usage: plugin_host PLUGIN\n", stderr);
        return 2;
    }
    for (int round = 0; round != 20; ++round) {
        if (round % 5 == 4) use(arguments[1]);
        std::thread{use, arguments[1]}.join();
    }
    if (!dies_of_a_signal()) {
        std::fputs("a signal did not end the process\n", stderr);
        return 1;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{400});  // The last child ends, and is reaped.
    return 0;
}
