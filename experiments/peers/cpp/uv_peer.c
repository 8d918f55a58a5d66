/* Work in libuv's thread pool, with its four threads: calls, files and names. One run, one sample.
 * Usage: uv_peer sequential N | call COUNT AT_ONCE | read FILE BYTES AT_ONCE READS | size FILE COUNT | lookup COUNT.
 * libuv has no tasks of its own: this is what it has to start and to wait for. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

static void refuse(const char* why) {
    fprintf(stderr, "uv_peer: %s\n", why);
    exit(2);
}

static void* room_for(size_t count, size_t bytes) {
    void* const room = calloc(count, bytes);
    if (room == NULL) refuse("no memory");
    return room;
}

/* Calls, in rounds of so many at a time. */
struct calls {
    uint64_t left; /* To be started. */
    uint64_t under_way;
    uint64_t at_once;
    uint64_t sum;
    uv_work_t* work;
};

/* What is called in a thread of the pool; the loop's thread adds it up. */
static void call_nothing(uv_work_t* work) { (void)work; }

static void end_call(uv_work_t* work, int status);

static void start_calls(struct calls* all) {
    for (; all->left != 0 && all->under_way < all->at_once; --all->left, ++all->under_way) {
        uv_work_t* const one = &all->work[all->under_way];
        one->data = all;
        uv_queue_work(uv_default_loop(), one, call_nothing, end_call);
    }
}

static void end_call(uv_work_t* work, int status) {
    struct calls* const all = work->data;
    all->sum += status == 0;
    if (--all->under_way == 0) start_calls(all);
}

static uint64_t call(uint64_t count, uint64_t at_once) {
    struct calls all = {.left = count, .at_once = at_once, .work = room_for(at_once, sizeof(uv_work_t))};
    start_calls(&all);
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
    free(all.work);
    return all.sum;
}

/* The same sequence in every contender: numbers in 0 ... 2^31 - 1. */
static uint64_t next_number(uint64_t* state) {
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 33;
}

/* A file, of which each word says where it stands. */
struct source {
    uv_file file;
    uint64_t size;
};

static struct source open_source(const char* path) {
    uv_fs_t request;
    const struct source from = {.file = (uv_file)uv_fs_open(NULL, &request, path, O_RDONLY, 0, NULL)};
    uv_fs_req_cleanup(&request);
    if (from.file < 0 || uv_fs_fstat(NULL, &request, from.file, NULL) != 0) refuse("the file cannot be opened");
    const uint64_t size = request.statbuf.st_size;
    uv_fs_req_cleanup(&request);
    return (struct source){from.file, size};
}

/* One after the other. */
struct reader {
    uv_fs_t request;
    struct source from;
    size_t bytes;
    char* into;
    uint64_t random;
    uint64_t offset;
    uint64_t left;
    uint64_t sum;
};

static void end_read(uv_fs_t* request);

static void start_read(struct reader* one) {
    enum { page = 4096 };
    one->offset = next_number(&one->random) % ((one->from.size - one->bytes) / page + 1) * page;
    const uv_buf_t into = uv_buf_init(one->into, (unsigned)one->bytes);
    uv_fs_read(uv_default_loop(), &one->request, one->from.file, &into, 1, (int64_t)one->offset, end_read);
}

static uint64_t word_at(const char* from) {
    uint64_t word = 0;
    memcpy(&word, from, sizeof word);
    return word;
}

static void end_read(uv_fs_t* request) {
    struct reader* const one = request->data;
    const size_t last = one->bytes - sizeof(uint64_t);
    if (request->result == (ssize_t)one->bytes && word_at(one->into) == one->offset &&
        word_at(one->into + last) == one->offset + last)
        one->sum += one->bytes;
    uv_fs_req_cleanup(request);
    if (--one->left != 0) start_read(one);
}

static uint64_t read_all(struct source from, size_t bytes, uint64_t readers, uint64_t reads) {
    struct reader* const all = room_for(readers, sizeof(struct reader));
    for (uint64_t n = 0; n < readers; ++n) {
        struct reader* const one = &all[n];
        *one = (struct reader){.from = from, .bytes = bytes, .random = n + 1, .left = reads / readers};
        one->into = room_for(1, bytes);
        one->request.data = one;
        if (one->left != 0) start_read(one);
    }
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
    uint64_t sum = 0;
    for (uint64_t n = 0; n < readers; ++n) {
        sum += all[n].sum;
        free(all[n].into);
    }
    free(all);
    return sum;
}

