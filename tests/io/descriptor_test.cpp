// Descriptors passed over Unix streams: they arrive, are close-on-exec, and none gets lost on any way out.
#include <bifilar/io/net/unix_stream.hpp>
#include "both/in_each_model.hpp"
#include "bytes.hpp"
#include "descriptors.hpp"
#include "io/passed_descriptors.hpp"
#include "one_worker.hpp"
#include "resource_limits.hpp"

#include <array>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace bf = bifilar;
using both::await_in;
using both::in_each_model;
using both::model;
using tests::bytes_of;
using namespace std::chrono_literals;

namespace {

class pipe_ends {
public:
    pipe_ends() {
        std::array<int, 2> ends{};
        REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
        in = bf::owned_descriptor{ends[0]};
        out = bf::owned_descriptor{ends[1]};
    }
    bf::owned_descriptor in;
    bf::owned_descriptor out;
};

// A byte and two descriptors, sent past the library.
void send_two(int socket, int descriptor) { tests::send_past(socket, std::array<int, 2>{descriptor, descriptor}); }

bf::task<std::size_t> receive_in_coroutine(bf::unix_stream& from) {
    std::array<std::byte, 8> buffer;
    const auto got = co_await from.recv_descriptors(buffer);
    co_return got.has_value() ? got->descriptors.size() : 0;
}

std::size_t receive_in_fiber(bf::unix_stream& from) {
    std::array<std::byte, 8> buffer;
    const auto got = bf::await(from.recv_descriptors(buffer));
    return got.has_value() ? got->descriptors.size() : 0;
}

bf::join_handle<std::size_t> receive(bf::backend on, bf::unix_stream& from) {
    if (on == bf::backend::stackless) return bf::spawn(on, receive_in_coroutine, std::ref(from));
    return bf::spawn(on, receive_in_fiber, std::ref(from));
}

bf::task<std::size_t> send_in_coroutine(bf::unix_stream& to, int descriptor, std::size_t bytes) {
    const std::vector<std::byte> sent(bytes);
    const std::array<int, 1> passed{descriptor};
    const auto taken = co_await to.send_descriptors(sent, passed);
    co_return taken.value_or(0);
}

std::size_t send_in_fiber(bf::unix_stream& to, int descriptor, std::size_t bytes) {
    const std::vector<std::byte> sent(bytes);
    const std::array<int, 1> passed{descriptor};
    return bf::await(to.send_descriptors(sent, passed)).value_or(0);
}

}  // namespace

TEST_CASE("an_owned_descriptor_is_closed_once") {
    const std::size_t before = tests::open_descriptors();
    {
        pipe_ends pipe;
        bf::owned_descriptor moved{std::move(pipe.in)};
        CHECK_FALSE(pipe.in);
        CHECK(pipe.in.get() == -1);
        moved = std::move(pipe.out);
        CHECK(tests::open_descriptors() == before + 1);
        bf::owned_descriptor back{moved.release()};
        CHECK_FALSE(moved);
        back.reset();
        CHECK(tests::open_descriptors() == before);
        back.reset();
        bf::owned_descriptor& self = back;
        back = std::move(self);
    }
    CHECK(tests::open_descriptors() == before);
}

TEST_CASE("a_descriptor_arrives_with_its_bytes") {
    in_each_model([](model m, bf::runtime& rt) {
        auto ends = bf::unix_stream::pair().value();
        pipe_ends pipe;
        const std::array<int, 1> passed{pipe.out.get()};
        CHECK(await_in(m, rt, [&] { return ends.first.send_descriptors(bytes_of("here"), passed); }).value() == 4);
        pipe.out.reset();
        std::array<std::byte, 8> buffer{};
        auto got = await_in(m, rt, [&] { return ends.second.recv_descriptors(buffer); }).value();
        CHECK(got.bytes == 4);
        CHECK_FALSE(got.truncated);
        REQUIRE(got.descriptors.size() == 1);
        const int received = got.descriptors.front().get();
        CHECK((::fcntl(received, F_GETFD) & FD_CLOEXEC) != 0);
        CHECK(::write(received, "x", 1) == 1);
        got.descriptors.clear();
        char byte = 0;
        CHECK(::read(pipe.in.get(), &byte, 1) == 1);
        CHECK(::read(pipe.in.get(), &byte, 1) == 0);  // The last writer is closed.

        CHECK(await_in(m, rt, [&] { return ends.first.send_descriptors(bytes_of("none"), {}); }).value() == 4);
        CHECK(await_in(m, rt, [&] { return ends.second.recv_descriptors(buffer); })->descriptors.empty());
        CHECK(await_in(m, rt, [&] { return ends.second.recv_descriptors({}); })->bytes == 0);
        ends.first.close();
        CHECK(await_in(m, rt, [&] { return ends.second.recv_descriptors(buffer); })->bytes == 0);
    });
}

