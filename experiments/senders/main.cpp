// Question: what does a message cost when very many senders wait on one channel, and does that depend on how many?
// Unit: nanoseconds a message from the first receive to the last, and bytes a parked sender. Threats: cold memory.
#include "meeting.hpp"

int main(int argc, char** argv) {
    using namespace bifilar::experiments;
    experiment all{"senders", 10, 1};
    all.parse(argc, argv);
    for (const std::uint32_t capacity : {16U, 1U})
        for (const std::uint64_t senders : {1'000, 10'000, 100'000, 1'000'000}) add_parked(all, capacity, senders);
    for (const std::uint64_t senders : {1, 1'000, 100'000}) add_given_up(all, senders);
    add_crowd(all, 513, 800);
    add_crowd(all, 10'000, 40);
    add_crowd(all, 100'000, 4);
    return all.run();
}
