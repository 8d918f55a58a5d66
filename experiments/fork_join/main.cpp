// Question: what does work cost that forks into tasks and joins them, on one worker and on two, beside other runtimes?
// Unit: milliseconds of the whole work. Threats: two virtual processors, works that are little but tasks.
#include "works.hpp"

int main(int argc, char** argv) {
    using namespace bifilar::experiments;
    experiment all{"fork_join", 7, 1};
    all.parse(argc, argv);
    for (const forked_work& one : {fibonacci(), skynet(), queens(), matrix(), tree()}) add_forked(all, one);
    return all.run();
}
