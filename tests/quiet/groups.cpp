// What GCC 12 took for uninitialized in users' code: groups of futures whose outputs have destructors.
#include <bifilar/bifilar.hpp>

#include <chrono>
#include <string>

namespace bf = bifilar;

bf::task<std::size_t> wait_in_groups(bf::channel<std::string>& words) {
    auto all = co_await bf::join_all(words.recv(), words.send("one"));
    if (auto& got = std::get<0>(all)) co_return got->size();
    auto first = co_await bf::race(words.recv(), bf::sleep_for(std::chrono::seconds{1}));
    auto now = co_await bf::try_race(words.recv(), bf::sleep_for(std::chrono::seconds{1}));
    co_return now ? now->index() : first.index();
}

int main() {
    bf::channel<std::string> words{1};
    return bf::run(wait_in_groups, std::ref(words)) == 3 ? 0 : 1;
}
