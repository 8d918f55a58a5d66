// Question: what do more workers, more tasks, one object for all and a busy neighbour do to the cost of an operation?
// Unit: nanoseconds an operation, MB, cache lines. Threats: two virtual processors; what follows for more is argued.
#include "questions.hpp"

int main(int argc, char** argv) {
    using namespace bifilar::experiments;
    experiment all{"scaling", 9, 1};
    all.parse(argc, argv);
    add_by_workers(all);
    add_by_tasks(all);
    add_one_object(all);
    add_beside(all);
    add_given_back(all);
    return all.run();
}
