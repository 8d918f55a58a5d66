// What a ring does when the kernel refuses to be entered: a seccomp filter answers in its place, for good, so each is a
// child process, which ends by itself.
#include "bytes.hpp"
#include "drivers/answered_calls.hpp"
#include "drivers/small_ring.hpp"
#include "io/stream_pair.hpp"
#include "last_words.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <linux/io_uring.h>
#include <memory>
#include <string>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace bf = bifilar;
using Catch::Matchers::Contains;

namespace {

constexpr const char* no_filters = "no filters here";
constexpr unsigned max_seconds = 60;  // For a child that would go on for ever.

// Arguments of io_uring_enter.
constexpr std::size_t to_submit = 1;
constexpr std::size_t min_complete = 2;

/// A child whose ring has four entries. It ends without destructors, which would wait for what the kernel never got.
template <class Body>
tests::last_words with_ring(Body body) {
    return tests::dies([&] {
        ::alarm(max_seconds);
        tests::small_ring ring{4};
        body(ring);
        ::_exit(0);
    });
}

/// From now on.
void require_filter(bool made) {
    if (made) return;
    std::fputs(no_filters, stderr);
    ::_exit(0);
}

void say_whether(bool good) { std::fputs(good ? "good" : "bad", stderr); }

/// A read of a stream that stays silent unless something is written to its far end.
class silent_read {
public:
    /// False: it is over, and `why` tells how it ended.
    [[nodiscard]] bool begins() {
        auto turn = bf::yield_now();
        auto first = bf::block_on(bf::select(read_, turn));
        if (first.index() != 0) return true;
        const auto& got = std::get<0>(first.value());
        why_ = got ? "bytes" : got.error().message();
        return false;
    }
    [[nodiscard]] const std::string& why() const noexcept { return why_; }
    /// Whether what the peer wrote arrives.
    [[nodiscard]] bool hears() {
        return ::send(ends_.far.descriptor(), "a", 1, 0) == 1 && bf::block_on(read_).value_or(0) == 1;
    }

private:
    tests::stream_pair ends_;
    std::array<std::byte, 1> buffer_{};
    decltype(std::declval<bf::tcp_stream&>().read(std::declval<std::array<std::byte, 1>&>())) read_{
        ends_.near.read(buffer_)};
    std::string why_;
};

/// Armed where it is refused; stays there.
class refused_multishot {
public:
    using output = void;
    explicit refused_multishot(bf::drivers::source_ptr of)
        : op_{new bf::drivers::multishot_op{bf::op_kind::recv_multishot, std::move(of)}} {}
    bf::polled<void> poll(bf::context& cx) {
        bf::received_bytes piece;
        const bf::drivers::call_result result = op_->poll(cx, this, piece);
        if (!result || *result != -ENOBUFS) say_whether(false);
        return bf::done;
    }

private:
    bf::drivers::multishot_op* op_;
};

/// Of the one ring that this process opens next.
class lost_count {
public:
    lost_count() : ring_{::dup(STDERR_FILENO)} { ::close(ring_); }  // The lowest free number is the next one.
    [[nodiscard]] bool add() const {
        io_uring_params layout{};
        const int other = static_cast<int>(::syscall(SYS_io_uring_setup, 4, &layout));
        void* const memory = ::mmap(nullptr, layout.cq_off.cqes, PROT_READ | PROT_WRITE, MAP_SHARED, ring_,
                                    static_cast<off_t>(IORING_OFF_CQ_RING));
        if (other < 0 || memory == MAP_FAILED) return false;
        auto* const count = reinterpret_cast<std::uint32_t*>(static_cast<std::byte*>(memory) + layout.cq_off.overflow);
        __atomic_add_fetch(count, 1, __ATOMIC_RELAXED);
        return true;
    }

private:
    int ring_;
};

}  // namespace

