/* A reference of the echo page: a bare, single-threaded io_uring echo loop, with nothing between it and the kernel.
 *   bare_uring PORT [plain|registered|multishot|zerocopy] [BUFFER_BYTES]
 * plain: one receive and one send a request. registered: the same on registered files. multishot: a multishot receive
 * into a ring of provided buffers. zerocopy: as plain, with SEND_ZC. A buffer has 16 KiB where nothing else is given.
 * Prints "listening on 127.0.0.1:PORT", ends on SIGINT or SIGTERM. */
#define _GNU_SOURCE
#include <errno.h>
#include <liburing.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bare_server.h"

enum { entries = 1024, most_descriptors = 16384, lent_buffers = 256 };
enum what { accepting, receiving, sending };

static volatile sig_atomic_t over;
static void stop(int signal_number) { over = signal_number; }

static struct io_uring ring;
static struct io_uring_buf_ring* lent;
static char* lent_memory;
static int registered, multishot, zerocopy;
static unsigned buffer_bytes = 16 * 1024;
static char* buffers[most_descriptors]; /* Of each connection; not used with multishot. */
static unsigned left[most_descriptors]; /* Bytes that are still to be sent. */
static unsigned done_with[most_descriptors];
static unsigned held[most_descriptors]; /* By zero-copy sends: how many the kernel still reads the buffer for. */
static int oldest[most_descriptors]; /* With multishot: the lent buffers that came and were not sent yet; none: -1. */
static int newest[most_descriptors];
static int behind[lent_buffers];
static unsigned came_in[lent_buffers]; /* Bytes. */
static char at_end[most_descriptors];  /* The stream has ended while an answer is on its way. */

static struct io_uring_sqe* next_entry(void) {
    struct io_uring_sqe* entry = io_uring_get_sqe(&ring);
    while (entry == NULL) {
        io_uring_submit(&ring);
        entry = io_uring_get_sqe(&ring);
    }
    return entry;
}

/* Behind the preparing call, which clears user_data in newer versions of liburing. */
static void finish(struct io_uring_sqe* entry, enum what what, int descriptor) {
    entry->user_data = (uint64_t)what << 32 | (unsigned)descriptor;
    if (registered && what != accepting) entry->flags |= IOSQE_FIXED_FILE;
}

static void receive(int connection) {
    struct io_uring_sqe* entry = next_entry();
    if (multishot) {
        io_uring_prep_recv_multishot(entry, connection, NULL, 0, 0);
        entry->flags |= IOSQE_BUFFER_SELECT;
        entry->buf_group = 0;
    } else {
        io_uring_prep_recv(entry, connection, buffers[connection], buffer_bytes, 0);
    }
    finish(entry, receiving, connection);
}

static void give_back(int number) {
    io_uring_buf_ring_add(lent, lent_memory + (size_t)number * buffer_bytes, buffer_bytes, (unsigned short)number,
                          io_uring_buf_ring_mask(lent_buffers), 0);
    io_uring_buf_ring_advance(lent, 1);
}

static void send_rest(int connection) {
    struct io_uring_sqe* entry = next_entry();
    const char* from = multishot ? lent_memory + (size_t)oldest[connection] * buffer_bytes : buffers[connection];
    from += done_with[connection];
    if (zerocopy)
        io_uring_prep_send_zc(entry, connection, from, left[connection], MSG_NOSIGNAL, 0);
    else
        io_uring_prep_send(entry, connection, from, left[connection], MSG_NOSIGNAL);
    finish(entry, sending, connection);
}

static void send_bytes(int connection, unsigned bytes) {
    left[connection] = bytes;
    done_with[connection] = 0;
    send_rest(connection);
}

/* What has come while an answer is on its way waits for its turn. */
static void send_lent(int connection, int number, unsigned bytes) {
    behind[number] = -1;
    came_in[number] = bytes;
    if (oldest[connection] >= 0) {
        behind[newest[connection]] = number;
        newest[connection] = number;
        return;
    }
    oldest[connection] = newest[connection] = number;
    send_bytes(connection, bytes);
}

/* Whether there was another to send. */
static int send_next_lent(int connection) {
    const int sent = oldest[connection];
    oldest[connection] = behind[sent];
    give_back(sent);
    if (oldest[connection] < 0) return 0;
    send_bytes(connection, came_in[oldest[connection]]);
    return 1;
}

static void opened(int connection) {
    const int on = 1;
    if (connection >= most_descriptors) fail("more connections than it has room for", EMFILE);
    at_end[connection] = 0;
    held[connection] = 0;
    left[connection] = 0;
    oldest[connection] = -1;
    setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (registered && io_uring_register_files_update(&ring, (unsigned)connection, &connection, 1) != 1)
        fail("io_uring_register_files_update", EINVAL);
    if (!multishot && buffers[connection] == NULL) buffers[connection] = malloc(buffer_bytes);
    receive(connection);
}

