/* A reference of the echo page: a thread for each connection, which reads and writes and blocks in both.
 *   bare_threads PORT    prints "listening on 127.0.0.1:PORT", ends on SIGINT or SIGTERM.
 * A thread has a stack of 64 KiB, with its buffer of 16 KiB on it, and ends with its connection. */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bare_server.h"

enum { stack_bytes = 64 * 1024, buffer_bytes = 16 * 1024 };

/* On whichever thread the signal reaches: the others are asleep in the kernel and have nothing to put in order. */
static void stop(int signal_number) {
    (void)signal_number;
    _exit(0);
}

/* Whether all of it went out. */
static int answer(int connection, const char* bytes, ssize_t count) {
    while (count > 0) {
        const ssize_t part = send(connection, bytes, (size_t)count, MSG_NOSIGNAL);
        if (part < 0) return 0;
        bytes += part;
        count -= part;
    }
    return 1;
}

static void* serve(void* argument) {
    const int connection = (int)(intptr_t)argument;
    char buffer[buffer_bytes];
    ssize_t count;
    do count = recv(connection, buffer, sizeof buffer, 0);
    while (count > 0 && answer(connection, buffer, count));
    close(connection);
    return NULL;
}

int main(int count, char** arguments) {
    if (count != 2) {
        fprintf(stderr, "bare_threads needs one argument, the port (0: any)\n");
        return 2;
    }
    signal(SIGINT, stop);
    signal(SIGTERM, stop);
    pthread_attr_t small;
    int error = pthread_attr_init(&small);
    if (error == 0) error = pthread_attr_setstacksize(&small, stack_bytes);
    if (error == 0) error = pthread_attr_setdetachstate(&small, PTHREAD_CREATE_DETACHED);
    if (error != 0) fail("a stack of 64 KiB", error);
    const int listener = listen_on(arguments[1], 0);
    for (;;) {
        const int connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (connection < 0 && errno == ECONNABORTED) continue;
        if (connection < 0) fail("accept; see the limit of open files (ulimit -n)", errno);
        const int on = 1;
        setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        pthread_t thread;
        error = pthread_create(&thread, &small, serve, (void*)(intptr_t)connection);
        if (error != 0) fail("a thread for a connection; see ulimit -u and kernel.threads-max", error);
    }
}
