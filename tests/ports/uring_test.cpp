// What liburing's regression programs hold the kernel to, where a user of sockets and files sees it: test/accept.c,
// accept-reuse.c, across-fork.c, cq-overflow.c, io-cancel.c, read-write.c, recv-multishot.c, shutdown.c, short-read.c,
// socket-rw-eagain.c, timeout.c and others. They hold over epoll as well.
#include "connections.hpp"
#include "descriptors.hpp"
#include "io/scratch_directory.hpp"

#include <string>
#include <vector>

using namespace ports;
using tests::bytes_of;
using tests::text_of;

PORT_OF_IO("liburing accept: accepts that are asked for before the connections come get one each") {
    auto listener = bf::tcp_listener::bind("127.0.0.1:0").value();
    auto accepts = go(
        [](bf::tcp_listener& of) -> task_of<int> {
            int got = 0;
            for (int n = 0; n < 8; ++n) {
                const auto one = AWAIT(of.accept());
                got += one.has_value() ? 1 : 0;
            }
            RETURN got;
        },
        std::ref(listener));
    std::vector<bf::tcp_stream> all;
    for (int n = 0; n < 8; ++n) {
        auto one = AWAIT(bf::tcp_stream::connect(address_of(listener)));
        all.push_back(std::move(one.value()));
    }
    const int got = AWAIT(accepts);
    CHECK(got == 8);
    RETURN;
}

PORT_OF_IO("liburing accept test_accept_cancel: a cancelled accept leaks no descriptor") {
    auto listener = bf::tcp_listener::bind("127.0.0.1:0").value();
    {
        auto warm = AWAIT(bf::tcp_stream::connect(address_of(listener)));
        auto far = AWAIT(listener.accept());
        (void)AWAIT(bf::timeout(listener.accept(), 1ms));
    }
    const auto before = tests::open_descriptors();
    for (int n = 0; n < 30; ++n) {
        auto waits = go(
            [](bf::tcp_listener& of) -> task_of<> {
                (void)AWAIT(of.accept());
                RETURN;
            },
            std::ref(listener));
        AWAIT(bf::yield_now());
        waits.cancel();
        (void)AWAIT(std::move(waits).outcome());
    }
    CHECK(tests::open_descriptors() == before);
    RETURN;
}

PORT_OF_IO("liburing io-cancel: a read that is cancelled takes no byte that comes later") {
    auto ends = CALL(connected());
    for (int n = 0; n < 20; ++n) {
        std::array<std::byte, 8> buffer{};
        auto reads = go(
            [](bf::tcp_stream& from, std::span<std::byte> into) -> task_of<> {
                (void)AWAIT(from.read(into));
                RETURN;
            },
            std::ref(ends.far), std::span<std::byte>{buffer});
        AWAIT(bf::yield_now());
        reads.cancel();
        (void)AWAIT(std::move(reads).outcome());
        (void)AWAIT(ends.near.write_all(bytes_of("x")));
        const auto got = AWAIT(ends.far.read(buffer));
        CHECK(got.value() == 1);
    }
    RETURN;
}

PORT_OF_IO("liburing cancel-race: cancelled as bytes arrive, no byte is in both outcomes or in none") {
    auto ends = CALL(connected());
    std::size_t sent = 0;
    std::size_t seen = 0;
    bf::receive_stream all = ends.far.receive_all();  // Whose waits lose nothing when they are given up.
    for (int n = 0; n < 100; ++n) {
        const auto write = AWAIT(ends.near.write_all(bytes_of("x")));
        sent += write.value();
        const auto first = AWAIT(bf::race(all.next(), bf::yield_now()));
        if (first.index() == 0) seen += std::get<0>(first.value()).value().size();
    }
    CHECK(seen <= sent);
    CHECK(ends.near.shutdown_write().has_value());
    for (std::size_t got = 1; got != 0; seen += got) {
        const auto rest = AWAIT(all.next());
        got = rest.value().size();
    }
    CHECK(seen == sent);
    RETURN;
}

