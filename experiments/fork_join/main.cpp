// Question: what does work cost that forks into tasks and joins them, on one worker and on two, beside other runtimes?
// Unit: milliseconds of the whole work. Threats: two virtual processors, works that are little but tasks.
#include "works.hpp"

int main(int argc, char** argv) {
    using namespace bifilar::experiments;
    experiment all{"fork_join", 7, 1};
    all.parse(argc, argv);
    add_fibonacci(all);
    add_skynet(all);
    add_queens(all);
    add_matrix(all);
    add_tree(all);
    return all.run();
}