// The thread tried again and again, for ever, with a ring that was full.
TEST_CASE("a_full_ring_that_the_kernel_does_not_take_is_an_error_of_the_next_call") {
    if (!tests::rings_are_usual()) return;
    for (const int error : {EAGAIN, EBUSY, ENOMEM}) {
        INFO("error: " << error);
        const tests::last_words last = with_ring([&](tests::small_ring&) {
            require_filter(tests::answer_calls({SYS_io_uring_enter}, error));
            for (int n = 0; n < 16; ++n) {
                auto& read = *new silent_read;
                if (read.begins()) continue;
                std::fputs(read.why().c_str(), stderr);
                return;
            }
        });
        if (last.text == no_filters) return;
        CHECK(last.signal == 0);
        CHECK_THAT(last.text, Contains(std::generic_category().message(ENOBUFS)));
    }
}

// The operation of the completion that was lost waited for ever, and its thread went round and round.
TEST_CASE("a_completion_that_the_kernel_has_lost_ends_the_process_with_a_sentence") {
    if (!tests::rings_are_usual()) return;
    const tests::last_words last = tests::dies([] {
        const lost_count lost;
        tests::small_ring ring{4};
        if (!lost.add()) std::fputs(std::strerror(errno), stderr);
        ring.driver().poll();
        ::_exit(0);
    });
    CHECK(last.signal == SIGABRT);
    CHECK_THAT(last.text, Contains("io_uring has lost a completion") && Contains("choose driver_kind::epoll"));
}

// The kernel takes no entries without waiting, and so no cancel into a full ring. The thread slept for the operations,
// with the cancel in its hands.
TEST_CASE("a_cancel_that_the_kernel_refused_is_asked_again_before_the_thread_sleeps") {
    if (!tests::rings_are_usual()) return;
    for (const bool waits : {false, true}) {
        INFO("waits: " << waits);
        const tests::last_words last = with_ring([&](tests::small_ring&) {
            bf::block_on(bf::sleep_for(std::chrono::milliseconds{1}));  // From now on it listens for unparks.
            require_filter(tests::answer_calls_with(SYS_io_uring_enter, min_complete, true, EAGAIN));
            for (int n = 0; n < 3; ++n)
                if (!(new silent_read)->begins()) return say_whether(false);
            tests::stream_pair ends;
            std::array<std::byte, 1> buffer{};
            if (waits) {
                auto first = bf::block_on(bf::race(ends.near.read(buffer), bf::yield_now()));
                return say_whether(first.index() == 1);
            }
            {
                silent_read last_one;
                if (!last_one.begins()) return say_whether(false);
            }
            say_whether(true);
        });
        if (last.text == no_filters) return;
        CHECK(last.signal == 0);
        CHECK(last.text == "good");
    }
}

// Completions are looked for by the call that hands over entries, unless it refuses those.
TEST_CASE("what_the_kernel_has_ends_while_it_takes_nothing_new") {
    if (!tests::rings_are_usual()) return;
    const tests::last_words last = with_ring([](tests::small_ring& ring) {
        auto& before = *new silent_read;
        if (!before.begins()) return say_whether(false);
        ring.driver().poll();
        require_filter(tests::answer_calls_with(SYS_io_uring_enter, to_submit, false, EAGAIN));
        auto& after = *new silent_read;
        say_whether(after.begins() && before.hears());
    });
    if (last.text == no_filters) return;
    CHECK(last.signal == 0);
    CHECK(last.text == "good");
}

// Its stream can be read in another way then.
TEST_CASE("what_would_complete_many_times_leaves_its_place_when_a_full_ring_refuses_it") {
    if (!tests::rings_are_usual()) return;
    const tests::last_words last = with_ring([](tests::small_ring&) {
        require_filter(tests::answer_calls({SYS_io_uring_enter}, EAGAIN));
        for (int n = 0; n < 16; ++n)
            if (!(new silent_read)->begins()) break;
        const auto ends = tests::local_stream();
        auto source = bf::drivers::make_source(bf::owned_descriptor{ends[0]});
        const bf::drivers::io_source& stream = *source;
        bf::block_on(refused_multishot{std::move(source)});
        say_whether(stream.waiting[bf::drivers::io_source::in] == nullptr);
    });
    if (last.text == no_filters) return;
    CHECK(last.signal == 0);
    CHECK(last.text == "good");
}