TEST_CASE("as_many_descriptors_as_the_kernel_takes_go_with_one_message") {
    if (!tests::descriptors_suffice(320)) return;
    in_each_model([](model m, bf::runtime& rt) {
        auto ends = bf::unix_stream::pair().value();
        const pipe_ends pipe;
        std::vector<int> passed(bf::max_descriptors, pipe.in.get());
        const std::size_t before = tests::open_descriptors();
        CHECK(await_in(m, rt, [&] { return ends.first.send_descriptors(bytes_of("all"), passed); }).value() == 3);
        std::array<std::byte, 8> buffer{};
        {
            const auto got = await_in(m, rt, [&] { return ends.second.recv_descriptors(buffer); }).value();
            CHECK(got.descriptors.size() == bf::max_descriptors);
            CHECK_FALSE(got.truncated);
        }
        CHECK(tests::open_descriptors() <= before + 8);  // Drivers may open their own things late.
        passed.push_back(passed.front());
        CHECK(await_in(m, rt, [&] { return ends.first.send_descriptors(bytes_of("more"), passed); }).error() ==
              std::errc::invalid_argument);
        passed.resize(1);
        CHECK(await_in(m, rt, [&] { return ends.first.send_descriptors({}, passed); }).error() ==
              std::errc::invalid_argument);
        passed.front() = -1;
        CHECK(await_in(m, rt, [&] { return ends.first.send_descriptors(bytes_of("bad"), passed); }).error() ==
              std::errc::bad_file_descriptor);
    });
}

