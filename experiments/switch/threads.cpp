// Two threads that hand a turn back and forth: by futex, and by a pair of pipes.
// On one processor each turn is a switch of the kernel's; on two it is a wake-up across processors.
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bifilar/base/detail/atomic.hpp>
#include <harness/pin.hpp>
#include <harness/seat.hpp>
#include <harness/stopwatch.hpp>
#include <system_error>
#include <thread>

#include "contenders.hpp"

namespace bifilar::experiments {

namespace {

// Whose turn it is: 0 or 1. Written by the thread whose turn ends, read by the other.
using turn_word = base::atomic<std::uint32_t>;
static_assert(sizeof(turn_word) == 4);

void wait_for_turn(turn_word& turn, std::uint32_t mine) {
    while (turn.load(base::acquire) != mine)  // Pairs with pass_turn; so that the other's counting is visible.
        syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, 1 - mine, nullptr, nullptr, 0);
}

void pass_turn(turn_word& turn, std::uint32_t other) {
    turn.store(other, base::release);  // Pairs with wait_for_turn; so that our counting is visible.
    syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
}

// Where the party is pinned: the last or the last but one processor; to the last when there is one only.
int seat_of(const std::vector<int>& all, std::size_t party, std::size_t processors) {
    const std::size_t back = processors == 2 && all.size() > 1 ? party : 0;
    return all[all.size() - 1 - back];
}

template <class Play>
sample play(std::uint64_t turns, std::size_t processors, Play party) {
    const std::vector<int> former = allowed_processors();
    const int seats[2] = {seat_of(former, 0, processors), seat_of(former, 1, processors)};
    note_seat({seats[0], seats[1]}, processors);
    std::uint64_t counts[2] = {0, 0};
    std::thread other{[&] {
        pin_to({seats[1]});
        party(1, turns / 2, counts[1]);
    }};
    pin_to({seats[0]});
    const stopwatch watch;
    party(0, turns / 2, counts[0]);
    other.join();
    const double each = watch.per_operation(static_cast<double>(turns));
    pin_to(former);
    return {each, counts[0] + counts[1], {}};
}

struct pipe_pair {
    int ends[2] = {-1, -1};
    pipe_pair() {
        if (pipe(ends) != 0) throw std::system_error{errno, std::generic_category(), "pipe"};
    }
    pipe_pair(const pipe_pair&) = delete;
    pipe_pair& operator=(const pipe_pair&) = delete;
    ~pipe_pair() {
        close(ends[0]);
        close(ends[1]);
    }
    bool take() const {
        char byte;
        return read(ends[0], &byte, 1) == 1;
    }
    bool give() const {
        const char byte = 0;
        return write(ends[1], &byte, 1) == 1;
    }
};

}  // namespace

sample threads_by_futex(std::uint64_t turns, std::size_t processors) {
    turn_word turn{0};
    return play(turns, processors, [&](std::uint32_t mine, std::uint64_t count, std::uint64_t& done) {
        for (std::uint64_t i = 0; i < count; ++i) {
            wait_for_turn(turn, mine);
            ++done;
            pass_turn(turn, 1 - mine);
        }
    });
}

sample threads_by_pipe(std::uint64_t turns, std::size_t processors) {
    const pipe_pair pipes[2];
    (void)pipes[0].give();
    return play(turns, processors, [&](std::uint32_t mine, std::uint64_t count, std::uint64_t& done) {
        for (std::uint64_t i = 0; i < count; ++i)
            if (pipes[mine].take() && pipes[1 - mine].give()) ++done;
    });
}

}  // namespace bifilar::experiments
