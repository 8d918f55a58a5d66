// What a system does to a program: signals that interrupt every call, no descriptors left, numbers used again, calls
// that fail or do nothing, flags that another program sets.
#include "descriptors.hpp"
#include "drivers/answered_calls.hpp"
#include "io/processor_time.hpp"
#include "io/scratch_directory.hpp"
#include "io/stream_scene.hpp"
#include "resource_limits.hpp"
#include "uninterrupted.hpp"
#include <bifilar/base/detail/sanitizer.hpp>
#include <bifilar/drivers/contract/detail/driver.hpp>
#include <bifilar/io/files/file_system.hpp>
#include <bifilar/io/net/datagram_futures.hpp>
#include <bifilar/io/net/detail/socket_option.hpp>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <fcntl.h>
#include <string>
#include <sys/syscall.h>
#include <system_error>
#include <thread>
#include <vector>

namespace bf = bifilar;
using namespace std::chrono_literals;

namespace {

/// Ten thousand signals a second to whichever thread is at hand, which do nothing but interrupt system calls.
class signal_storm {
public:
    signal_storm() {
        struct sigaction action {};
        action.sa_handler = [](int) {};
        REQUIRE(::sigaction(SIGUSR2, &action, &before_) == 0);
        sigevent how{};
        how.sigev_notify = SIGEV_SIGNAL;
        how.sigev_signo = SIGUSR2;
        REQUIRE(::timer_create(CLOCK_MONOTONIC, &how, &timer_) == 0);
        const itimerspec often{{0, 100'000}, {0, 100'000}};
        REQUIRE(::timer_settime(timer_, 0, &often, nullptr) == 0);
    }
    signal_storm(const signal_storm&) = delete;
    signal_storm& operator=(const signal_storm&) = delete;
    ~signal_storm() {
        ::timer_delete(timer_);
        ::sigaction(SIGUSR2, &before_, nullptr);
    }

private:
    timer_t timer_{};
    struct sigaction before_ {};
};

bf::task<> echo(bf::tcp_stream stream) {
    std::array<std::byte, 4096> buffer;
    while (const std::size_t count = (co_await stream.read(buffer)).value_or(0))
        (void)co_await stream.write_all(std::span{buffer}.first(count));
}

bf::task<int> exchanges(bf::socket_address to, int count) {
    auto stream = (co_await bf::tcp_stream::connect(to)).value();
    int good = 0;
    std::vector<std::byte> sent(3'000);
    std::vector<std::byte> back(sent.size());
    for (int n = 0; n < count; ++n) {
        std::fill(sent.begin(), sent.end(), static_cast<std::byte>(n));
        const auto wrote = co_await stream.write_all(sent);
        const auto got = co_await stream.read_exact(back);
        if (wrote && got && back == sent) ++good;
        if (n % 16 == 0) co_await bf::sleep_for(100us);
    }
    co_return good;
}

class bare_client {
public:
    bare_client() : descriptor_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} { REQUIRE(descriptor_ >= 0); }
    bare_client(const bare_client&) = delete;
    bare_client& operator=(const bare_client&) = delete;
    ~bare_client() { ::close(descriptor_); }
    void connect(const bf::socket_address& to) const { REQUIRE(tests::connect_uninterrupted(descriptor_, to) == 0); }

private:
    int descriptor_;
};

void set_nonblocking(int descriptor) { (void)::fcntl(descriptor, F_SETFL, ::fcntl(descriptor, F_GETFL) | O_NONBLOCK); }

}  // namespace

TEST_CASE("an_echo_survives_ten_thousand_signals_a_second") {
    const signal_storm storm;
    for (const bf::backend on : tests::both_backends) {
        bf::runtime rt{both::small_runtime(2)};
        const int good = rt.run(
            [](bf::backend model) -> bf::task<int> {
                auto listener = bf::tcp_listener::bind("127.0.0.1:0").value();
                const auto to = listener.local_address().value();
                std::vector<bf::join_handle<int>> clients;
                for (int n = 0; n < 8; ++n) clients.push_back(bf::spawn(model, exchanges, to, 64));
                for (int n = 0; n < 8; ++n) {
                    auto stream = co_await listener.accept();
                    bf::spawn(model, echo, std::move(stream.value())).detach();
                }
                int sum = 0;
                for (auto& one : clients) sum += co_await one;
                co_return sum;
            },
            on);
        CHECK(good == 8 * 64);
    }
}

