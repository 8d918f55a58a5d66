// Bytes that the kernel passes on between a socket and a pipe, in either direction.
#include "descriptors.hpp"
#include "io/pipe_ends.hpp"
#include "io/stream_scene.hpp"
#include "io/waiting_bytes.hpp"
#include "one_worker.hpp"
#include <bifilar/io/net/splice.hpp>

#include <atomic>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <thread>

namespace bf = bifilar;
using bf::op_kind;
using tests::fault;
using tests::open_pipe;
using tests::pipe_ends;
using namespace std::chrono_literals;

static_assert(bf::cancellable_future<bf::splice_future>);

namespace {

void fill_pipe(const bf::pipe_writer& to) {
    const std::array<char, 4096> page{};
    while (::write(to.descriptor(), page.data(), page.size()) > 0) continue;
}

void drain_pipe(const bf::pipe_reader& from) {
    std::array<char, 4096> page;
    while (::read(from.descriptor(), page.data(), page.size()) > 0) continue;
}

/// Waits for bytes of the socket, of which let() sends four.
class splice_in_scene : public tests::reading_scene {
public:
    static constexpr const char* name = "splice, socket to pipe";
    static constexpr std::array faults{fault{op_kind::splice_in, ECONNRESET}, fault{op_kind::splice_in, EINVAL},
                                       fault{op_kind::splice_in, ENOMEM}, fault{op_kind::splice_in, EPIPE}};
    bf::splice_future start() { return bf::splice(reading_scene::ends.near, pipe.second, 16); }
    bool succeeded(const bf::io_result<std::size_t>& output) { return output && *output > 0 && *output <= sent; }
    // Nothing is lost, except by the peer's reset.
    bool conserved(bool) {
        if (reading_scene::ends.far < 0) return true;
        const std::size_t rest = tests::bare_stream_pair::drain(reading_scene::ends.near.descriptor());
        return rest + tests::waiting_bytes(pipe.first.descriptor()) == sent;
    }

private:
    pipe_ends pipe = open_pipe();
};

/// Waits for room in the pipe, which let() makes.
class splice_into_full_scene {
public:
    static constexpr const char* name = "splice, socket to a full pipe";
    static constexpr bool in_time = true;
    static constexpr bool exclusive = true;
    static constexpr std::array faults{fault{op_kind::splice_in, ECONNRESET}};

    splice_into_full_scene() {
        REQUIRE(::send(sockets.far, "0123456789", 10, 0) == 10);
        fill_pipe(pipe.second);
    }
    bf::splice_future start() { return bf::splice(sockets.near, pipe.second, 1); }
    void let() {
        drain_pipe(pipe.first);
        drained = true;
    }
    int break_it() {
        pipe.first.close();
        return EPIPE;
    }
    bool succeeded(const bf::io_result<std::size_t>& output) { return output && *output == 1; }
    bool conserved(bool) {
        const std::size_t rest = tests::bare_stream_pair::drain(sockets.near.descriptor());
        if (pipe.first.descriptor() < 0) return rest == 10;
        // What let() drained was the filling, and splices that came before another let().
        return !drained || rest + tests::waiting_bytes(pipe.first.descriptor()) <= 10;
    }

private:
    tests::bare_stream_pair sockets;
    pipe_ends pipe = open_pipe();
    bool drained = false;
};

/// Waits for room in the socket, which let() makes.
class splice_out_scene : public tests::writing_scene {
public:
    static constexpr const char* name = "splice, pipe to a full socket";
    static constexpr std::array faults{fault{op_kind::splice_out, ECONNRESET}, fault{op_kind::splice_out, EPIPE},
                                       fault{op_kind::splice_out, ENOBUFS}, fault{op_kind::splice_out, ETIMEDOUT}};

    bf::splice_future start() {
        const std::array<char, bytes> some{};
        REQUIRE(::write(pipe.second.descriptor(), some.data(), some.size()) == bytes);
        put += bytes;
        return bf::splice(pipe.first, writing_scene::ends.near, bytes);
    }
    bool succeeded(const bf::io_result<std::size_t>& output) { return output && *output > 0 && *output <= bytes; }
    bool conserved(bool) {
        if (writing_scene::ends.far < 0) return true;
        let();
        return received + tests::waiting_bytes(pipe.first.descriptor()) == taken + put;
    }

private:
    pipe_ends pipe = open_pipe();
    std::size_t put = 0;
};

/// Waits for bytes in the pipe, of which let() writes four.
class splice_from_empty_scene {
public:
    static constexpr const char* name = "splice, an empty pipe to a socket";
    static constexpr bool in_time = true;
    static constexpr bool exclusive = true;
    static constexpr std::array faults{fault{op_kind::splice_out, EPIPE}};

