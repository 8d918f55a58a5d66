/* The echo server of the echo page over libuv.
 *   uv_echo      prints "listening on 127.0.0.1:PORT", ends on SIGINT or SIGTERM. */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

enum { buffer_bytes = 16 * 1024 };

struct connection {
    uv_tcp_t handle;
    uv_write_t write;
    char buffer[buffer_bytes];
};

static void freed(uv_handle_t* handle) { free(handle->data); }
static void close_it(struct connection* one) {
    if (!uv_is_closing((uv_handle_t*)&one->handle)) uv_close((uv_handle_t*)&one->handle, freed);
}

static void lend(uv_handle_t* handle, size_t wanted, uv_buf_t* buffer) {
    struct connection* const one = handle->data;
    (void)wanted;
    *buffer = uv_buf_init(one->buffer, buffer_bytes);
}

static void got(uv_stream_t* stream, ssize_t count, const uv_buf_t* buffer);

static void written(uv_write_t* write, int status) {
    struct connection* const one = write->data;
    if (status < 0)
        close_it(one);
    else
        uv_read_start((uv_stream_t*)&one->handle, lend, got);
}

static void got(uv_stream_t* stream, ssize_t count, const uv_buf_t* buffer) {
    struct connection* const one = stream->data;
    if (count == 0) return;
    if (count < 0) {
        close_it(one);
        return;
    }
    uv_buf_t answer = uv_buf_init(buffer->base, (unsigned)count);
    const int taken = uv_try_write(stream, &answer, 1);
    if (taken == count) return;
    if (taken < 0 && taken != UV_EAGAIN) {
        close_it(one);
        return;
    }
    if (taken > 0) answer = uv_buf_init(buffer->base + taken, (unsigned)(count - taken));
    uv_read_stop(stream);
    one->write.data = one;
    uv_write(&one->write, stream, &answer, 1, written);
}

static void opened(uv_stream_t* listener, int status) {
    if (status < 0) return;
    struct connection* const one = malloc(sizeof *one);
    if (one == NULL) return;
    uv_tcp_init(listener->loop, &one->handle);
    one->handle.data = one;
    if (uv_accept(listener, (uv_stream_t*)&one->handle) != 0) {
        close_it(one);
        return;
    }
    uv_tcp_nodelay(&one->handle, 1);
    uv_read_start((uv_stream_t*)&one->handle, lend, got);
}

static void stop(uv_signal_t* signal, int number) {
    (void)number;
    uv_stop(signal->loop);
}

int main(void) {
    uv_loop_t* const loop = uv_default_loop();
    uv_tcp_t listener;
    uv_signal_t interrupted, terminated;
    struct sockaddr_in address;
    struct sockaddr_storage bound;
    int bytes = sizeof bound;
    uv_tcp_init(loop, &listener);
    uv_ip4_addr("127.0.0.1", 0, &address);
    if (uv_tcp_bind(&listener, (const struct sockaddr*)&address, 0) != 0 ||
        uv_listen((uv_stream_t*)&listener, 4096, opened) != 0 ||
        uv_tcp_getsockname(&listener, (struct sockaddr*)&bound, &bytes) != 0)
        return 2;
    uv_signal_init(loop, &interrupted);
    uv_signal_init(loop, &terminated);
    uv_signal_start(&interrupted, stop, SIGINT);
    uv_signal_start(&terminated, stop, SIGTERM);
    printf("listening on 127.0.0.1:%d\n", ntohs(((struct sockaddr_in*)&bound)->sin_port));
    fflush(stdout);
    uv_run(loop, UV_RUN_DEFAULT);
    return 0;
}
