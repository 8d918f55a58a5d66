/* What the bare echo servers have in common before and after they serve: a listener, and words for what fails.
 * Nothing of it runs while a request is answered. */
#define _GNU_SOURCE
#include "bare_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

void fail(const char* what, int error) {
    fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, strerror(error));
    exit(2);
}

static unsigned short port_of(const char* text) {
    char* end = NULL;
    const unsigned long number = strtoul(text, &end, 10);
    if (*text >= '0' && *text <= '9' && *end == '\0' && number <= 65535) return (unsigned short)number;
    fprintf(stderr, "%s: '%s' is no port; give a number up to 65535, 0 for any\n", program_invocation_short_name, text);
    exit(2);
}

int listen_on(const char* port, int flags) {
    const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
    const int on = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port_of(port))};
    socklen_t bytes = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (descriptor < 0 || setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(descriptor, (struct sockaddr*)&address, sizeof address) != 0 || listen(descriptor, 4096) != 0)
        fail("listen", errno);
    if (getsockname(descriptor, (struct sockaddr*)&address, &bytes) != 0) fail("getsockname", errno);
    printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return descriptor;
}