    bf::splice_future start() { return bf::splice(pipe.first, sockets.near, 16); }
    void let() {
        REQUIRE(::write(pipe.second.descriptor(), "four", 4) == 4);
        put += 4;
    }
    bool succeeded(const bf::io_result<std::size_t>& output) { return output && *output > 0 && *output <= put; }
    bool conserved(bool) {
        return tests::bare_stream_pair::drain(sockets.far) + tests::waiting_bytes(pipe.first.descriptor()) == put;
    }

private:
    tests::bare_stream_pair sockets;
    pipe_ends pipe = open_pipe();
    std::size_t put = 0;
};

}  // namespace

TEMPLATE_TEST_CASE("every_fate_of_a_splice_conserves_bytes_and_descriptors", "", splice_in_scene,
                   splice_into_full_scene, splice_out_scene, splice_from_empty_scene) {
    tests::run_matrix<TestType>();
}

TEST_CASE("a_splice_tells_the_end_of_what_it_reads") {
    for (const bf::backend on : tests::both_backends) {
        bf::runtime rt{both::small_runtime()};
        struct body {
            static bf::task<> run() {
                tests::stream_pair pair;
                pipe_ends pipe = open_pipe();
                const auto none = co_await bf::splice(pair.near, pipe.second, 0);
                CHECK(none.value() == 0);
                (void)pair.far.shutdown_write();
                const auto socket_ended = co_await bf::splice(pair.near, pipe.second, 10);
                CHECK(socket_ended.value() == 0);
                pipe.second.close();
                const auto pipe_ended = co_await bf::splice(pipe.first, pair.near, 10);
                CHECK(pipe_ended.value() == 0);
            }
        };
        rt.spawn(on, body::run).join();
    }
}

TEST_CASE("a_splice_that_was_given_up_tells_what_it_came_to") {
    tests::on_one_worker([](bf::backend) {
        tests::bare_stream_pair pair;
        pipe_ends pipe = open_pipe();
        auto call = bf::splice(pair.near, pipe.second, 10);
        auto turn = bf::yield_now();
        (void)bf::await(bf::select(call, turn));
        REQUIRE(::send(pair.far, "four", 4, 0) == 4);
        tests::let_others_park();
        call.end();
        const auto late = call.finished();
        CHECK(tests::waiting_bytes(pipe.first.descriptor()) == (late ? late->value() : 0));
    });
}

// An end may become ready between a splice that found it unready and the question whose fault that was. The socket is
// ready all along, and tells no further event.
TEST_CASE("a_splice_from_a_ready_socket_outlasts_races_for_the_pipe") {
    constexpr std::size_t bytes = 100;
    for (int round = 0; round < 30; ++round) {
        tests::bare_stream_pair sockets;
        pipe_ends pipe = open_pipe();
        REQUIRE(::fcntl(pipe.second.descriptor(), F_SETPIPE_SZ, 4096) == 4096);
        // Each byte for itself fills the pipe.
        for (std::size_t n = 0; n < bytes; ++n) REQUIRE(::send(sockets.far, "x", 1, MSG_DONTWAIT) == 1);
        std::atomic<bool> over = false;
        std::thread drains{[&] {
            std::array<char, 4096> some;
            while (!over) (void)!::read(pipe.first.descriptor(), some.data(), some.size());
        }};
        std::size_t moved = 0;
        bool lost = false;
        while (!lost && moved < bytes) {
            const auto result = bf::await(bf::timeout(bf::splice(sockets.near, pipe.second, bytes), 5s));
            lost = !result.has_value();
            if (!lost) moved += result->value_or(0);
        }
        over = true;
        drains.join();
        REQUIRE_FALSE(lost);
    }
}

TEST_CASE("a_splice_to_a_ready_socket_outlasts_races_for_the_pipe") {
    constexpr std::size_t bytes = 20;  // With more of them unread, poll(2) does not call the socket ready.
    for (int round = 0; round < 150; ++round) {
        tests::bare_stream_pair sockets;
        pipe_ends pipe = open_pipe();
        std::atomic<bool> over = false;
        std::thread fills{[&] {
            for (std::size_t n = 0; n < bytes && !over; ++n) {
                int waiting = 1;
                while (waiting != 0 && !over) (void)::ioctl(pipe.first.descriptor(), FIONREAD, &waiting);
                (void)!::write(pipe.second.descriptor(), "x", 1);
            }
        }};
        std::size_t moved = 0;
        bool lost = false;
        while (!lost && moved < bytes) {
            const auto result = bf::await(bf::timeout(bf::splice(pipe.first, sockets.near, bytes), 5s));
            lost = !result.has_value();
            if (!lost) moved += result->value_or(0);
        }
        over = true;
        fills.join();
        REQUIRE_FALSE(lost);
    }
}
