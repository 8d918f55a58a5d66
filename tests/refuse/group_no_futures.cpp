// expect: race takes futures, or a std::vector of futures of one type, or arms that on\(future, handler\) has made
// expect: try_race takes futures
// expect: join_all takes futures, or a std::vector of futures of one type
// expect: try_join_all takes futures, or a std::vector of futures of one type
// expect: try_join_all takes futures whose outputs are std::expected
// errors: 6
#include <bifilar/bifilar.hpp>

namespace bf = bifilar;

int main() {
    bf::race(5, bf::ready());
    bf::race(bf::on(bf::ready(), [] {}), bf::ready());
    bf::try_race(5, bf::ready());
    bf::join_all([] {});
    bf::try_join_all(5);
    bf::try_join_all(bf::ready(5));
    (void)bf::race(bf::ready(), bf::ready(5));
    (void)bf::join_all(std::vector<bf::task<int>>{});
    (void)bf::race(std::vector<bf::task<int>>{});
    (void)bf::race(bf::on(bf::ready(), [] {}));
}
