// Waits for the readiness of descriptors whose calls others make, over whichever driver BIFILAR_DRIVER names. What may
// happen to one wait is in the matrix (io_matrix_socket_test.cpp), whose descriptor it is in watched_number_test.cpp.
#include "io/scratch_directory.hpp"
#include "io/watched_ends.hpp"

#include <algorithm>
#include <functional>
#include <string>
#include <sys/inotify.h>
#include <sys/timerfd.h>
#include <thread>

namespace bf = bifilar;
using namespace std::chrono_literals;
using tests::add_one;
using tests::begin_wait;
using tests::ends_well;
using tests::local_ends;
using tests::open_eventfd;
using tests::take;
using tests::waits;
using tests::watch;

TEST_CASE("readiness_is_a_level_in_each_model") {
    both::in_each_model([](both::model m, bf::runtime& rt) {
        bf::watched_descriptor watched = watch(open_eventfd());
        const int descriptor = watched.descriptor();
        CHECK(both::await_in(m, rt, [&] { return watched.writable(); }));
        for (int round = 0; round < 3; ++round) {
            const auto waiting = both::await_in(m, rt, [&] { return bf::timeout(watched.readable(), 200us); });
            CHECK_FALSE(waiting.has_value());
            add_one(descriptor);
            CHECK(both::await_in(m, rt, [&] { return watched.readable(); }));
            CHECK(both::await_in(m, rt, [&] { return watched.readable(); }));  // Nobody has read it.
            CHECK(take(descriptor) == 1);
        }
        add_one(descriptor);
        CHECK(take(descriptor) == 1);  // Before anybody asked: what was there once does not count.
        const auto waiting = both::await_in(m, rt, [&] { return bf::timeout(watched.readable(), 200us); });
        CHECK_FALSE(waiting.has_value());
    });
}

TEST_CASE("no_wake_is_lost_between_a_reader_and_a_writer_on_another_thread") {
    static constexpr std::uint64_t total = 20'000;
    // With EFD_SEMAPHORE a read takes one of what is there, and the rest makes no new event.
    for (const int flags : {0, static_cast<int>(EFD_SEMAPHORE)})
        both::in_each_model([flags](both::model m, bf::runtime& rt) {
            bf::watched_descriptor watched = watch(open_eventfd(flags));
            std::thread writer{[descriptor = watched.descriptor()] {
                const std::uint64_t one = 1;
                for (std::uint64_t n = 0; n < total; ++n) (void)!::write(descriptor, &one, sizeof one);
            }};
            std::uint64_t taken = 0;
            const auto read_all = [&]() -> bf::task<std::uint64_t> {
                while (taken < total) {
                    const auto ready = co_await watched.readable();
                    if (!ready) break;
                    taken += take(watched.descriptor());
                }
                co_return taken;
            };
            const auto read_all_plainly = [&] {
                while (taken < total && bf::await(watched.readable())) taken += take(watched.descriptor());
                return taken;
            };
            if (m == both::model::coroutine) CHECK(rt.spawn(read_all).join() == total);
            if (m == both::model::fiber) CHECK(rt.spawn(bf::backend::stackful, read_all_plainly).join() == total);
            if (m == both::model::thread) CHECK(read_all_plainly() == total);
            writer.join();
        });
}

TEST_CASE("one_task_waits_for_readability_and_one_for_writability") {
    tests::on_one_worker([](bf::backend on) {
        local_ends ends;
        ends.fill_near();
        bf::watched_descriptor watched = watch(std::move(ends.near));
        auto readable = begin_wait(on, watched.readable());
        auto writable = begin_wait(on, watched.writable());
        tests::let_others_park();
        CHECK_FALSE(readable.done());
        CHECK_FALSE(writable.done());
        const bf::io_result<void> third = bf::await(begin_wait(on, watched.writable()));
        CHECK(third.error() == std::errc::device_or_resource_busy);
        ends.drain_far();
        CHECK(ends_well(std::move(writable)));
        tests::let_others_park();
        CHECK_FALSE(readable.done());
        ends.send_from_far();
        CHECK(ends_well(std::move(readable)));
    });
}

TEST_CASE("a_half_close_wakes_readers_and_a_hang_up_writers_too") {
    tests::on_one_worker([](bf::backend on) {
        local_ends ends;
        ends.fill_near();
        bf::watched_descriptor watched = watch(std::move(ends.near));
        auto readable = begin_wait(on, watched.readable());
        auto writable = begin_wait(on, watched.writable());
        tests::let_others_park();
        REQUIRE(::shutdown(ends.far.get(), SHUT_WR) == 0);
        CHECK(ends_well(std::move(readable)));
        CHECK(ends_well(begin_wait(on, watched.readable())));  // The end stays.
        tests::let_others_park();
        CHECK_FALSE(writable.done());
        ends.far.reset();
        CHECK(ends_well(std::move(writable)));
        CHECK(::send(watched.descriptor(), "x", 1, MSG_NOSIGNAL) == -1);
        CHECK(errno == EPIPE);
    });
}

