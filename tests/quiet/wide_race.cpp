// What GCC 12 took for uninitialized where it inlines most: races of several arms, of whose outputs some are plain.
// Which of them it warned of depended on the others in the file.
#include <bifilar/bifilar.hpp>

#include <chrono>
#include <span>
#include <string>
#include <variant>

namespace bf = bifilar;

using namespace std::chrono_literals;

bf::task<int> length(std::string word);

bf::task<std::size_t> wait_for_channels(bf::channel<std::string>& words, bf::channel<std::string>& more) {
    auto first = co_await bf::race(words.recv(), more.recv(), words.send("x"), bf::sleep_for(1s));
    co_return first.index();
}

bf::task<std::size_t> wait_for_a_task(bf::channel<std::string>& words, bf::tcp_stream& stream,
                                      std::span<std::byte> into) {
    auto first = co_await bf::race(length("x"), words.recv(), stream.read(into), bf::sleep_for(1s));
    co_return first.index();
}

bf::task<std::size_t> wait_for_an_event(bf::channel<std::string>& words, bf::channel<int>& numbers, bf::event& set) {
    auto first = co_await bf::race(words.recv(), numbers.recv(), set.wait(), bf::sleep_for(1s));
    if (first.index() == 0) co_return std::get<0>(first.value())->size();
    co_return first.index();
}

int main() {}