PORT_OF_IO("liburing shutdown: a read that waits ends when the peer ends its side") {
    auto ends = CALL(connected());
    auto reads = go(
        [](bf::tcp_stream& from) -> task_of<std::size_t> {
            std::array<std::byte, 8> buffer{};
            const auto got = AWAIT(from.read(buffer));
            RETURN got.value_or(99);
        },
        std::ref(ends.far));
    AWAIT(bf::yield_now());
    CHECK(ends.near.shutdown_write().has_value());
    const std::size_t got = AWAIT(reads);
    CHECK(got == 0);
    RETURN;
}

PORT_OF_IO("liburing recv-multishot: one receive after another gives all bytes in order, to the end") {
    auto ends = CALL(connected());
    auto sender = go(
        [](bf::tcp_stream& to) -> task_of<> {
            for (int n = 0; n < 200; ++n) {
                const std::string text = std::to_string(n) + ",";
                (void)AWAIT(to.write_all(bytes_of(text)));
            }
            (void)to.shutdown_write();
            RETURN;
        },
        std::ref(ends.near));
    auto receives = ends.far.receive_all();
    std::string all;
    for (;;) {
        const auto got = AWAIT(receives.next());
        if (!got || got->empty()) break;
        all += text_of(got->bytes());
    }
    AWAIT(sender);
    std::string expected;
    for (int n = 0; n < 200; ++n) expected += std::to_string(n) + ",";
    CHECK(all == expected);
    RETURN;
}

