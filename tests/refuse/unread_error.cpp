// expect: unused-result
// flags: -Werror=unused-result
// An error that is dropped unread is told in every form of a wait; (void) says that it is meant. GCC looks into a
// co_await expression from version 15 on.
#include <bifilar/bifilar.hpp>

namespace bf = bifilar;

bf::task<bf::io_result<std::size_t>> greet(bf::tcp_stream& stream, std::span<const std::byte> bytes) {
    co_await stream.write_all(bytes);                                     // refused by clang
    co_await bf::timeout(stream.write_all(bytes), std::chrono::days{1});  // refused by clang
    (void)co_await stream.write_all(bytes);
    co_return co_await stream.write_all(bytes);
}

bf::task<> greet_twice(bf::tcp_stream& stream, std::span<const std::byte> bytes) {
    co_await greet(stream, bytes);  // refused by clang
    (void)co_await greet(stream, bytes);
}

void greet_in_fiber(bf::tcp_stream& stream, std::span<const std::byte> bytes) {
    bf::await(stream.write_all(bytes));                                     // refused
    bf::await(bf::timeout(stream.write_all(bytes), std::chrono::days{1}));  // refused
    (void)bf::await(stream.write_all(bytes));
    bf::await(bf::yield_now());
}

void greet_from_thread(bf::runtime& rt, bf::tcp_stream& stream, std::span<const std::byte> bytes) {
    bf::block_on(stream.write_all(bytes));            // refused
    rt.spawn(greet, std::ref(stream), bytes).join();  // refused
    rt.run(greet, std::ref(stream), bytes);           // refused
    bf::run(greet, std::ref(stream), bytes);          // refused
    (void)rt.spawn(greet, std::ref(stream), bytes).join();
}

void greet_in_scope(bf::task_scope& scope, bf::tcp_stream& stream, std::span<const std::byte> bytes) {
    scope.spawn(greet, std::ref(stream), bytes).join();  // refused
}

bf::task<> greet_both(bf::tcp_stream& one, bf::tcp_stream& other, std::span<const std::byte> bytes, bf::event& stop) {
    co_await bf::join_all(one.write_all(bytes), other.write_all(bytes));  // refused by clang
    co_await bf::race(one.write_all(bytes), stop.wait());                 // refused by clang
    (void)co_await bf::join_all(one.write_all(bytes), other.write_all(bytes));
    co_await bf::join_all(stop.wait(), bf::yield_now());
    co_await bf::race(stop.wait(), bf::yield_now());
}

void greet_both_in_fiber(bf::tcp_stream& one, bf::tcp_stream& other, std::span<const std::byte> bytes,
                         std::vector<bf::task<bf::io_result<std::size_t>>> greetings, bf::event& stop) {
    bf::await(bf::join_all(one.write_all(bytes), other.write_all(bytes)));      // refused
    bf::await(bf::race(one.write_all(bytes), stop.wait()));                     // refused
    bf::await(bf::try_race(one.write_all(bytes), stop.wait()));                 // refused
    bf::await(bf::try_join_all(one.write_all(bytes), other.write_all(bytes)));  // refused
    bf::await(bf::join_all(std::move(greetings)));                              // refused
    (void)bf::await(bf::race(one.write_all(bytes), stop.wait()));
    bf::await(bf::join_all(stop.wait(), bf::yield_now()));
    bf::await(bf::race(stop.wait(), bf::yield_now()));
    bf::await(bf::race(bf::on(one.write_all(bytes), [](const auto&) {}), bf::on(stop.wait(), [] {})));
}

int main() {}
