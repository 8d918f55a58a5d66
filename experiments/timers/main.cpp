// Question: what does a sleep cost the processor, what does a timeout cost that is not needed, and how late is a sleep?
// Unit: nanoseconds of processor time a sleep; nanoseconds a timeout or a cancelled sleep; microseconds late.
// Threats: a shared machine wakes late; Tokio's and Go's timers are of other kinds, see the page.
#include "rows.hpp"

int main(int argc, char** argv) {
    using namespace bifilar::experiments;
    experiment all{"timers", 11, 3};
    all.parse(argc, argv);
    add_sleeps(all, 100'000);
    add_sleeps(all, 1'000'000);
    add_timeouts(all);
    add_lateness(all);
    add_bare_wait(all);
    return all.run();
}
