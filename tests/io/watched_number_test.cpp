// Whose a watched descriptor is: owners who close theirs, release it, or pass it on, and numbers that others have next.
#include "descriptors.hpp"
#include "io/watched_ends.hpp"
#include "last_words.hpp"

#include <atomic>
#include <memory>
#include <thread>

namespace bf = bifilar;
using tests::add_one;
using tests::begin_wait;
using tests::ends_well;
using tests::local_ends;
using tests::open_eventfd;
using tests::take;
using tests::waits;
using tests::watch;

TEST_CASE("a_descriptor_that_was_released_is_watched_anew") {
    tests::on_one_worker([](bf::backend on) {
        bf::watched_descriptor first = watch(open_eventfd());
        const int number = first.descriptor();
        CHECK(waits(first.readable()));
        bf::owned_descriptor back = first.release();
        CHECK(first.descriptor() == -1);
        REQUIRE(back.get() == number);
        bf::watched_descriptor second = watch(std::move(back));
        auto waiting = begin_wait(on, second.readable());
        tests::let_others_park();
        CHECK_FALSE(waiting.done());
        add_one(number);
        CHECK(ends_well(std::move(waiting)));
    });
}

// What a driver has read of an epoll instance by then tells of a descriptor that is no longer watched.
TEST_CASE("a_descriptor_is_released_while_its_events_are_on_their_way") {
    both::in_each_model([](both::model m, bf::runtime& rt) {
        bf::owned_descriptor own = open_eventfd();
        std::atomic<bool> stops{false};
        std::thread writer{[&stops, descriptor = own.get()] {
            const std::uint64_t one = 1;
            while (!stops) (void)!::write(descriptor, &one, sizeof one);
        }};
        for (int round = 0; round < 100; ++round) {
            bf::watched_descriptor watched = watch(std::move(own));
            CHECK(both::await_in(m, rt, [&] { return watched.readable(); }));
            (void)take(watched.descriptor());
            CHECK(both::await_in(m, rt, [&] { return watched.readable(); }));
            own = watched.release();
        }
        stops = true;
        writer.join();
    });
}

TEST_CASE("another_descriptor_with_the_number_of_one_that_was_closed_is_watched") {
    tests::on_one_worker([](bf::backend on) {
        const bf::owned_descriptor other = open_eventfd();
        bf::watched_descriptor watched = watch(open_eventfd());
        const int number = watched.descriptor();
        add_one(number);
        CHECK(ends_well(begin_wait(on, watched.readable())));
        watched.release().reset();
        REQUIRE(::fcntl(other.get(), F_DUPFD_CLOEXEC, number) == number);
        watched = watch(bf::owned_descriptor{number});
        auto waiting = begin_wait(on, watched.readable());
        tests::let_others_park();
        CHECK_FALSE(waiting.done());
        add_one(other.get());
        CHECK(ends_well(std::move(waiting)));
    });
}

// Epoll would know the wait by a number that somebody else's descriptor has by then.
TEST_CASE("an_owner_may_close_his_descriptor_while_a_copy_of_it_is_watched") {
    tests::on_one_worker([](bf::backend on) {
        local_ends ends;
        auto watched =
            std::make_unique<bf::watched_descriptor>(bf::watched_descriptor::duplicate(ends.near.get()).value());
        auto waiting = begin_wait(on, watched->readable());
        tests::let_others_park();
        const int number = ends.near.get();
        ends.near.reset();
        const bf::owned_descriptor other = open_eventfd();
        if (other.get() != number) REQUIRE(::fcntl(other.get(), F_DUPFD_CLOEXEC, number) == number);
        const bf::owned_descriptor again{other.get() == number ? -1 : number};
        bf::watched_descriptor stranger = bf::watched_descriptor::duplicate(number).value();
        auto strangers = begin_wait(on, stranger.readable());
        tests::let_others_park();
        CHECK_FALSE(waiting.done());
        ends.send_from_far();
        CHECK(ends_well(std::move(waiting)));
        watched.reset();
        tests::let_others_park();
        CHECK_FALSE(strangers.done());
        add_one(number);
        CHECK(ends_well(std::move(strangers)));
    });
}