PORT_OF_IO("liburing short-read, read-write: reads across the end of a file give what there is") {
    const tests::scratch_directory scratch;
    const std::string path = scratch.with_file("file", std::string(5'000, 'a'));
    auto opened = AWAIT(bf::file::open(path));
    std::vector<std::byte> buffer(8'192);
    const auto some = AWAIT(opened->read_at(buffer, 4'096));
    CHECK(some.value() == 904);
    const auto whole = AWAIT(opened->read_exact_at(buffer, 0));
    CHECK_FALSE(whole.has_value());
    RETURN;
}

PORT_OF_IO("liburing file-verify: blocks written at scattered offsets are read back as they were") {
    const tests::scratch_directory scratch;
    bf::open_options how;
    how.write = true;
    how.create = true;
    auto opened = AWAIT(bf::file::open(scratch / "file", how));
    for (std::uint64_t n = 0; n < 16; ++n) {
        const std::string block(1'000, static_cast<char>('a' + n));
        const auto wrote = AWAIT(opened->write_all_at(bytes_of(block), ((n * 7) % 16) * 1'000));
        CHECK(wrote.has_value());
    }
    std::array<std::byte, 1'000> buffer{};
    for (std::uint64_t n = 0; n < 16; ++n) {
        (void)AWAIT(opened->read_exact_at(buffer, ((n * 7) % 16) * 1'000));
        CHECK(text_of(buffer) == std::string(1'000, static_cast<char>('a' + n)));
    }
    RETURN;
}

PORT_OF_IO("liburing fsync, fallocate's sibling: a file that is synced has its size") {
    const tests::scratch_directory scratch;
    auto made = AWAIT(bf::file::create(scratch / "file"));
    (void)AWAIT(made->write_all_at(bytes_of("abc"), 100));
    const auto synced = AWAIT(made->sync());
    CHECK(synced.has_value());
    const auto size = AWAIT(made->size());
    CHECK(size.value() == 103);
    RETURN;
}

PORT_OF_IO("liburing timeout, timeout-overflow: limits on operations that never end, near and far") {
    auto ends = CALL(connected());
    std::array<std::byte, 8> buffer{};
    const auto near = AWAIT(bf::timeout(ends.far.read(buffer), 2ms));
    CHECK_FALSE(near.has_value());
    (void)AWAIT(ends.near.write_all(bytes_of("x")));
    const auto far = AWAIT(bf::timeout(ends.far.read(buffer), std::chrono::hours::max()));
    CHECK((far.has_value() && far->value() == 1));
    RETURN;
}

PORT_OF_IO("liburing cq-overflow, ring-overflow: more operations at a time than a ring has room for all end") {
    std::vector<bf::join_handle<bool>> all;
    for (int n = 0; n < 300; ++n)
        all.push_back(go([]() -> task_of<bool> {
            auto pipe = bf::make_pipe();
            if (!pipe) RETURN false;
            auto reads = go(
                [](bf::pipe_reader from) -> task_of<bool> {
                    std::array<std::byte, 1> buffer{};
                    const auto got = AWAIT(from.read(buffer));
                    RETURN got == std::size_t{1};
                },
                std::move(pipe->first));
            AWAIT(bf::yield_now());
            (void)AWAIT(pipe->second.write_all(bytes_of("x")));
            const bool right = AWAIT(reads);
            RETURN right;
        }));
    int right = 0;
    for (auto& one : all) right += AWAIT(one) ? 1 : 0;
    CHECK(right == 300);
    RETURN;
}

PORT_OF_IO("liburing splice: bytes pass from socket to pipe without being read") {
    auto ends = CALL(connected());
    auto pipe = bf::make_pipe().value();
    (void)AWAIT(ends.near.write_all(bytes_of("through the kernel")));
    const auto moved = AWAIT(bf::splice(ends.far, pipe.second, 18));
    CHECK(moved.has_value());
    std::array<std::byte, 18> got{};
    (void)AWAIT(pipe.first.read_exact(got));
    CHECK(text_of(got) == "through the kernel");
    RETURN;
}

PORT_OF_IO("liburing openat2, unlink, rename, mkdir, symlink: the calls on paths answer as the system's") {
    const tests::scratch_directory scratch;
    const auto made = AWAIT(bf::create_directories(scratch / "a/b/c"));
    CHECK(made.has_value());
    const auto there = AWAIT(bf::exists(scratch / "a/b/c"));
    CHECK(there.value());
    const auto removed = AWAIT(bf::remove_directory(scratch / "a/b/c"));
    CHECK(removed.has_value());
    const auto gone = AWAIT(bf::exists(scratch / "a/b/c"));
    CHECK_FALSE(gone.value());
    RETURN;
}

PORT_OF_IO("liburing connect, connect-rep: a second connect to the same listener is another connection") {
    auto listener = bf::tcp_listener::bind("127.0.0.1:0").value();
    auto one = AWAIT(bf::tcp_stream::connect(address_of(listener)));
    auto two = AWAIT(bf::tcp_stream::connect(address_of(listener)));
    CHECK_FALSE(one->local_address().value() == two->local_address().value());
    RETURN;
}

PORT_OF_IO("liburing send_recv, send-zerocopy's plain part: large sends and small receives add up") {
    auto ends = CALL(connected());
    auto sender = go(
        [](bf::tcp_stream& to) -> task_of<> {
            const std::vector<std::byte> much(500'000);
            (void)AWAIT(to.write_all(much));
            (void)to.shutdown_write();
            RETURN;
        },
        std::ref(ends.near));
    const std::string all = CALL(read_all(ends.far));
    CHECK(all.size() == 500'000);
    AWAIT(sender);
    RETURN;
}

PORT_OF_IO("liburing poll, poll-mshot-race: a watch of another's descriptor is told") {
    auto pipe = bf::make_pipe().value();
    auto one = bf::watched_descriptor::duplicate(pipe.first.descriptor()).value();
    auto waits = go(
        [](bf::watched_descriptor& of) -> task_of<bool> {
            const auto ready = AWAIT(of.readable());
            RETURN ready.has_value();
        },
        std::ref(one));
    (void)AWAIT(pipe.second.write_all(bytes_of("x")));
    const bool ready = AWAIT(waits);
    CHECK(ready);
    RETURN;
}
