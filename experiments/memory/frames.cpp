// The sizes of coroutine frames, which only the compiler knows: measured by asking the frame pool.
// A frame counts in the pool's classes of 16 bytes; the task that a spawn adds in front of it is listed by itself.
#include <bifilar/bifilar.hpp>
#include <string>

#include "parked.hpp"

namespace bifilar::experiments {

namespace {

task<void> empty() { co_return; }
task<int> with_value(int value) { co_return value; }
task<void> waits_for_event(event* until) { co_await until->wait(); }
task<void> waits_for_event_by_reference(event& until) {
    auto wait = until.wait();
    co_await wait;
}
task<void> receives(channel<int>* from) { (void)co_await from->recv(); }
task<void> sleeps() { co_await sleep_for(std::chrono::seconds{1}); }
task<int> awaits_child() { co_return co_await with_value(1); }
task<int> awaits_two_children() {
    const int first = co_await with_value(1);
    co_return first + co_await with_value(2);
}
task<void> joins(join_handle<int>* handle) { (void)co_await *handle; }
task<std::size_t> reads(tcp_stream stream, std::size_t bytes) {
    std::vector<std::byte> buffer(bytes);
    const auto got = co_await stream.read(buffer);
    co_return got.value_or(0);
}

template <class T>
std::size_t bytes_of(task<T> made) {
    return made.frame_bytes();
}

}  // namespace

void add_frame_sizes(experiment& all) {
    event open;
    channel<int> values{1};
    const auto add = [&](const std::string& what, std::size_t bytes) { all.fact("frame: " + what, bytes); };
    add("nothing", bytes_of(empty()));
    add("gives an int back", bytes_of(with_value(1)));
    add("awaits an event", bytes_of(waits_for_event(&open)));
    add("awaits an event kept in a variable", bytes_of(waits_for_event_by_reference(open)));
    add("awaits a channel of int", bytes_of(receives(&values)));
    add("awaits a sleep", bytes_of(sleeps()));
    add("awaits a child", bytes_of(awaits_child()));
    add("awaits two children in turn", bytes_of(awaits_two_children()));
    add("awaits a join_handle", bytes_of(joins(nullptr)));
    add("awaits a read from a stream", bytes_of(reads(tcp_stream{-1}, 1)));
    all.fact("task in front of a spawned frame, void", sizeof(detail::task_cell<void>));
    all.fact("task in front of a spawned frame, int", sizeof(detail::task_cell<int>));
}

}  // namespace bifilar::experiments
