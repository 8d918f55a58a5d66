// Unix sockets over whichever driver BIFILAR_DRIVER names: paths and who removes them, streams, datagrams.
#include <bifilar/io/net/unix_datagram.hpp>
#include <bifilar/io/net/unix_listener.hpp>
#include "both/in_each_model.hpp"
#include "bytes.hpp"
#include "descriptors.hpp"
#include "io/passed_descriptors.hpp"
#include "io/scratch_directory.hpp"
#include "last_words.hpp"
#include "one_worker.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace bf = bifilar;
using both::await_in;
using both::in_each_model;
using both::model;
using tests::bytes_of;
using namespace std::chrono_literals;

namespace {

// A directory of its own, which has to be empty at the end.
class emptied_directory : public tests::scratch_directory {
public:
    ~emptied_directory() { CHECK(entries() == 0); }
};

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

// What a process leaves behind that ended without removing its socket.
void leave_behind(const std::string& path, int type) {
    const auto address = bf::socket_address::unix_path(path).value();
    const int descriptor = ::socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    REQUIRE(::bind(descriptor, address.data(), address.size()) == 0);
    ::close(descriptor);
    REQUIRE(exists(path));
}

bf::unix_bind_options replacing() {
    bf::unix_bind_options options;
    options.replace_stale = true;
    return options;
}

bf::unix_listener listen_at(const std::string& path, const bf::unix_bind_options& options = {}) {
    auto made = bf::unix_listener::bind(path, options);
    REQUIRE(made.has_value());
    return std::move(*made);
}

}  // namespace

TEST_CASE("unix_streams_connect_and_carry_bytes_both_ways") {
    const emptied_directory in;
    const auto name = bf::socket_address::unix_abstract("bifilar-test-" + std::to_string(::getpid())).value();
    in_each_model([&](model m, bf::runtime& rt) {
        for (const auto& address : {bf::socket_address::unix_path(in / "socket").value(), name}) {
            INFO(address.to_string());
            auto listener = bf::unix_listener::bind(address).value();
            CHECK(listener.local_address().value() == address);
            auto near = await_in(m, rt, [&] { return bf::unix_stream::connect(address); }).value();
            auto far = await_in(m, rt, [&] { return listener.accept(); }).value();
            CHECK(near.peer_address().value() == address);
            CHECK(far.peer_address()->to_string() == "unix:");
            CHECK(await_in(m, rt, [&] { return near.write_all(bytes_of("question")); }).value() == 8);
            std::array<std::byte, 8> buffer{};
            CHECK(await_in(m, rt, [&] { return far.read_exact(buffer); }).value() == 8);
            CHECK(far.shutdown_write().has_value());
            CHECK(await_in(m, rt, [&] { return near.read(buffer); }).value() == 0);
            for (const auto* const end : {&near, &far}) {
                const auto who = end->credentials().value();
                CHECK(who.process == ::getpid());
                CHECK(who.user == ::geteuid());
                CHECK(who.group == ::getegid());
            }
        }
    });
}

TEST_CASE("a_pair_is_connected") {
    in_each_model([](model m, bf::runtime& rt) {
        auto ends = bf::unix_stream::pair().value();
        std::array<std::byte, 8> buffer{};
        CHECK(await_in(m, rt, [&] { return ends.first.write(bytes_of("there")); }).value() == 5);
        CHECK(await_in(m, rt, [&] { return ends.second.read(buffer); }).value() == 5);
        ends.first.close();
        CHECK(await_in(m, rt, [&] { return ends.second.read(buffer); }).value() == 0);
        CHECK(await_in(m, rt, [&] { return ends.second.write(bytes_of("?")); }).error() == std::errc::broken_pipe);
    });
}

TEST_CASE("unix_connects_fail_with_the_systems_codes") {
    const emptied_directory in;
    const std::string stale = in / "stale";
    leave_behind(stale, SOCK_STREAM);
    auto datagram = bf::unix_datagram::bind(in / "datagram").value();
    in_each_model([&](model m, bf::runtime& rt) {
        const auto connect = [&](const std::string& path) {
            return await_in(m, rt, [&] { return bf::unix_stream::connect(path); }).error();
        };
        CHECK(connect(in / "missing") == std::errc::no_such_file_or_directory);
        CHECK(connect(stale) == std::errc::connection_refused);
        CHECK(connect(in / "datagram") == std::errc::wrong_protocol_type);
        CHECK(connect(std::string(108, 'x')) == std::errc::filename_too_long);
        CHECK(connect("") == std::errc::invalid_argument);
        const auto no_unix = await_in(m, rt, [] { return bf::unix_stream::connect(bf::socket_address::any_ipv4(1)); });
        CHECK(no_unix.error() == std::errc::address_family_not_supported);
        const auto no_ip = await_in(m, rt, [] { return bf::tcp_stream::connect(bf::socket_address::unix_unnamed()); });
        CHECK(no_ip.error() == std::errc::address_family_not_supported);
    });
    ::unlink(stale.c_str());
}