TEST_CASE("a_peer_sees_the_end_when_the_copy_is_closed_too_or_the_socket_was_shut_down") {
    tests::on_one_worker([](bf::backend on) {
        for (const bool shut_down : {false, true}) {
            local_ends ends;
            bf::watched_descriptor peer = watch(std::move(ends.far));
            bf::watched_descriptor watched = bf::watched_descriptor::duplicate(ends.near.get()).value();
            auto end = begin_wait(on, peer.readable());
            if (shut_down) REQUIRE(::shutdown(ends.near.get(), SHUT_RDWR) == 0);
            ends.near.reset();
            tests::let_others_park();
            if (!shut_down) {
                CHECK_FALSE(end.done());
                watched.close();
            }
            CHECK(ends_well(std::move(end)));
        }
    });
}

TEST_CASE("several_watch_one_descriptor_by_copies") {
    tests::on_one_worker([](bf::backend on) {
        const bf::owned_descriptor own = open_eventfd();
        std::vector<bf::watched_descriptor> copies;
        std::vector<bf::join_handle<bf::io_result<void>>> handles;
        for (int n = 0; n < 8; ++n) copies.push_back(bf::watched_descriptor::duplicate(own.get()).value());
        for (bf::watched_descriptor& copy : copies) handles.push_back(begin_wait(on, copy.readable()));
        tests::let_others_park();
        for (const auto& handle : handles) CHECK_FALSE(handle.done());
        add_one(own.get());
        for (auto& handle : handles) CHECK(ends_well(std::move(handle)));
    });
}

TEST_CASE("a_watched_descriptor_moves_while_it_is_waited_for_and_from_runtime_to_runtime") {
    bf::watched_descriptor watched = watch(open_eventfd());
    const int number = watched.descriptor();
    for (int round = 0; round < 2; ++round)
        tests::on_one_worker([&](bf::backend on) {
            auto waiting = begin_wait(on, watched.readable());
            tests::let_others_park();
            bf::watched_descriptor moved = std::move(watched);
            CHECK(watched.descriptor() == -1);
            add_one(number);
            CHECK(ends_well(std::move(waiting)));
            CHECK(take(number) == 1);
            watched = std::move(moved);
        });
    CHECK(waits(watched.readable()));
    add_one(number);
    CHECK(bf::block_on(watched.readable()).has_value());
}

TEST_CASE("what_is_no_descriptor_is_refused") {
    CHECK(bf::watched_descriptor::adopt(bf::owned_descriptor{}).error() == std::errc::bad_file_descriptor);
    CHECK(bf::watched_descriptor::duplicate(-1).error() == std::errc::bad_file_descriptor);
    const bf::owned_descriptor own = open_eventfd();
    {
        const tests::no_descriptors_left none;
        CHECK(bf::watched_descriptor::duplicate(own.get()).error() == std::errc::too_many_files_open);
    }
    // Closed behind its back, which is wrong use: told while nobody has the number.
    bf::watched_descriptor watched = watch(open_eventfd());
    ::close(watched.descriptor());
    const bf::io_result<void> gone = bf::block_on(watched.readable());
    CHECK(gone.error() == std::errc::bad_file_descriptor);
    (void)watched.release().release();
}

TEST_CASE("wrong_use_of_a_watched_descriptor_aborts_with_a_remedy") {
    tests::check_aborts("a watched descriptor was used after it was closed, released or moved from", [] {
        bf::watched_descriptor watched = watch(open_eventfd());
        watched.close();
        (void)watched.readable();
    });
    tests::check_aborts("while an operation on it is in flight; cancel or await the operation first", [] {
        bf::watched_descriptor watched = watch(open_eventfd());
        bf::readiness_future waiting = watched.readable();
        auto turn = bf::yield_now();
        (void)bf::await(bf::select(waiting, turn));
        (void)watched.release();
    });
}
