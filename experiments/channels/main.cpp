// Question: what does a message cost through each kind of channel, from producers to consumers, in both models?
// Unit: nanoseconds a message, spawn and join included. Threats: two virtual processors; no work between messages.
#include "rows.hpp"

int main(int argc, char** argv) {
    using namespace bifilar::experiments;
    experiment all{"channels", 25, 3};  // They take no time, and a rule wants two within 2 %.
    all.parse(argc, argv);
    add_memory(all);
    add_round_trips(all);
    add_close(all);
    add_select(all);
    add_conversations(all);
    return all.run();
}
