// How a sender of either model is spawned, and how what it sends is received.
#include "meeting.hpp"

namespace bifilar::experiments {

namespace {

task<> send_coroutine(meeting* at) {
    ++at->arrived;
    (void)co_await at->through.send(1);
}

void send_fiber(meeting* at) {
    ++at->arrived;
    (void)await(at->through.send(1));
}

}  // namespace

join_handle<void> start_sender(backend on, meeting* at) {
    return on == backend::stackless ? spawn(on, send_coroutine, at) : spawn(on, send_fiber, at);
}

task<sample> drain(meeting* at, std::uint64_t messages) {
    std::uint64_t sum = 0;
    const counting_stopwatch watch;
    for (std::uint64_t n = 0; n < messages; ++n) sum += (co_await at->through.recv()).value_or(0);
    co_return watch.stop(messages, sum);
}

}  // namespace bifilar::experiments
