// Question: what is each rule of the scheduler worth?
// Unit: each workload says its own. Threats: two processors have one thief; virtual processors wake slowly.
#include "questions.hpp"

int main(int argc, char** argv) {
    using namespace bifilar::experiments;
    experiment all{"scheduler", 25, 3};  // Most differences are small ones.
    all.parse(argc, argv);
    all.fact("processors of this run", allowed_processors().size());
    add_locality(all);
    add_placement(all);
    add_toil(all);
    add_ring(all);
    add_starvation(all);
    add_budget(all);
    add_victims(all);
    add_steal(all);
    add_by_workers(all);
    add_idle_lookup(all);
    add_pause(all);
    add_wake(all);
    add_idle(all);
    add_global_queue(all);
    add_global_check(all);
    return all.run();
}
