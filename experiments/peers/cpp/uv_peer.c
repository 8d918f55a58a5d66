/* Work in libuv's thread pool, one piece after the other. One run, one sample.
 * Usage: uv_peer sequential N. libuv has no tasks of its own: this is what it has to start and to wait for. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

struct pieces {
    uv_work_t work;
    uint64_t left;
    uint64_t sum;
};

/* In a thread of the pool; the loop's thread waits for it, and looks at the sum afterwards. */
static void add_one(uv_work_t* work) {
    struct pieces* const all = work->data;
    ++all->sum;
}

static void next(uv_work_t* work, int status) {
    struct pieces* const all = work->data;
    if (status != 0) exit(2);
    if (--all->left != 0) uv_queue_work(work->loop, work, add_one, next);
}

static double sequential(uint64_t count, uint64_t* sum) {
    struct pieces all = {.left = count};
    all.work.data = &all;
    const uint64_t start = uv_hrtime();
    if (count != 0) uv_queue_work(uv_default_loop(), &all.work, add_one, next);
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
    *sum = all.sum;
    return (double)(uv_hrtime() - start) / (double)count;
}

int main(int argc, char** argv) {
    char* end = NULL;
    const uint64_t count = argc == 3 ? strtoull(argv[2], &end, 10) : 0;
    if (argc != 3 || strcmp(argv[1], "sequential") != 0 || *end != '\0' || count == 0) {
        fputs("uv_peer: sequential and a number; libuv has none of the other workloads\n", stderr);
        return 2;
    }
    uint64_t sum = 0;
    const double cold = sequential(count, &sum); /* Starts the pool's threads. */
    const double warm = sequential(count, &sum);
    printf("{\"value\": %.17g, \"answer\": %" PRIu64 ", \"also\": {\"cold_ns\": %.17g}}\n", warm, sum, cold);
    return 0;
}