TEST_CASE("descriptors_go_with_the_first_byte_of_a_long_write") {
    tests::on_one_worker([](bf::backend on) {
        auto ends = bf::unix_stream::pair().value();
        const pipe_ends pipe;
        const std::size_t whole = 1'000'000;
        auto sender = on == bf::backend::stackless
                          ? bf::spawn(on, send_in_coroutine, std::ref(ends.first), pipe.in.get(), whole)
                          : bf::spawn(on, send_in_fiber, std::ref(ends.first), pipe.in.get(), whole);
        std::vector<std::byte> buffer(100'000);
        std::size_t bytes = 0;
        std::size_t descriptors = 0;
        while (bytes < whole) {
            const auto got = bf::await(ends.second.recv_descriptors(buffer)).value();
            if (bytes == 0) CHECK(got.descriptors.size() == 1);
            bytes += got.bytes;
            descriptors += got.descriptors.size();
        }
        CHECK(bf::await(std::move(sender)) == whole);
        CHECK(descriptors == 1);
    });
}

TEST_CASE("descriptors_go_when_there_is_room_again") {
    tests::on_one_worker([](bf::backend on) {
        auto ends = bf::unix_stream::pair().value();
        const pipe_ends pipe;
        std::vector<std::byte> buffer(65'536);
        std::size_t ahead = 0;
        for (ssize_t took = 0;
             (took = ::send(ends.first.descriptor(), buffer.data(), buffer.size(), MSG_DONTWAIT)) > 0;)
            ahead += static_cast<std::size_t>(took);
        auto sender = on == bf::backend::stackless
                          ? bf::spawn(on, send_in_coroutine, std::ref(ends.first), pipe.in.get(), std::size_t{1})
                          : bf::spawn(on, send_in_fiber, std::ref(ends.first), pipe.in.get(), std::size_t{1});
        tests::let_others_park();
        CHECK_FALSE(sender.done());
        std::size_t descriptors = 0;
        for (std::size_t bytes = 0; bytes < ahead + 1;) {
            const auto got = bf::await(ends.second.recv_descriptors(buffer)).value();
            bytes += got.bytes;
            descriptors += got.descriptors.size();
        }
        CHECK(bf::await(std::move(sender)) == 1);
        CHECK(descriptors == 1);
    });
}

TEST_CASE("descriptors_that_find_no_room_are_told_and_closed") {
    tests::on_one_worker([](bf::backend on) {
        auto ends = bf::unix_stream::pair().value();
        const pipe_ends pipe;
        (void)bf::await(bf::timeout(ends.second.read({}), 1ms));
        const std::size_t before = tests::open_descriptors();
        send_two(ends.first.descriptor(), pipe.in.get());
        rlimit former{};
        REQUIRE(::getrlimit(RLIMIT_NOFILE, &former) == 0);
        // Room for one more: the lowest number that is free.
        const int free = ::fcntl(pipe.in.get(), F_DUPFD_CLOEXEC, 0);
        ::close(free);
        const rlimit one_more{static_cast<rlim_t>(free) + 1, former.rlim_max};
        REQUIRE(::setrlimit(RLIMIT_NOFILE, &one_more) == 0);
        std::array<std::byte, 8> buffer{};
        auto got = bf::await(ends.second.recv_descriptors(buffer));
        ::setrlimit(RLIMIT_NOFILE, &former);
        (void)on;
        REQUIRE(got.has_value());
        CHECK(got->truncated);
        CHECK(got->bytes == 1);
        CHECK(got->descriptors.size() == 1);
        got->descriptors.clear();
        CHECK(tests::open_descriptors() == before);
    });
}

TEST_CASE("a_plain_read_closes_the_descriptors_that_come_with_its_bytes") {
    tests::on_one_worker([](bf::backend) {
        auto ends = bf::unix_stream::pair().value();
        const pipe_ends pipe;
        const std::size_t before = tests::open_descriptors();
        send_two(ends.first.descriptor(), pipe.in.get());
        std::array<std::byte, 8> buffer{};
        CHECK(bf::await(ends.second.read(buffer)).value() == 1);
        CHECK(tests::open_descriptors() == before);
    });
}

TEST_CASE("receives_of_descriptors_leak_none_whenever_they_end") {
    tests::on_one_worker([](bf::backend on) {
        auto ends = bf::unix_stream::pair().value();
        const pipe_ends pipe;
        std::array<std::byte, 8> buffer{};
        CHECK_FALSE(bf::await(bf::timeout(ends.second.read(buffer), 200us)).has_value());  // Opens what stays open.
        const std::size_t before = tests::open_descriptors();
        const auto drain = [&] {
            while (::recv(ends.second.descriptor(), buffer.data(), buffer.size(), MSG_DONTWAIT) > 0) continue;
        };
        for (int round = 0; round < 20; ++round) {
            const bool send_first = round % 2 == 0;
            auto receiving = receive(on, ends.second);
            tests::let_others_park();
            if (send_first) send_two(ends.first.descriptor(), pipe.in.get());
            receiving.cancel();
            if (!send_first) send_two(ends.first.descriptor(), pipe.in.get());
            const auto outcome = bf::await(receiving.outcome());
            if (outcome.has_value()) CHECK(*outcome == 2);
            drain();
            CHECK(tests::open_descriptors() == before);
        }
        // Destroyed in flight, with a message that has come and nobody has looked at.
        for (int round = 0; round < 20; ++round) {
            {
                auto receiving = ends.second.recv_descriptors(buffer);
                auto turn = bf::yield_now();
                (void)bf::await(bf::select(receiving, turn));
                send_two(ends.first.descriptor(), pipe.in.get());
            }
            drain();
            CHECK(tests::open_descriptors() == before);
        }
        CHECK(bf::await(bf::timeout(ends.second.recv_descriptors(buffer), 200us)).has_value() == false);
        send_two(ends.first.descriptor(), pipe.in.get());
        CHECK(bf::await(ends.second.recv_descriptors(buffer))->descriptors.size() == 2);
        CHECK(tests::open_descriptors() == before);
    });
}