TEST_CASE("accept_without_descriptors_fails_as_a_value_and_recovers") {
    for (const bf::backend on : tests::both_backends) {
        bf::runtime rt{both::small_runtime(1)};
        rt.run(
            [](bf::backend model) {
                auto listener = bf::tcp_listener::bind("127.0.0.1:0").value();
                const auto to = listener.local_address().value();
                struct body {
                    static bf::task<int> accept(bf::tcp_listener& at) {
                        const auto stream = co_await at.accept();
                        co_return stream ? 0 : stream.error().value();
                    }
                };
                (void)bf::await(bf::timeout(listener.accept(), 1ms));  // What a driver opens for itself is open now.
                std::array<bare_client, 2> clients;
                {
                    auto waiting = bf::spawn(model, body::accept, std::ref(listener));
                    tests::let_others_park();
                    const tests::no_descriptors_left now;
                    clients[0].connect(to);
                    CHECK(bf::await(std::move(waiting)) == EMFILE);
                    for (int n = 0; n < 3; ++n)
                        CHECK(bf::await(bf::spawn(model, body::accept, std::ref(listener))) == EMFILE);
                }
                clients[1].connect(to);
                for (int n = 0; n < 2; ++n) CHECK(bf::await(bf::spawn(model, body::accept, std::ref(listener))) == 0);
                CHECK_FALSE(bf::await(bf::timeout(listener.accept(), 1ms)).has_value());
            },
            on);
    }
}

// A thread that is no worker makes a driver, of two descriptors, only when it has to wait.
TEST_CASE("a_plain_thread_without_descriptors_does_what_needs_no_wait") {
    tests::stream_pair pair;
    std::thread{[&pair] {
        std::array<std::byte, 4> into{};
        const tests::no_descriptors_left now;
        CHECK(bf::block_on(pair.near.write_all(tests::bytes_of("four"))).value() == 4);
        CHECK(bf::block_on(pair.far.read_exact(into)).value() == 4);
        CHECK_THROWS_AS(bf::block_on(pair.far.read(into)), std::system_error);
    }}.join();
    CHECK(::send(pair.near.descriptor(), "more", 4, 0) == 4);
    std::array<std::byte, 4> into{};
    CHECK(bf::block_on(pair.far.read_exact(into)).value() == 4);
}

// A cancelled operation on a descriptor that is closed must not take what comes for the next owner of its number.
TEST_CASE("a_number_that_is_used_again_belongs_to_its_new_owner") {
    for (const bf::backend on : tests::both_backends) {
        bf::runtime rt{both::small_runtime(1)};
        rt.run(
            [](bf::backend model) {
                struct body {
                    static bf::task<std::size_t> read(bf::tcp_stream& from) {
                        std::array<std::byte, 8> buffer{};
                        const auto got = co_await from.read(buffer);
                        co_return got.value_or(99);
                    }
                };
                tests::bare_stream_pair other;
                auto elsewhere = bf::spawn(model, body::read, std::ref(other.near));
                for (int round = 0; round < 50; ++round) {
                    int number = -1;
                    {
                        tests::bare_stream_pair old;
                        number = old.near.descriptor();
                        auto reading = bf::spawn(model, body::read, std::ref(old.near));
                        bf::this_fiber::yield();
                        bf::this_fiber::yield();
                        reading.cancel();
                        (void)bf::await(reading.outcome());
                    }
                    tests::bare_stream_pair next;
                    CHECK(next.near.descriptor() == number);
                    auto reading = bf::spawn(model, body::read, std::ref(next.near));
                    if (round % 2 == 0) bf::this_fiber::yield();
                    REQUIRE(::send(next.far, "!", 1, 0) == 1);
                    CHECK(bf::await(std::move(reading)) == 1);
                }
                REQUIRE(::send(other.far, "!", 1, 0) == 1);
                CHECK(bf::await(std::move(elsewhere)) == 1);
            },
            on);
    }
}

TEST_CASE("an_epoll_instance_that_can_watch_nothing_is_refused_with_the_remedy") {
    const std::size_t before = tests::open_descriptors();
    std::string told;
    int code = 0;
    const bool ran = tests::with_answered_call(SYS_epoll_ctl, ENOSPC, [&] {
        try {
            (void)bf::drivers::make_driver(bf::driver_kind::epoll);
        } catch (const std::system_error& error) {
            told = error.what();
            code = error.code().value();
        }
    });
    if (!ran) return;
    CHECK(code == ENOSPC);
    CHECK(told.find("fs.epoll.max_user_watches") != std::string::npos);
    CHECK(tests::open_descriptors() == before);
}

