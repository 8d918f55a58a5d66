// Bugs that a simulation is there to find: planted, found within a thousand seeds, and shown by few decisions.
#include <catch.hpp>

#include "busy_body.hpp"
#include <bifilar/simulation/for_seeds.hpp>

#include <cerrno>
#include <functional>
#include <optional>
#include <unistd.h>

namespace {

using namespace tests;
namespace simulation = bf::simulation;

// The failing seed's plan also fails when it is followed, and is short.
template <class Body>
simulation::seed_failed found_in(Body body, simulation::options how = {}) {
    try {
        (void)simulation::for_seeds(1'000, body, how);
    } catch (const simulation::seed_failed& found) {
        INFO(found.what());
        CHECK(found.plan().size() <= 20);
        how.plan = found.plan();
        CHECK(simulation::simulate(found.seed(), body, how).failed());
        how.plan = simulation::plan::parse(found.plan().code());
        CHECK(simulation::simulate(1, body, how).failed());
        return found;
    }
    FAIL("a thousand seeds found nothing");
    std::abort();
}

// Opened once. Its wait forgets to look whether that came before it has left its waker.
class forgetful_gate {
public:
    class wait_future {
    public:
        using output = void;
        explicit wait_future(forgetful_gate& at) noexcept : at_{&at} {}
        bf::polled<void> poll(bf::context& cx) {
            if (std::exchange(waits_, true)) {
                if (at_->opened_) return bf::done;
            }
            at_->waiter_ = bf::waker{cx.waker()};
            return bf::not_ready;
        }

    private:
        forgetful_gate* at_;
        bool waits_ = false;
    };

    [[nodiscard]] bool opened() const noexcept { return opened_; }
    wait_future wait() noexcept { return wait_future{*this}; }
    void open() noexcept {
        opened_ = true;
        waiter_.wake();
    }

private:
    bool opened_ = false;
    bf::waker waiter_;
};

bf::task<void> wait_at_a_forgetful_gate() {
    forgetful_gate gate;
    bf::mutex order;
    const auto open = [&]() -> bf::task<void> {
        for (int n = 0; n < 3; ++n) co_await bf::yield_now();
        const auto held = co_await order.lock();
        gate.open();
    };
    auto opening = bf::spawn(open);
    if (!gate.opened()) {
        { const auto held = co_await order.lock(); }
        for (int n = 0; n < 2; ++n) co_await bf::yield_now();
        co_await gate.wait();
    }
    co_await opening;
}

TEST_CASE("a_lost_wake_is_found") {
    for (const bf::backend on : both_models) {
        simulation::options how;
        how.on = on;
        const auto found = found_in(wait_at_a_forgetful_gate, how);
        CHECK_THAT(found.failure(), Catch::Contains("deadlock_error"));
    }
}

TEST_CASE("a_lost_wake_is_found_in_this_process") {
    simulation::options how;
    how.processes = 0;
    const auto found = found_in(wait_at_a_forgetful_gate, how);
    CHECK_THAT(found.failure(), Catch::Contains("deadlock_error"));
    CHECK_FALSE(found.plan().empty());
}

// A descriptor that two tasks share; whoever finds it open closes it, after a goodbye.
bf::task<void> say_goodbye_and_close(int& descriptor) {
    if (descriptor < 0) co_return;
    co_await bf::sleep_for(1ms);
    must(::close(descriptor) == 0, "closed twice");
    descriptor = -1;
}

TEST_CASE("a_double_close_is_found") {
    const auto body = []() -> bf::task<void> {
        int ends[2];
        must(::pipe(ends) == 0, "no pipe");
        const bf::owned_descriptor reader{ends[0]};
        auto one = bf::spawn(say_goodbye_and_close, std::ref(ends[1]));
        auto [out, in] = bf::make_channel<int>(1);
        const auto other = [&, from = std::move(in)]() mutable -> bf::task<void> {
            (void)co_await bf::timeout(from.recv(), 2ms);
            co_await say_goodbye_and_close(ends[1]);
        };
        auto two = bf::spawn(std::move(other));
        for (int n = 0; n < 5; ++n) co_await bf::yield_now();
        if (ends[1] >= 0) (void)co_await out.send(1);
        co_await one;
        co_await two;
    };
    (void)found_in(body);
}

using record = std::array<char, 8>;

// Loses what a read had received when its time was up.
bf::task<int> receive_records(bf::pipe_reader from) {
    record next;
    for (int count = 0;;) {
        const auto in_time = co_await bf::timeout(from.read_exact(std::as_writable_bytes(std::span{next})), 50ms);
        if (!in_time) continue;
        if (!*in_time) co_return count;
        must(std::string_view(next.data(), next.size()) == "a record", "bytes were lost");
        ++count;
    }
}

bf::task<void> send_records(bf::pipe_writer to, int count) {
    const std::string one = "a record";
    for (int n = 0; n < count; ++n) {
        const auto written = co_await to.write_all(std::as_bytes(std::span{one}));
        must(written.has_value(), "cannot write");
        co_await bf::sleep_for(45ms);
    }
}

TEST_CASE("a_byte_that_is_lost_at_a_cancel_is_found") {
    const auto body = []() -> bf::task<void> {
        auto ends = bf::make_pipe();
        must(ends.has_value(), "no pipe");
        auto receiving = bf::spawn(receive_records, std::move(ends->first));
        co_await send_records(std::move(ends->second), 6);
        const int count = co_await receiving;
        must(count == 6, "bytes were lost");
    };
    for (const bf::backend on : both_models) {
        simulation::options how;
        how.on = on;
        const auto found = found_in(body, how);
        CHECK_THAT(found.failure(), Catch::Contains("bytes were lost"));
    }
}

}  // namespace