TEST_CASE("an_error_of_the_descriptor_is_readiness_and_the_call_tells_it") {
    tests::on_one_worker([](bf::backend on) {
        tests::stream_pair pair = bf::await(tests::tcp_pair());
        bf::watched_descriptor watched = bf::watched_descriptor::duplicate(pair.near.descriptor()).value();
        auto readable = begin_wait(on, watched.readable());
        tests::let_others_park();
        CHECK_FALSE(readable.done());
        const linger at_once{1, 0};
        REQUIRE(::setsockopt(pair.far.descriptor(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) == 0);
        pair.far.close();
        CHECK(ends_well(std::move(readable)));
        char byte = 0;
        CHECK(::recv(watched.descriptor(), &byte, 1, MSG_DONTWAIT) == -1);
        CHECK(errno == ECONNRESET);
    });
}

TEST_CASE("what_the_kernel_cannot_wait_for_is_ready_at_once") {
    both::in_each_model([](both::model m, bf::runtime& rt) {
        const tests::scratch_directory directory;
        const std::string path = directory / "file";
        for (const auto& opened : {std::pair{path, O_RDWR | O_CREAT}, std::pair{directory.path(), O_RDONLY}}) {
            bf::owned_descriptor own{::open(opened.first.c_str(), opened.second | O_CLOEXEC, 0600)};
            REQUIRE(own);
            bf::watched_descriptor watched = watch(std::move(own));
            for (int round = 0; round < 3; ++round) {
                CHECK(both::await_in(m, rt, [&] { return watched.readable(); }));
                CHECK(both::await_in(m, rt, [&] { return watched.writable(); }));
            }
        }
    });
}

TEST_CASE("timers_and_watches_of_files_are_waited_for") {
    tests::on_one_worker([](bf::backend on) {
        bf::watched_descriptor timer =
            watch(bf::owned_descriptor{::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)});
        CHECK(waits(timer.readable()));
        const itimerspec soon{{}, {0, 1'000'000}};
        REQUIRE(::timerfd_settime(timer.descriptor(), 0, &soon, nullptr) == 0);
        CHECK(ends_well(begin_wait(on, timer.readable())));
        CHECK(take(timer.descriptor()) == 1);
        CHECK(waits(timer.readable()));

        const tests::scratch_directory directory;
        bf::watched_descriptor changes = watch(bf::owned_descriptor{::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)});
        REQUIRE(::inotify_add_watch(changes.descriptor(), directory.path().c_str(), IN_CREATE) >= 0);
        auto changed = begin_wait(on, changes.readable());
        tests::let_others_park();
        CHECK_FALSE(changed.done());
        const std::string path = directory / "new";
        const bf::owned_descriptor made{::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600)};
        CHECK(ends_well(std::move(changed)));
    });
}

namespace {

/// A client in the manner of libpq's connections: it has its own socket, never waits, and says what to wait for before
/// it is to be called again.
class c_library {
public:
    enum class wants { read, write, nothing };
    static constexpr std::size_t bytes = 1'000'000;

    explicit c_library(bf::owned_descriptor socket) : socket_{std::move(socket)} {}
    [[nodiscard]] int socket() const { return socket_.get(); }
    [[nodiscard]] std::size_t received() const { return received_; }
    /// Sends what the kernel takes of a request, then receives what there is of an answer; closes at its end.
    wants advance() {
        while (sent_ < bytes) {
            const ssize_t n = ::send(socket(), room_.data(), std::min(bytes - sent_, room_.size()), MSG_NOSIGNAL);
            if (n < 0) return wants::write;
            sent_ += static_cast<std::size_t>(n);
        }
        while (received_ < bytes) {
            const ssize_t n = ::recv(socket(), room_.data(), room_.size(), 0);
            if (n < 0) return wants::read;
            received_ += static_cast<std::size_t>(n);
        }
        socket_.reset();
        return wants::nothing;
    }

private:
    bf::owned_descriptor socket_;
    std::array<char, 4'096> room_{};
    std::size_t sent_ = 0;
    std::size_t received_ = 0;
};

bf::task<std::size_t> drive(c_library& library) {
    bf::watched_descriptor watched = bf::watched_descriptor::duplicate(library.socket()).value();
    for (auto next = library.advance(); next != c_library::wants::nothing; next = library.advance()) {
        const auto ready = co_await (next == c_library::wants::read ? watched.readable() : watched.writable());
        if (!ready) break;
    }
    co_return library.received();
}

std::size_t drive_plainly(c_library& library) {
    bf::watched_descriptor watched = bf::watched_descriptor::duplicate(library.socket()).value();
    for (auto next = library.advance(); next != c_library::wants::nothing; next = library.advance())
        if (!bf::await(next == c_library::wants::read ? watched.readable() : watched.writable())) break;
    return library.received();
}

/// Takes a whole request before it answers.
bf::task<> answer(bf::tcp_stream peer) {
    std::vector<std::byte> request(c_library::bytes);
    const auto got = co_await peer.read_exact(request);
    if (got) (void)co_await peer.write_all(request);
}

}  // namespace

TEST_CASE("a_librarys_own_calls_are_made_when_they_need_not_wait") {
    both::in_each_model([](both::model m, bf::runtime& rt) {
        local_ends ends;
        auto server = rt.spawn(answer, bf::tcp_stream{ends.far.release()});
        c_library library{std::move(ends.near)};
        if (m == both::model::coroutine) CHECK(rt.spawn(drive, std::ref(library)).join() == c_library::bytes);
        if (m == both::model::fiber)
            CHECK(rt.spawn(bf::backend::stackful, drive_plainly, std::ref(library)).join() == c_library::bytes);
        if (m == both::model::thread) CHECK(drive_plainly(library) == c_library::bytes);
        server.join();
    });
}