TEST_CASE("a_file_that_takes_no_bytes_is_full") {
    const tests::scratch_directory here;
    const std::string text(10'000, 'x');
    std::array<int, 3> codes{};
    const bool ran = tests::with_answered_call(SYS_pwrite64, 0, [&] {
        codes[0] = bf::await(bf::write_file(here / "whole", tests::bytes_of(text))).error().value();
        codes[1] = bf::await(bf::write_file_atomically(here / "replaced", tests::bytes_of(text))).error().value();
        // The kernel does not copy this one by itself.
        codes[2] = bf::await(bf::copy_file("/proc/self/status", here / "copy")).error().value();
    });
    if (!ran) return;
    CHECK(codes == std::array{ENOSPC, ENOSPC, ENOSPC});
}

// Another program that has the socket as well may make it non-blocking, and kernels differ in what a ring answers then.
// MSG_DONTWAIT has the same answer from all of them.
TEST_CASE("a_receive_that_a_ring_does_not_wait_for_costs_no_processor_time") {
    if (!tests::sleeps_are_undisturbed()) return;
    enum class unwaited { before, meanwhile, by_flag };
    for (const unwaited how : {unwaited::before, unwaited::meanwhile, unwaited::by_flag}) {
        INFO("how: " << static_cast<int>(how));
        const auto ends = tests::local_stream();
        const bf::owned_descriptor far{ends[1]};
        const auto near = bf::drivers::make_source(bf::owned_descriptor{ends[0]});
        if (how == unwaited::before) set_nonblocking(ends[0]);
        std::thread sender{[&] {
            std::this_thread::sleep_for(50ms);
            if (how == unwaited::meanwhile) set_nonblocking(ends[0]);
            std::this_thread::sleep_for(150ms);
            (void)::send(far.get(), "late", 4, 0);
        }};
        std::array<std::byte, 8> buffer{};
        const auto before = tests::processor_time(CLOCK_THREAD_CPUTIME_ID);
        const auto got =
            bf::await(bf::datagram_receive_future{*near, buffer, bf::datagram_receive_future::sender::untold,
                                                  how == unwaited::by_flag ? static_cast<int>(MSG_DONTWAIT) : 0});
        const auto used = tests::processor_time(CLOCK_THREAD_CPUTIME_ID) - before;
        sender.join();
        CHECK(got.value().bytes == 4);
        CHECK(used < 20ms);
    }
}

TEST_CASE("an_accept_from_a_listener_that_became_non_blocking_costs_no_processor_time") {
    if (!tests::sleeps_are_undisturbed()) return;
    auto listener = bf::tcp_listener::bind("127.0.0.1:0").value();
    const auto to = listener.local_address().value();
    set_nonblocking(listener.descriptor());
    const bare_client client;
    std::thread connects{[&] {
        std::this_thread::sleep_for(150ms);
        client.connect(to);
    }};
    const auto before = tests::processor_time(CLOCK_THREAD_CPUTIME_ID);
    const auto stream = bf::await(listener.accept());
    const auto used = tests::processor_time(CLOCK_THREAD_CPUTIME_ID) - before;
    connects.join();
    CHECK(stream.has_value());
    CHECK(used < 20ms);
}

// A listener whose queue is full ignores who comes next. Once it is closed, the kernel's second attempt, a second after
// the first, is refused, at any moment between the looks of whoever waits.
TEST_CASE("a_refusal_between_two_looks_is_no_connection") {
    const bf::owned_descriptor listener{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    const auto anywhere = bf::socket_address::parse("127.0.0.1:0").value();
    REQUIRE(::bind(listener.get(), anywhere.data(), anywhere.size()) == 0);
    REQUIRE(::listen(listener.get(), 0) == 0);
    const auto to = bf::socket_address::local(listener.get()).value();
    const bare_client fills_the_queue;
    fills_the_queue.connect(to);
    const auto source = bf::drivers::make_source(
        bf::owned_descriptor{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)});
    REQUIRE(::connect(source->descriptor(), to.data(), to.size()) == -1);
    REQUIRE(errno == EINPROGRESS);
    ::shutdown(listener.get(), SHUT_RDWR);
    const bf::drivers::op connecting{bf::op_kind::connect, *source};
    const auto limit = std::chrono::steady_clock::now() + 20s;
    int result = -EAGAIN;
    while (result == -EAGAIN && std::chrono::steady_clock::now() < limit)
        for (int n = 0; n < 1'000 && result == -EAGAIN; ++n) result = bf::drivers::try_now(connecting);
    CHECK(result == -ECONNREFUSED);
}
