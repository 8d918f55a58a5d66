// How Unix sockets are bound.
#pragma once

#include <sys/types.h>

namespace bifilar {

/// What is said of files does not concern abstract names.
struct unix_bind_options {
    /// Replaces the file of a socket at which nobody listens any more, as an ended process leaves it. A file that is no
    /// socket, and a socket that somebody has, stay, and the answer is EADDRINUSE. All who set this for paths of one
    /// folder take turns, by a lock (flock) on the folder, so that none removes what another has just bound; whoever
    /// finds the folder locked waits in its thread, and after 100 ms the answer is EAGAIN. A folder that may not be
    /// read cannot be locked, and the answer is open(2)'s error.
    bool replace_stale = false;
    /// Removes the file when the socket is closed, unless another has taken its place.
    bool remove_at_end = true;
    /// Permissions of the file from the first moment on, less the process's umask; who may write may connect.
    mode_t mode = 0777;
    /// Of a listener: connections that may wait to be accepted; the kernel takes net.core.somaxconn at most.
    int backlog = 4096;
};

}  // namespace bifilar
