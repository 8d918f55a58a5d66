// Two threads that each send themselves messages over a socket pair: with a ring each, or with one ring under a lock.
// Unit: nanoseconds an echo, of both threads together. What sharing a ring costs, without a runtime around it.
#include "rows.hpp"

#include <liburing.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <harness/measure.hpp>
#include <harness/seat.hpp>
#include <mutex>
#include <system_error>
#include <thread>

namespace bifilar::experiments {

namespace {

constexpr std::uint64_t echoes = 100'000;  // Of both threads.
constexpr std::size_t threads = 2;
constexpr std::size_t message_bytes = 64;

[[noreturn]] void fail(const char* what, int error) { throw std::system_error{error, std::generic_category(), what}; }

class socket_pair {
public:
    socket_pair() {
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends_.data()) != 0) fail("socketpair", errno);
    }
    socket_pair(const socket_pair&) = delete;
    socket_pair& operator=(const socket_pair&) = delete;
    ~socket_pair() {
        close(ends_[0]);
        close(ends_[1]);
    }
    [[nodiscard]] int end(std::size_t which) const noexcept { return ends_[which]; }

private:
    std::array<int, 2> ends_{-1, -1};
};

class ring {
public:
    ring() {
        io_uring_params params{};  // Nothing that ties it to one thread, so that both shapes have the same ring.
        if (const int result = io_uring_queue_init_params(64, &ring_, &params); result < 0) fail("io_uring", -result);
    }
    ring(const ring&) = delete;
    ring& operator=(const ring&) = delete;
    ~ring() { io_uring_queue_exit(&ring_); }

    // A message from one end of the pair to the other, for `owner`.
    void submit(std::size_t owner, int from, int to, const char* sent, char* received) {
        io_uring_sqe* const sending = io_uring_get_sqe(&ring_);
        io_uring_sqe* const receiving = io_uring_get_sqe(&ring_);
        if (sending == nullptr || receiving == nullptr) fail("io_uring_get_sqe", EBUSY);
        io_uring_prep_send(sending, from, sent, message_bytes, MSG_NOSIGNAL);
        sending->user_data = owner;
        io_uring_prep_recv(receiving, to, received, message_bytes, MSG_WAITALL);
        receiving->user_data = owner;
        const int result = io_uring_submit(&ring_);
        if (result < 0) fail("io_uring_submit", -result);
    }
    // Waits in the kernel for what is missing.
    void wait() {
        io_uring_cqe* one = nullptr;
        const int result = io_uring_wait_cqe(&ring_, &one);
        if (result < 0 && result != -EINTR) fail("io_uring_wait_cqe", -result);
    }
    // Gives each owner what ended of theirs: whole messages.
    void reap(std::array<std::uint64_t, threads>& ended) {
        io_uring_cqe* one = nullptr;
        while (io_uring_peek_cqe(&ring_, &one) == 0) {
            const auto owner = static_cast<std::size_t>(one->user_data);
            if (one->res != static_cast<int>(message_bytes)) fail("a message", one->res < 0 ? -one->res : EIO);
            ++ended[owner];
            io_uring_cqe_seen(&ring_, one);
        }
    }

private:
    io_uring ring_{};
};

struct messages {
    std::array<char, message_bytes> sent{};
    std::array<char, message_bytes> received{};
};

// `carry(pair, from, buffers)` brings one message from end `from` to the other.
template <class Carry>
std::uint64_t echo(std::size_t me, Carry carry) {
    const std::vector<int> processors = allowed_processors();
    pin_to({processors[me % processors.size()]});
    const socket_pair pair;
    messages buffers;
    std::uint64_t right = 0;
    for (std::uint64_t n = 0; n < echoes / threads; ++n) {
        buffers.sent.fill(static_cast<char>(n % 100));
        carry(pair, 0, buffers);
        const bool asked = buffers.received == buffers.sent;
        carry(pair, 1, buffers);
        if (asked && buffers.received == buffers.sent) ++right;
        buffers.received.fill(-1);
    }
    return right;
}

template <class Body>
sample on_threads(Body body) {
    const std::vector<int> all_processors = allowed_processors();
    const std::size_t seats = std::min(threads, all_processors.size());
    note_seat(std::vector<int>(all_processors.begin(), all_processors.begin() + static_cast<std::ptrdiff_t>(seats)),
              threads);
    std::array<std::uint64_t, threads> right{};
    std::array<std::exception_ptr, threads> errors{};
    const counting_stopwatch watch;
    {
        std::vector<std::jthread> all;
        for (std::size_t me = 0; me < threads; ++me)
            all.emplace_back([&, me] {
                try {
                    right[me] = body(me);
                } catch (...) {
                    errors[me] = std::current_exception();
                }
            });
    }
    for (const std::exception_ptr& error : errors)
        if (error != nullptr) std::rethrow_exception(error);
    return watch.stop(echoes, right[0] + right[1]);
}

sample rings_of_their_own() {
    return on_threads([](std::size_t me) {
        ring own;
        std::array<std::uint64_t, threads> ended{};
        return echo(me, [&](const socket_pair& pair, std::size_t from, messages& buffers) {
            const std::uint64_t wanted = ended[me] + 2;
            own.submit(me, pair.end(from), pair.end(1 - from), buffers.sent.data(), buffers.received.data());
            for (own.reap(ended); ended[me] != wanted; own.reap(ended)) own.wait();
        });
    });
}

sample one_ring_under_a_lock() {
    ring shared;
    std::mutex lock;                             // Guards the ring and:
    std::array<std::uint64_t, threads> ended{};  // Whoever reaps counts for both.
    return on_threads([&](std::size_t me) {
        std::uint64_t wanted = 0;
        return echo(me, [&](const socket_pair& pair, std::size_t from, messages& buffers) {
            wanted += 2;
            std::unique_lock guard{lock};
            shared.submit(me, pair.end(from), pair.end(1 - from), buffers.sent.data(), buffers.received.data());
            for (shared.reap(ended); ended[me] != wanted; shared.reap(ended)) {
                guard.unlock();
                sched_yield();  // Into the kernel, which is where completions of this thread come about.
                guard.lock();
            }
        });
    });
}

}  // namespace

void add_rings(experiment& all) {
    workload work{"rings", "echoes of 64 bytes on two threads", "ns per echo", 2, echoes, {}};
    work.repetitions = 11;
    work.contenders = {{"one ring each", rings_of_their_own}, {"one ring under a lock", one_ring_under_a_lock}};
    all.add(std::move(work));
}

}  // namespace bifilar::experiments
