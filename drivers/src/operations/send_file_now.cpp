// sendfile has no flags. What send has them for is arranged around the call.
#include "send_file_now.hpp"

#include "system_call.hpp"
#include "unblocked_call.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <pthread.h>
#include <sys/sendfile.h>

namespace bifilar::drivers {
namespace {

/// Keeps the thread from getting the SIGPIPE of a call, as MSG_NOSIGNAL would.
class no_pipe_signal {
public:
    no_pipe_signal() noexcept {
        ::sigemptyset(&pipe_);
        ::sigaddset(&pipe_, SIGPIPE);
        ::pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
        // One that was there before belongs to somebody else. It can be there only where the thread had it blocked.
        was_blocked_ = ::sigismember(&before_, SIGPIPE) == 1;
        if (!was_blocked_) return;
        sigset_t pending;
        ::sigpending(&pending);
        was_pending_ = ::sigismember(&pending, SIGPIPE) == 1;
    }
    no_pipe_signal(const no_pipe_signal&) = delete;
    no_pipe_signal& operator=(const no_pipe_signal&) = delete;
    ~no_pipe_signal() {
        if (!was_blocked_) ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }

    /// After a call that may have met a peer that has gone.
    void swallow() noexcept {
        const timespec now{};
        while (!was_pending_ && ::sigtimedwait(&pipe_, nullptr, &now) < 0 && errno == EINTR) continue;
    }

private:
    sigset_t pipe_;
    sigset_t before_;
    bool was_blocked_;
    bool was_pending_ = false;
};

}  // namespace

int send_file_now(int socket, file_part& part, std::size_t bytes) noexcept {
    no_pipe_signal quiet;
    const unblocked_call free{socket};
    if (free.error() != 0) return -free.error();
    off_t offset = part.offset;
    const ssize_t sent = ::sendfile(socket, part.descriptor, &offset, std::min(bytes, max_per_call));
    const int result = result_of(sent);
    part.offset = offset;
    // The signal also comes with a call that sent a part before the peer went, and says how much that was.
    if (sent < 0 ? result == -EPIPE : static_cast<std::size_t>(sent) < bytes) quiet.swallow();
    return result;
}

}  // namespace bifilar::drivers
