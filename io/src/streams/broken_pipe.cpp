// SIGPIPE comes to the very thread that writes, and only then, so an empty handler disturbs nobody.
#include "broken_pipe.hpp"

#include <csignal>

namespace bifilar::detail {
namespace {

void on_broken_pipe(int) {}

bool install() noexcept {
    struct sigaction present{};
    if (::sigaction(SIGPIPE, nullptr, &present) != 0) return false;
    if ((present.sa_flags & SA_SIGINFO) != 0 || present.sa_handler != SIG_DFL) return false;
    struct sigaction action{};
    action.sa_handler = &on_broken_pipe;
    action.sa_flags = SA_RESTART | SA_ONSTACK;  // A fiber's stack may have no room for a handler.
    return ::sigaction(SIGPIPE, &action, nullptr) == 0;
}

}  // namespace

void survive_broken_pipes() noexcept { [[maybe_unused]] static const bool installed = install(); }

}  // namespace bifilar::detail
