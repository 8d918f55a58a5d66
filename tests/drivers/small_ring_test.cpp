// Rings that are too small for what is asked of them: queues of submissions that are full, queues of completions that
// overflow. No operation is lost. The rings belong to this plain thread.
#include "drivers/small_ring.hpp"
#include "catch.hpp"
#include "io/readable.hpp"
#include "io/stream_pair.hpp"
#include "time/sleeper_task.hpp"
#include <bifilar/base/detail/sanitizer.hpp>
#include <bifilar/bifilar.hpp>
#include <bifilar/drivers/contract/detail/driver.hpp>
#include <bifilar/io/net/detail/socket_option.hpp>

#include <algorithm>
#include <array>
#include <memory>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace bf = bifilar;
using namespace std::chrono_literals;

namespace {

#if defined(BIFILAR_ASAN) || defined(BIFILAR_TSAN)
constexpr std::size_t many = 2'000;
#else
constexpr std::size_t many = 10'000;
#endif

/// Many waits on one descriptor, which is readable once it is told so.
class crowd {
public:
    explicit crowd(std::size_t count) {
        for (std::size_t n = 0; n < count; ++n)
            sources_.push_back(std::make_unique<bf::drivers::io_source>(descriptor_));
    }
    crowd(const crowd&) = delete;
    crowd& operator=(const crowd&) = delete;
    ~crowd() { ::close(descriptor_); }