/* Questions of one kind, one after the other. */
struct questions {
    uv_fs_t status;
    uv_getaddrinfo_t name;
    struct source of;
    uint64_t left;
    uint64_t sum;
};

static void end_status(uv_fs_t* request) {
    struct questions* const all = request->data;
    if (request->result == 0) all->sum += request->statbuf.st_size;
    uv_fs_req_cleanup(request);
    if (--all->left != 0) uv_fs_fstat(uv_default_loop(), request, all->of.file, end_status);
}

static uint64_t ask_size(struct source of, uint64_t count) {
    struct questions all = {.of = of, .left = count};
    all.status.data = &all;
    if (count != 0) uv_fs_fstat(uv_default_loop(), &all.status, of.file, end_status);
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
    return all.sum;
}

static int is_here(const struct sockaddr* one) {
    if (one->sa_family == AF_INET) return ((const struct sockaddr_in*)one)->sin_addr.s_addr == htonl(INADDR_LOOPBACK);
    return one->sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6*)one)->sin6_addr);
}

static void end_lookup(uv_getaddrinfo_t* request, int status, struct addrinfo* found);

static void start_lookup(struct questions* all) {
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    uv_getaddrinfo(uv_default_loop(), &all->name, end_lookup, "localhost", "80", &hints);
}

static void end_lookup(uv_getaddrinfo_t* request, int status, struct addrinfo* found) {
    struct questions* const all = request->data;
    int right = status == 0 && found != NULL;
    for (const struct addrinfo* at = found; at != NULL; at = at->ai_next) right = right && is_here(at->ai_addr);
    all->sum += right;
    uv_freeaddrinfo(found);
    if (--all->left != 0) start_lookup(all);
}

static uint64_t look_up(uint64_t count) {
    struct questions all = {.left = count};
    all.name.data = &all;
    if (count != 0) start_lookup(&all);
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
    return all.sum;
}

/* What the command line asks for. */
struct workload {
    const char* name;
    struct source from;
    uint64_t bytes;
    uint64_t at_once;
    uint64_t count;
};

static uint64_t run(const struct workload* what, uint64_t count) {
    if (strcmp(what->name, "read") == 0) return read_all(what->from, what->bytes, what->at_once, count);
    if (strcmp(what->name, "size") == 0) return ask_size(what->from, count);
    if (strcmp(what->name, "lookup") == 0) return look_up(count);
    return call(count, what->at_once);
}

static uint64_t number(const char* word) {
    char* end = NULL;
    const uint64_t value = strtoull(word, &end, 10);
    if (end == word || *end != '\0' || value == 0) refuse("a number is none, or 0");
    return value;
}

static struct workload asked_for(int count, char** words) {
    struct workload what = {.name = count > 1 ? words[1] : "", .at_once = 1};
    const char* const name = what.name;
    if (count == 3 && (strcmp(name, "sequential") == 0 || strcmp(name, "lookup") == 0)) {
        what.count = number(words[2]);
    } else if (count == 4 && strcmp(name, "call") == 0) {
        what.count = number(words[2]);
        what.at_once = number(words[3]);
    } else if (count == 4 && strcmp(name, "size") == 0) {
        what.from = open_source(words[2]);
        what.count = number(words[3]);
    } else if (count == 6 && strcmp(name, "read") == 0) {
        what.from = open_source(words[2]);
        what.bytes = number(words[3]);
        what.at_once = number(words[4]);
        what.count = number(words[5]);
        if (what.bytes < sizeof(uint64_t) || what.bytes > what.from.size) refuse("the file has no reads of that size");
    } else {
        refuse("sequential, call, read, size or lookup, and their numbers; libuv has none of the other workloads");
    }
    return what;
}

int main(int argc, char** argv) {
    const struct workload what = asked_for(argc, argv);
    const uint64_t start = uv_hrtime();
    (void)run(&what, what.count); /* Starts the pool's threads. */
    const uint64_t between = uv_hrtime();
    const uint64_t sum = run(&what, what.count);
    const double each = 1.0 / (double)what.count;
    const double warm = (double)(uv_hrtime() - between) * each;
    const double cold = (double)(between - start) * each;
    printf("{\"value\": %.17g, \"answer\": %" PRIu64 ", \"also\": {\"cold_ns\": %.17g}}\n", warm, sum, cold);
    return 0;
}
