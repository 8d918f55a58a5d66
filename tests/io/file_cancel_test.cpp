// Calls on files that are given up: before, in the queue of the pool, under way in a ring or a thread, afterwards.
#include "both/in_each_model.hpp"
#include "descriptors.hpp"
#include "io/scratch_directory.hpp"
#include <bifilar/drivers/contract/detail/driver.hpp>
#include <bifilar/io/files/directory.hpp>
#include <bifilar/io/files/directory_walk.hpp>
#include <bifilar/io/files/file_system.hpp>

#include <atomic>
#include <sys/stat.h>
#include <thread>

namespace bf = bifilar;
using tests::scratch_directory;

namespace {

constexpr bf::backend each_backend[] = {bf::backend::stackless, bf::backend::stackful};

// The open of a FIFO waits in the kernel for its other end, in a thread as in a ring. The latter opens without waiting
// first, unless the open may create something.
class fifo_open {
public:
    using output = int;

    fifo_open(const std::string& path, std::atomic<int>& polls)
        : polls_{&polls},
          call_{bf::drivers::file_request{.kind = bf::file_op::open, .flags = O_RDONLY | O_CREAT | O_CLOEXEC},
                path} {}
    fifo_open(fifo_open&&) noexcept = default;
    fifo_open& operator=(fifo_open&&) = delete;
    ~fifo_open() {
        call_.wait().end();
        if (const auto left = call_.wait().finished(); left && *left >= 0) ::close(*left);
    }
    bf::polled<int> poll(bf::context& cx) {
        const auto result = call_.poll(cx);
        ++*polls_;
        if (!result) return bf::not_ready;
        return *result;
    }
    bf::polled<void> poll_cancel(bf::context& cx) noexcept { return call_.wait().poll_rest(cx); }

private:
    std::atomic<int>* polls_;
    bf::detail::path_wait call_;
};

// Ends the wait of whoever is still in that open.
void release_reader(const std::string& fifo) {
    const int other = ::open(fifo.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    if (other >= 0) ::close(other);
}

std::string make_fifo(const scratch_directory& in) {
    std::string path = in / "fifo";
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    return path;
}

struct blocked_job {
    std::atomic<bool> begun{false};
    std::atomic<bool> may_end{false};
    std::atomic<int> runs{0};

    static bf::io_result<int> work(const bf::detail::job_arguments& on) {
        auto& self = *static_cast<blocked_job*>(on.object);
        ++self.runs;
        self.begun = true;
        while (!self.may_end) std::this_thread::yield();
        return 7;
    }
    bf::detail::file_job<int> future() {
        bf::detail::job_arguments with;
        with.object = this;
        return {&work, std::move(with)};
    }
};

}  // namespace

TEST_CASE("a_file_call_under_way_ends_when_it_is_cancelled") {
    const scratch_directory here;
    const std::string path = make_fifo(here);
    const std::size_t before = tests::open_descriptors();
    for (const bf::backend on : each_backend) {
        bf::runtime rt{both::small_runtime()};
        std::atomic<int> polls{0};
        auto opens = rt.spawn(on, [&] { return fifo_open{path, polls}; });
        while (polls == 0) std::this_thread::yield();
        opens.cancel();
        // A ring gives up by itself; a thread has to be helped.
        while (rt.driver() != bf::driver_kind::uring && !opens.done()) {
            release_reader(path);
            std::this_thread::yield();
        }
        // A thread's open may have ended before the cancel was seen.
        const auto outcome = rt.spawn(opens.outcome()).join();
        CHECK((!outcome.has_value() || rt.driver() != bf::driver_kind::uring));
        if (outcome && *outcome >= 0) ::close(*outcome);
    }
    CHECK(tests::open_descriptors() <= before);
}

TEST_CASE("a_file_call_destroyed_in_flight_is_waited_for") {
    const scratch_directory here;
    const std::string path = make_fifo(here);
    bf::runtime rt{both::small_runtime(1)};
    const auto counted = bf::drivers::destroyed_in_flight();
    std::atomic<bool> gone{false};
    std::thread helper{[&] {
        while (!gone) {
            release_reader(path);
            std::this_thread::yield();
        }
    }};
    rt.run([&]() -> bf::task<> {
        std::atomic<int> polls{0};
        fifo_open opens{path, polls};
        auto turn = bf::yield_now();
        (void)co_await bf::select(opens, turn);
    });
    gone = true;
    helper.join();
    // Unless it had ended before.
    CHECK(bf::drivers::destroyed_in_flight() <= counted + 1);
}

TEST_CASE("a_job_that_waits_for_a_thread_is_withdrawn") {
    for (const bf::backend on : each_backend) {
        bf::runtime_options options = both::small_runtime();
        options.max_blocking_threads = 1;
        bf::runtime rt{options};
        blocked_job first;
        blocked_job second;
        blocked_job third;
        auto runs = rt.spawn(on, [&] { return first.future(); });
        while (!first.begun) std::this_thread::yield();
        auto waits = rt.spawn(on, [&] { return second.future(); });
        auto last = rt.spawn(on, [&] { return third.future(); });
        waits.cancel();
        // Ends although the only thread is busy.
        CHECK_FALSE(rt.spawn(waits.outcome()).join().has_value());
        CHECK(second.runs == 0);
        // Under way it is waited for.
        runs.cancel();
        std::this_thread::yield();
        first.may_end = true;
        third.may_end = true;
        // The job may have ended before its task saw the cancel.
        const auto outcome = rt.spawn(runs.outcome()).join();
        if (outcome) CHECK(outcome->value() == 7);
        CHECK(last.join().value() == 7);
        CHECK(first.runs == 1);
    }
}

TEST_CASE("descriptors_and_entries_are_conserved_over_cancels_of_files") {
    const scratch_directory here;
    const std::string path = here.with_file("file", std::string(10'000, 'x'));
    const std::string replaced = here.with_file("replaced", "old");
    const std::size_t entries = here.entries();
    struct body {
        static bf::task<> use(std::string at, std::string replace, std::string folder) {
            auto opened = co_await bf::file::open(at, {.read = true, .write = true});
            if (!opened) co_return;
            std::array<std::byte, 100> buffer{};
            (void)co_await opened->read_at(buffer, 0);
            (void)co_await opened->sync();
            (void)co_await bf::write_file_atomically(replace, buffer);
            (void)co_await bf::create_temporary(folder);
            bf::directory_walk walk = bf::walk(folder);
            (void)co_await walk.next();
            auto entered = co_await bf::directory::open(folder);
            if (entered) (void)co_await entered->next();
            (void)co_await std::move(*opened).close();
        }
    };
    for (const bf::backend on : each_backend) {
        bf::runtime rt{both::small_runtime()};
        rt.spawn(on, body::use, path, replaced, here.path()).join();
        const std::size_t before = tests::open_descriptors();
        for (int round = 0; round < 60; ++round) {
            auto uses = rt.spawn(on, body::use, path, replaced, here.path());
            for (int n = 0; n < round * 4; ++n) std::this_thread::yield();
            uses.cancel();
            (void)rt.spawn(uses.outcome()).join();
        }
        CHECK(tests::open_descriptors() <= before);
        CHECK(here.entries() == entries);
    }
}
