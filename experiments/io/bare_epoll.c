/* The reference of the echo page: a bare, single-threaded epoll echo loop, with nothing between it and the kernel.
 *   bare_epoll PORT      prints "listening on 127.0.0.1:PORT", ends on SIGINT or SIGTERM. */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bare_server.h"

enum { events_per_wait = 256, buffer_bytes = 16 * 1024 };

static volatile sig_atomic_t over;
static void stop(int signal_number) { over = signal_number; }

static void accept_all(int epoll, int listener) {
    for (;;) {
        const int connection = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (connection < 0) return;
        const int on = 1;
        setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        struct epoll_event event = {.events = EPOLLIN, .data.fd = connection};
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, connection, &event) != 0) close(connection);
    }
}

/* Level-triggered: one recv and one send a request is all it takes. */
static void echo(int connection, char* buffer) {
    const ssize_t count = recv(connection, buffer, buffer_bytes, 0);
    if (count <= 0) {
        if (count == 0 || (errno != EAGAIN && errno != EINTR)) close(connection);
        return;
    }
    for (ssize_t sent = 0; sent < count;) {
        const ssize_t part = send(connection, buffer + sent, (size_t)(count - sent), MSG_NOSIGNAL);
        if (part > 0) {
            sent += part;
        } else if (errno != EAGAIN && errno != EINTR) {
            close(connection);
            return;
        }
    }
}

int main(int count, char** arguments) {
    if (count != 2) {
        fprintf(stderr, "bare_epoll needs one argument, the port (0: any)\n");
        return 2;
    }
    signal(SIGINT, stop);
    signal(SIGTERM, stop);
    const int listener = listen_on(arguments[1], SOCK_NONBLOCK);
    const int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
    if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event) != 0) fail("epoll", errno);
    static char buffer[buffer_bytes];
    struct epoll_event ready[events_per_wait];
    while (!over) {
        const int found = epoll_wait(epoll, ready, events_per_wait, -1);
        for (int n = 0; n < found; ++n) {
            if (ready[n].data.fd == listener)
                accept_all(epoll, listener);
            else
                echo(ready[n].data.fd, buffer);
        }
    }
    return 0;
}