static void ended(int connection) {
    for (; multishot && oldest[connection] >= 0; oldest[connection] = behind[oldest[connection]])
        give_back(oldest[connection]);
    if (registered) {
        int none = -1;
        io_uring_register_files_update(&ring, (unsigned)connection, &none, 1);
    }
    close(connection);
}

static void handle(const struct io_uring_cqe* cqe, int listener) {
    const int descriptor = (int)(cqe->user_data & 0xffffffff);
    switch ((enum what)(cqe->user_data >> 32)) {
        case accepting:
            if (cqe->res >= 0) opened(cqe->res);
            if ((cqe->flags & IORING_CQE_F_MORE) == 0) {
                struct io_uring_sqe* entry = next_entry();
                io_uring_prep_multishot_accept(entry, listener, NULL, NULL, SOCK_CLOEXEC);
                finish(entry, accepting, listener);
            }
            break;
        case receiving:
            if (cqe->res == -ENOBUFS) return receive(descriptor);
            if (cqe->res <= 0) {
                if (left[descriptor] == 0) return ended(descriptor);
                at_end[descriptor] = 1;
                return;
            }
            if (multishot) {
                if ((cqe->flags & IORING_CQE_F_MORE) == 0) receive(descriptor);
                send_lent(descriptor, (int)(cqe->flags >> IORING_CQE_BUFFER_SHIFT), (unsigned)cqe->res);
            } else {
                send_bytes(descriptor, (unsigned)cqe->res);
            }
            break;
        case sending:
            if (cqe->flags & IORING_CQE_F_NOTIF) {
                if (held[descriptor] != 0 && --held[descriptor] == 0 && left[descriptor] == 0) receive(descriptor);
                break;
            }
            if (cqe->res <= 0) return ended(descriptor);
            if (cqe->flags & IORING_CQE_F_MORE) ++held[descriptor];
            left[descriptor] -= (unsigned)cqe->res;
            done_with[descriptor] += (unsigned)cqe->res;
            if (left[descriptor] != 0) {
                send_rest(descriptor);
            } else if (multishot) {
                if (!send_next_lent(descriptor) && at_end[descriptor]) ended(descriptor);
            } else if (held[descriptor] == 0) {
                receive(descriptor);
            }
            break;
    }
}

static void lend_buffers(void) {
    struct io_uring_buf_reg request = {.ring_entries = lent_buffers};
    lent = mmap(NULL, lent_buffers * sizeof(struct io_uring_buf), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                -1, 0);
    lent_memory = malloc((size_t)lent_buffers * buffer_bytes);
    request.ring_addr = (uintptr_t)lent;
    const int result = io_uring_register_buf_ring(&ring, &request, 0);
    if (result != 0) fail("io_uring_register_buf_ring", -result);
    io_uring_buf_ring_init(lent);
    for (int n = 0; n < lent_buffers; ++n) give_back(n);
}

int main(int count, char** arguments) {
    const char* kind = count >= 3 ? arguments[2] : "plain";
    if (count == 4) buffer_bytes = (unsigned)atoi(arguments[3]);
    registered = strcmp(kind, "registered") == 0;
    multishot = strcmp(kind, "multishot") == 0;
    zerocopy = strcmp(kind, "zerocopy") == 0;
    if (count < 2 || count > 4 || buffer_bytes == 0 ||
        (!registered && !multishot && !zerocopy && strcmp(kind, "plain") != 0)) {
        fprintf(stderr,
                "bare_uring needs the port (0: any); plain, registered, multishot or zerocopy; and the bytes of a "
                "buffer\n");
        return 2;
    }
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    signal(SIGINT, stop);
    signal(SIGTERM, stop);
    const int listener = listen_on(arguments[1], 0);
    struct io_uring_params params = {
        .flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE, .cq_entries = 16384};
    const int result = io_uring_queue_init_params(entries, &ring, &params);
    if (result < 0) fail("io_uring", -result);
    if (registered && io_uring_register_files_sparse(&ring, most_descriptors) != 0)
        fail("io_uring_register_files_sparse", EINVAL);
    if (multishot) lend_buffers();
    struct io_uring_sqe* entry = next_entry();
    io_uring_prep_multishot_accept(entry, listener, NULL, NULL, SOCK_CLOEXEC);
    finish(entry, accepting, listener);
    while (!over) {
        io_uring_submit_and_wait(&ring, 1);
        struct io_uring_cqe* ready[256];
        unsigned found;
        while ((found = io_uring_peek_batch_cqe(&ring, ready, 256)) != 0) {
            for (unsigned n = 0; n < found; ++n) handle(ready[n], listener);
            io_uring_cq_advance(&ring, found);
        }
    }
    return 0;
}