TEST_CASE("the_end_of_a_listener_removes_the_file_that_it_made_and_no_other") {
    const emptied_directory in;
    const std::string path = in / "socket";
    {
        auto listener = listen_at(path);
        auto moved = std::move(listener);
        CHECK(exists(path));
    }
    CHECK_FALSE(exists(path));
    {
        auto listener = listen_at(path);
        ::unlink(path.c_str());
        ::close(::open(path.c_str(), O_CREAT | O_CLOEXEC, 0600));  // Another's by now.
    }
    CHECK(exists(path));
    ::unlink(path.c_str());
    bf::unix_bind_options staying;
    staying.remove_at_end = false;
    {
        auto listener = listen_at(path, staying);
    }
    CHECK(exists(path));
    ::unlink(path.c_str());
    {
        auto first = listen_at(path);
        first = listen_at(in / "second");
        CHECK_FALSE(exists(path));
    }
    {
        auto datagram = bf::unix_datagram::bind(path).value();
        datagram.close();
        CHECK_FALSE(exists(path));
        datagram = bf::unix_datagram::bind(path).value();
        CHECK(exists(path));
    }
    CHECK_FALSE(exists(path));
}

TEST_CASE("only_what_nobody_has_is_replaced_and_only_when_asked") {
    const emptied_directory in;
    const std::string path = in / "socket";
    leave_behind(path, SOCK_STREAM);
    CHECK(bf::unix_listener::bind(path).error() == std::errc::address_in_use);
    {
        auto listener = listen_at(path, replacing());
        CHECK(bf::unix_listener::bind(path, replacing()).error() == std::errc::address_in_use);
        CHECK(bf::unix_datagram::bind(path, replacing()).error() == std::errc::address_in_use);
        CHECK(exists(path));
    }
    leave_behind(path, SOCK_DGRAM);
    CHECK(bf::unix_datagram::bind(path).error() == std::errc::address_in_use);
    {
        auto datagram = bf::unix_datagram::bind(path, replacing()).value();
        CHECK(bf::unix_datagram::bind(path, replacing()).error() == std::errc::address_in_use);
        CHECK(bf::unix_listener::bind(path, replacing()).error() == std::errc::address_in_use);
    }
    ::close(::open(path.c_str(), O_CREAT | O_CLOEXEC, 0600));
    CHECK(bf::unix_listener::bind(path, replacing()).error() == std::errc::address_in_use);
    CHECK(exists(path));
    ::unlink(path.c_str());
    CHECK(bf::unix_listener::bind(in / "no/such/folder").error() == std::errc::no_such_file_or_directory);
    CHECK(bf::unix_listener::bind(bf::socket_address::any_ipv4()).error() == std::errc::address_family_not_supported);
}

TEST_CASE("the_file_has_the_permissions_that_were_asked_for") {
    const emptied_directory in;
    bf::unix_bind_options closed;
    closed.mode = 0600;
    auto listener = listen_at(in / "socket", closed);
    struct stat file{};
    REQUIRE(::stat((in / "socket").c_str(), &file) == 0);
    CHECK((file.st_mode & 0777) == 0600);
}

// The kernel refuses further connections with EAGAIN, and tells no event when there is room again.
TEST_CASE("a_full_backlog_makes_connects_wait_until_there_is_room") {
    const emptied_directory in;
    const std::string path = in / "socket";
    tests::on_one_worker([&](bf::backend on) {
        bf::unix_bind_options narrow;
        narrow.backlog = 1;
        auto listener = listen_at(path, narrow);
        struct body {
            static bf::task<bool> coroutine(std::string to) {
                const auto made = co_await bf::unix_stream::connect(to);
                co_return made.has_value();
            }
            static bool fiber(std::string to) { return bf::await(bf::unix_stream::connect(to)).has_value(); }
        };
        std::vector<bf::join_handle<bool>> clients;
        for (int n = 0; n < 20; ++n)
            clients.push_back(on == bf::backend::stackless ? bf::spawn(on, body::coroutine, path)
                                                           : bf::spawn(on, body::fiber, path));
        tests::let_others_park();
        const auto connected =
            std::count_if(clients.begin(), clients.end(), [](auto& client) { return client.done(); });
        CHECK(connected < 20);
        auto given_up = bf::spawn(on, body::coroutine, path);
        tests::let_others_park();
        given_up.cancel();
        CHECK_FALSE(bf::await(given_up.outcome()).has_value());
        CHECK_FALSE(bf::await(bf::timeout(bf::unix_stream::connect(path), 300us)).has_value());
        for (int n = 0; n < 20; ++n) CHECK(bf::await(listener.accept()).has_value());
        for (auto& client : clients) CHECK(bf::await(std::move(client)));
    });
}

