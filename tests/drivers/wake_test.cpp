// What wakes a thread that sleeps in its driver without a limit, and what it costs to wake one that is awake.
#include "catch.hpp"
#include "drivers/answered_calls.hpp"
#include "drivers/small_ring.hpp"
#include "io/stream_pair.hpp"
#include "time/sleeper_task.hpp"
#include <bifilar/bifilar.hpp>
#include <bifilar/drivers/contract/detail/driver.hpp>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace bf = bifilar;
using bf::base::never;
using namespace std::chrono_literals;

namespace {

/// Of those whose operations belong to one thread.
std::vector<bf::driver_kind> kinds_of_one_thread() {
    std::vector<bf::driver_kind> all{bf::driver_kind::simulated};
    if (tests::rings_are_usual()) all.push_back(bf::driver_kind::uring);
    return all;
}

/// A receive from a stream that stays silent.
class silent_receive {
public:
    silent_receive() { what_.arguments = bf::drivers::call_arguments::of_bytes(buffer_.data(), buffer_.size()); }
    [[nodiscard]] bool begins(bf::drivers::driver& in) { return !in.start(what_, bf::waker_ref{task_}); }
    [[nodiscard]] bf::drivers::op& what() noexcept { return what_; }

private:
    std::array<int, 2> ends_ = tests::local_stream();
    bf::owned_descriptor far_{ends_[1]};
    bf::drivers::source_ptr near_ = bf::drivers::make_source(bf::owned_descriptor{ends_[0]});
    tests::sleeper_task task_;
    std::array<std::byte, 1> buffer_{};
    bf::drivers::op what_{bf::op_kind::recv, *near_};
};

/// A thread that sleeps in its driver, without a limit, until its one receive is over.
class sleeping_owner {
public:
    explicit sleeping_owner(bf::driver_kind kind, bf::simulated_kernel* kernel = nullptr,
                            bf::simulated_clock* clock = nullptr)
        : thread_{[=, this] { live(kind, kernel, clock); }} {
        while (driver_.load() == nullptr) std::this_thread::yield();
    }
    sleeping_owner(const sleeping_owner&) = delete;
    sleeping_owner& operator=(const sleeping_owner&) = delete;
    ~sleeping_owner() {
        left_alone_ = true;
        thread_.join();
    }

    [[nodiscard]] bf::drivers::driver& driver() noexcept { return *driver_.load(); }
    [[nodiscard]] bf::drivers::op& receive() noexcept { return receive_.what(); }
    /// Returns when it sleeps for the so many-th time, as far as the kernel tells: later wakes are needed then. Where
    /// it tells nothing, a wake may come too early to be needed.
    void await_sleep(int count) const {
        while (sleeps_.load() < count) std::this_thread::yield();
        while (state() == 'R') std::this_thread::yield();
    }

private:
    void live(bf::driver_kind kind, bf::simulated_kernel* kernel, bf::simulated_clock* clock) {
        bf::detail::this_thread().clock = clock;
        const auto own = bf::drivers::make_driver(kind, kernel);
        own->poll_idle();
        const bool began = receive_.begins(*own);
        id_ = static_cast<pid_t>(::syscall(SYS_gettid));
        driver_ = own.get();
        while (began && !receive_.what().at_rest()) {
            ++sleeps_;
            own->park(never);
            own->poll_idle();
        }
        // Those who wake it may still be about to do so.
        while (!left_alone_.load()) std::this_thread::yield();
        own->leave();
        bf::detail::this_thread().clock = nullptr;
    }
    [[nodiscard]] char state() const {
        std::ifstream in{"/proc/self/task/" + std::to_string(id_.load()) + "/stat"};
        const std::string line{std::istreambuf_iterator<char>{in}, {}};
        const std::size_t name_ends = line.rfind(')');
        return name_ends == std::string::npos || name_ends + 2 >= line.size() ? '?' : line[name_ends + 2];
    }

    silent_receive receive_;
    std::atomic<bf::drivers::driver*> driver_{nullptr};
    std::atomic<pid_t> id_{0};
    std::atomic<int> sleeps_{0};
    std::atomic<bool> left_alone_{false};
    std::thread thread_;  // Last: it uses all of the above.
};

/// Whether an unpark of a thread that has woken from a sleep makes a system call. Nothing: that cannot be told here.
std::optional<bool> calls_the_kernel(bf::driver_kind kind, bf::simulated_clock* clock = nullptr) {
    bool called = false;
    bf::simulated_kernel kernel;
    const bool told = tests::with_answered_call(SYS_write, EPERM, [&] {
        bf::detail::this_thread().clock = clock;
        const auto own = bf::drivers::make_driver(kind, &kernel);
        own->poll_idle();
        own->park(bf::base::now_ns());
        errno = 0;
        own->unpark();
        called = errno != 0;
        own->leave();
        bf::detail::this_thread().clock = nullptr;
    });
    return told ? std::optional{called} : std::nullopt;
}

}  // namespace

TEST_CASE("an_unpark_of_a_thread_that_has_woken_makes_no_system_call") {
    std::vector<bf::driver_kind> kinds = kinds_of_one_thread();
    kinds.push_back(bf::driver_kind::epoll);
    for (const bf::driver_kind kind : kinds) {
        INFO("driver: " << bf::to_string(kind));
        CHECK_FALSE(calls_the_kernel(kind).value_or(false));
    }
    bf::simulated_clock clock{bf::simulated_clock::mode::automatic};
    CHECK_FALSE(calls_the_kernel(bf::driver_kind::simulated, &clock).value_or(false));
}

TEST_CASE("a_cancel_by_another_thread_wakes_the_one_that_sleeps") {
    for (const bf::driver_kind kind : kinds_of_one_thread()) {
        INFO("driver: " << bf::to_string(kind));
        bf::simulated_kernel kernel;
        sleeping_owner owner{kind, &kernel};
        owner.await_sleep(1);
        REQUIRE(owner.receive().ask_cancel());
        owner.driver().cancel(owner.receive());
        while (!owner.receive().at_rest()) std::this_thread::yield();
        CHECK(owner.receive().result == -ECANCELED);
    }
}

// It has seen the cancel by then, and sleeps until the operation's time comes; but time stands still.
TEST_CASE("a_destructor_on_another_thread_wakes_the_one_that_sleeps_until_a_late_end") {
    bf::simulated_kernel_options late;
    late.late_cancels = 1;
    late.least_delay = late.max_delay = 1h;
    bf::simulated_kernel kernel{late};
    bf::simulated_clock clock{bf::simulated_clock::mode::automatic};
    sleeping_owner owner{bf::driver_kind::simulated, &kernel, &clock};
    owner.await_sleep(1);
    REQUIRE(owner.receive().ask_cancel());
    owner.driver().cancel(owner.receive());
    owner.await_sleep(2);
    CHECK_FALSE(owner.receive().at_rest());
    owner.driver().finish(owner.receive());
    CHECK(owner.receive().result == -ECANCELED);
}

TEST_CASE("a_thread_that_is_told_before_it_sleeps_looks_at_once_for_what") {
    bf::simulated_kernel kernel;
    const auto own = bf::drivers::make_driver(bf::driver_kind::simulated, &kernel);
    silent_receive one;
    REQUIRE(one.begins(*own));
    std::thread{[&] { own->cancel(one.what()); }}.join();
    own->park(never);
    CHECK(one.what().at_rest());
}
