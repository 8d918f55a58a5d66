// expect: deadline takes a future, or a callable without parameters that returns one
// errors: 2
#include <bifilar/bifilar.hpp>

namespace bf = bifilar;

void add_to(int& sum);

int main() {
    bf::deadline(add_to, std::chrono::seconds{1});
    bf::deadline([] { return 5; }, std::chrono::steady_clock::now());
    (void)bf::deadline([] { return bf::ready(); }, std::chrono::seconds{1});
    (void)bf::deadline(bf::ready(), std::chrono::steady_clock::now());
}