TEST_CASE("unix_datagrams_are_whole_and_name_their_sender") {
    const emptied_directory in;
    in_each_model([&](model m, bf::runtime& rt) {
        auto server = bf::unix_datagram::bind(in / "server").value();
        auto client = bf::unix_datagram::bind(in / "client").value();
        auto nameless = bf::unix_datagram::unbound().value();
        const auto to = server.local_address().value();
        std::array<std::byte, 8> buffer{};
        REQUIRE(await_in(m, rt, [&] { return client.send_to(bytes_of("from the client"), to); }).value() == 15);
        const auto cut = await_in(m, rt, [&] { return server.recv_from(buffer); }).value();
        CHECK(cut.bytes == 8);
        CHECK(cut.truncated);
        CHECK(cut.from.path() == in / "client");
        CHECK(await_in(m, rt, [&] { return server.send_to(bytes_of("back"), cut.from); }).value() == 4);
        CHECK(await_in(m, rt, [&] { return client.recv(buffer); })->bytes == 4);
        REQUIRE(nameless.connect(to).has_value());
        REQUIRE(await_in(m, rt, [&] { return nameless.send(bytes_of("")); }).value() == 0);
        const auto empty = await_in(m, rt, [&] { return server.peek_from(buffer); }).value();
        CHECK(empty.bytes == 0);
        CHECK(empty.from.to_string() == "unix:");
        bf::datagram_batch batch{4, 8};
        CHECK(await_in(m, rt, [&] { return server.recv_many(batch); }).value() == 1);
        CHECK(batch[0].address == bf::socket_address::unix_unnamed());
        const auto missing = bf::socket_address::unix_path(in / "missing").value();
        CHECK(await_in(m, rt, [&] { return client.send_to(bytes_of("?"), missing); }).error() ==
              std::errc::no_such_file_or_directory);
        server.close();
        CHECK(await_in(m, rt, [&] { return nameless.send(bytes_of("?")); }).error() == std::errc::connection_refused);
    });
}

TEST_CASE("a_pair_of_unix_datagrams_talks") {
    in_each_model([](model m, bf::runtime& rt) {
        auto ends = bf::unix_datagram::pair().value();
        std::array<std::byte, 8> buffer{};
        CHECK(await_in(m, rt, [&] { return ends.first.send(bytes_of("over")); }).value() == 4);
        CHECK(await_in(m, rt, [&] { return ends.second.recv(buffer); })->bytes == 4);
        const std::vector<std::byte> much(100'000'000);  // No kernel takes that in one datagram.
        CHECK(await_in(m, rt, [&] { return ends.first.send(much); }).error() == std::errc::message_size);
    });
}