    [[nodiscard]] std::vector<tests::readable> waits() {
        std::vector<tests::readable> made;
        made.reserve(sources_.size());
        for (const auto& source : sources_) made.emplace_back(*source);
        return made;
    }
    [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
    void let() const {
        const std::uint64_t one = 1;
        REQUIRE(::write(descriptor_, &one, sizeof one) == sizeof one);
    }

private:
    int descriptor_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    std::vector<std::unique_ptr<bf::drivers::io_source>> sources_;
};

/// A read that the kernel cancels three times while it waits, before the crowd is let go.
class cancelled_by_the_kernel {
public:
    using output = int;
    cancelled_by_the_kernel(bf::drivers::uring_driver& in, bf::drivers::io_source& of, const crowd& who,
                            std::uint64_t& into)
        : driver_{&in}, crowd_{&who}, read_{bf::op_kind::read, of} {
        read_.arguments = bf::drivers::call_arguments::of_bytes(&into, sizeof into);
    }
    bf::polled<int> poll(bf::context& cx) {
        using phase = bf::drivers::op::phase;
        if (read_.settle() == phase::completed) {
            read_.rewind();
            return *driver_->start(read_, cx.borrow());
        }
        if (read_.now() == phase::in_flight) return bf::not_ready;
        for (int round = 0; round < 3; ++round) {
            REQUIRE(!driver_->start(read_, cx.borrow()));
            driver_->cancel(read_);
            driver_->poll();
            REQUIRE(read_.settle() == phase::completed);
            CHECK(read_.result == bf::drivers::op::worth_a_try);
            read_.rewind();
        }
        REQUIRE(!driver_->start(read_, cx.borrow()));
        crowd_->let();
        return bf::not_ready;
    }

private:
    bf::drivers::uring_driver* driver_;
    const crowd* crowd_;
    bf::drivers::op read_;
};

/// A receive through a ring. Between the kernel's call and its completion an epoll instance of another runtime, which
/// knows the stream from before, tells of later bytes.
class told_meanwhile {
public:
    using output = bool;
    told_meanwhile(bf::drivers::uring_driver& in, bf::drivers::io_source& of, int far)
        : driver_{&in}, far_{far}, read_{bf::op_kind::recv, of} {
        read_.arguments = bf::drivers::call_arguments::of_bytes(into_.data(), into_.size());
    }
    /// Whether the next read will be tried.
    bf::polled<bool> poll(bf::context& cx) {
        bf::drivers::io_source& source = *read_.source;
        bool& ready = source.ready[bf::drivers::io_source::in];
        REQUIRE(!driver_->start(read_, cx.borrow()));
        CHECK_FALSE(ready);
        REQUIRE(::send(far_, "a", 1, 0) == 1);
        ready = true;
        while (read_.settle() != bf::drivers::op::phase::completed) driver_->poll();
        CHECK(read_.result == 1);
        return ready;
    }

private:
    bf::drivers::uring_driver* driver_;
    int far_;
    std::array<std::byte, 8> into_{};
    bf::drivers::op read_;
};

/// Receives by one operation for all until the peer has left; then whether that is over for the driver too.
class received_to_the_end {
public:
    using output = bool;
    explicit received_to_the_end(int descriptor)
        : op_{new bf::drivers::multishot_op{bf::op_kind::recv_multishot,
                                            bf::drivers::make_source(bf::owned_descriptor{descriptor})}} {}
    bf::polled<bool> poll(bf::context& cx) {
        for (;;) {
            bf::received_bytes piece;
            const bf::drivers::call_result result = op_->poll(cx, this, piece);
            if (!result) return bf::not_ready;
            if (*result <= 0) return op_->now() == bf::drivers::op::phase::completed;
        }
    }

private:
    std::unique_ptr<bf::drivers::multishot_op, bf::drivers::multishot_op::closer> op_;
};

}  // namespace

TEST_CASE("no_operation_is_lost_when_completions_overflow_a_tiny_ring") {
    if (!tests::rings_are_usual()) return;
    for (const unsigned entries : {2U, 8U}) {
        INFO("entries: " << entries);
        const tests::small_ring ring{entries};
        crowd all{many};
        const auto results = bf::block_on(tests::let_later{bf::join_all(all.waits()), [&] { all.let(); }, many});
        CHECK(results.size() == many);
        CHECK(std::all_of(results.begin(), results.end(), [](const auto& one) { return one.has_value(); }));
    }
}

TEST_CASE("ten_thousand_operations_in_a_ring_of_eight_are_cancelled") {
    if (!tests::rings_are_usual()) return;
    const tests::small_ring ring{8};
    crowd all{many};
    for (int round = 0; round < 2; ++round)
        CHECK_FALSE(bf::block_on(bf::timeout(bf::join_all(all.waits()), 20ms)).has_value());
    all.let();
    CHECK(bf::block_on(bf::join_all(all.waits())).size() == many);
}

TEST_CASE("operations_in_a_full_ring_are_destroyed_in_flight") {
    if (!tests::rings_are_usual()) return;
    const tests::small_ring ring{2};
    crowd all{100};
    const auto before = bf::drivers::destroyed_in_flight();
    bf::block_on([](crowd& who) -> bf::task<> {
        auto waits = who.waits();
        for (auto& one : waits) {
            auto turn = bf::yield_now();
            (void)co_await bf::select(one, turn);
        }
    }(all));
    CHECK(bf::drivers::destroyed_in_flight() == before + 100);
}

// So ends in the kernel what is to go to a thread that cannot be made, under a storm of signals for example.
TEST_CASE("a_cancel_that_nobody_asked_for_ends_no_operation") {
    if (!tests::rings_are_usual()) return;
    tests::small_ring ring{8};
    const crowd one{1};
    bf::drivers::io_source source{one.descriptor()};
    std::uint64_t count = 0;
    CHECK(bf::block_on(cancelled_by_the_kernel{ring.driver(), source, one, count}) == sizeof count);
    CHECK(count == 1);
}

TEST_CASE("a_completion_does_not_undo_what_an_epoll_instance_has_told_since") {
    if (!tests::rings_are_usual()) return;
    tests::small_ring ring{8};
    const auto ends = tests::local_stream();
    const bf::owned_descriptor far{ends[1]};
    const auto source = bf::drivers::make_source(bf::owned_descriptor{ends[0]});
    CHECK(bf::block_on(told_meanwhile{ring.driver(), *source, far.get()}));
}

TEST_CASE("an_operation_that_completes_many_times_is_over_with_its_last_completion") {
    if (!tests::rings_are_usual()) return;
    const tests::small_ring ring{8};
    const auto ends = tests::local_stream();
    const bf::owned_descriptor far{ends[1]};
    received_to_the_end all{ends[0]};
    REQUIRE(::send(far.get(), "a", 1, 0) == 1);
    REQUIRE(::shutdown(far.get(), SHUT_WR) == 0);
    CHECK(bf::block_on(all));
}

TEST_CASE("a_look_for_one_event_takes_one_and_with_a_cancel_under_way_all") {
    if (!tests::rings_are_usual()) return;
    tests::small_ring ring{16};
    const crowd ready{1};
    const crowd silent{1};
    tests::sleeper_task task;
    bf::drivers::io_source one{ready.descriptor()}, two{ready.descriptor()}, three{ready.descriptor()};
    std::array<bf::drivers::op, 3> waits{bf::drivers::op{bf::op_kind::poll_in, one},
                                         bf::drivers::op{bf::op_kind::poll_in, two},
                                         bf::drivers::op{bf::op_kind::poll_in, three}};
    bf::drivers::io_source other{silent.descriptor()};
    bf::drivers::op cancelled{bf::op_kind::poll_in, other};
    for (auto& each : waits) REQUIRE(!ring.driver().start(each, bf::waker_ref{task}));
    REQUIRE(!ring.driver().start(cancelled, bf::waker_ref{task}));
    ring.driver().poll();
    const auto over = [&] { return std::ranges::count_if(waits, [](const auto& each) { return each.at_rest(); }); };
    CHECK(over() == 0);
    ready.let();
    ring.driver().poll_some(1);
    CHECK(over() == 1);
    REQUIRE(cancelled.ask_cancel());
    ring.driver().cancel(cancelled);
    ring.driver().poll_some(1);
    CHECK(over() == 3);
    while (!cancelled.at_rest()) ring.driver().poll();
}
