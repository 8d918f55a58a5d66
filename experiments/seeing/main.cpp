// Question: what does it cost a running program to be looked into?
// Unit: microseconds, and nanoseconds of a yield. Threats: the workers' load is tasks that only yield, which a worker
// leaves at once.
#include <harness/run.hpp>

#include "workloads.hpp"

int main(int argc, char** argv) {
    using namespace bifilar::experiments;
    experiment all{"seeing", 11, 3};
    all.parse(argc, argv);
    add_dumps(all);
    add_costs(all);
    add_stalls(all);
    return all.run();
}
