// Question: what does each operation of the library cost by itself, warm and without contention?
// Unit: nanoseconds an operation. Google Benchmark decides how often to repeat; the harness lets them take turns.
#include "rows.hpp"

#include <vector>

int main(int argc, char** argv) {
    using namespace bifilar::experiments;
    experiment all{"micro", 11, 1};
    all.parse(argc, argv);
    std::string program = "micro", brief = "--benchmark_min_time=0.05";
    std::vector<char*> words{program.data(), brief.data()};
    int count = static_cast<int>(words.size());
    benchmark::Initialize(&count, words.data());
    page to{all};
    add_in_coroutine(to);
    add_in_fiber(to);
    add_on_thread(to);
    return all.run();
}