// Nobody would close them.
TEST_CASE("descriptors_that_come_with_a_datagram_are_not_kept") {
    tests::on_one_worker([](bf::backend) {
        auto ends = bf::unix_datagram::pair().value();
        const bf::owned_descriptor passed{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
        const std::size_t before = tests::open_descriptors("/dev/null");
        std::array<std::byte, 8> buffer{};
        bf::datagram_batch batch{4, 8};
        const auto receive = [&](auto receiving, bool waits) {
            if (waits) {
                auto turn = bf::yield_now();
                (void)bf::await(bf::select(receiving, turn));
            }
            tests::send_past(ends.first.descriptor(), std::array{passed.get(), passed.get()});
            CHECK(bf::await(receiving).has_value());
            CHECK(tests::open_descriptors("/dev/null") == before);
        };
        for (const bool waits : {false, true}) {
            INFO("waits: " << waits);
            receive(ends.second.recv(buffer), waits);
            receive(ends.second.recv_from(buffer), waits);
            receive(ends.second.peek_from(buffer), waits);
            receive(ends.second.recv(buffer), false);  // What was peeked at; the next one stays.
            receive(ends.second.recv_many(batch), false);
            CHECK(batch.size() == 2);
            receive(ends.second.recv_many(batch), waits);
            CHECK(batch.size() == 1);
        }
    });
}

// To one of many by address the kernel tells no event; to the one that a socket is connected to it does.
TEST_CASE("a_full_queue_makes_senders_wait_and_loses_nothing") {
    constexpr int count = 300;
    const emptied_directory in;
    for (const bool connected : {false, true}) {
        INFO("connected: " << connected);
        tests::on_one_worker([&](bf::backend on) {
            auto server = bf::unix_datagram::bind(in / "server").value();
            auto client = bf::unix_datagram::unbound().value();
            const auto to = server.local_address().value();
            if (connected) REQUIRE(client.connect(to).has_value());
            struct body {
                static bf::task<> coroutine(bf::unix_datagram& from, bf::socket_address to, bool connected) {
                    for (int n = 0; n < count; ++n) {
                        const std::string text = std::to_string(n);
                        const std::span bytes = bytes_of(text);
                        bf::io_result<std::size_t> sent;
                        if (connected)
                            sent = co_await from.send(bytes);
                        else
                            sent = co_await from.send_to(bytes, to);
                        CHECK(sent.has_value());
                    }
                }
                static void fiber(bf::unix_datagram& from, bf::socket_address to, bool connected) {
                    for (int n = 0; n < count; ++n) {
                        const std::string text = std::to_string(n);
                        const std::span bytes = bytes_of(text);
                        const auto sent = connected ? bf::await(from.send(bytes)) : bf::await(from.send_to(bytes, to));
                        CHECK(sent.has_value());
                    }
                }
            };
            auto sender = on == bf::backend::stackless ? bf::spawn(on, body::coroutine, std::ref(client), to, connected)
                                                       : bf::spawn(on, body::fiber, std::ref(client), to, connected);
            tests::let_others_park();
            CHECK_FALSE(sender.done());
            std::array<std::byte, 8> buffer{};
            for (int n = 0; n < count; ++n) {
                const auto got = bf::await(server.recv(buffer)).value();
                CHECK(std::string{reinterpret_cast<const char*>(buffer.data()), got.bytes} == std::to_string(n));
            }
            bf::await(std::move(sender));

            auto given_up = on == bf::backend::stackless
                                ? bf::spawn(on, body::coroutine, std::ref(client), to, connected)
                                : bf::spawn(on, body::fiber, std::ref(client), to, connected);
            tests::let_others_park();
            given_up.cancel();
            CHECK_FALSE(bf::await(given_up.outcome()).has_value());
        });
    }
}

TEST_CASE("unix_accepts_that_end_early_leak_nothing") {
    const emptied_directory in;
    const std::string path = in / "socket";
    tests::on_one_worker([&](bf::backend on) {
        auto listener = listen_at(path);
        { auto opened_late = bf::await(bf::timeout(listener.accept(), 200us)); }
        const std::size_t before = tests::open_descriptors();
        struct body {
            static bf::task<> coroutine(bf::unix_listener& at) { (void)co_await at.accept(); }
            static void fiber(bf::unix_listener& at) { (void)bf::await(at.accept()); }
        };
        const auto begin = [&] {
            return on == bf::backend::stackless ? bf::spawn(on, body::coroutine, std::ref(listener))
                                                : bf::spawn(on, body::fiber, std::ref(listener));
        };
        for (const bool connect_first : {true, false}) {
            for (int round = 0; round < 20; ++round) {
                auto accepting = begin();
                tests::let_others_park();
                std::optional<bf::unix_stream> client;
                if (connect_first) client = bf::await(bf::unix_stream::connect(path)).value();
                accepting.cancel();
                (void)bf::await(accepting.outcome());
                if (connect_first) continue;
                client = bf::await(bf::unix_stream::connect(path)).value();
                CHECK(bf::await(listener.accept()).has_value());
            }
        }
        // What was connected and not accepted is in the listener; sources go with their driver's next look.
        while (tests::open_descriptors() > before) bf::await(bf::sleep_for(1ms));
    });
}

TEST_CASE("unix_misuse_ends_the_process_with_the_remedy") {
    tests::check_aborts("a unix_listener was used after it was moved from", [] {
        const auto name = bf::socket_address::unix_abstract("bifilar-moved-" + std::to_string(::getpid())).value();
        auto listener = bf::unix_listener::bind(name).value();
        const auto taken = std::move(listener);
        (void)listener.accept();
    });
}
