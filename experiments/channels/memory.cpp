// What a hundred thousand channels of capacity 1 take, each with a pointer in it.
// Resident bytes from /proc, as on the page on memory; the array of handles is touched before the first reading.
#include "rows.hpp"
#include <harness/measure.hpp>
#include <harness/memory.hpp>
#include <harness/peers.hpp>

#include <memory>
#include <vector>

namespace bifilar::experiments {

namespace {

constexpr std::uint64_t channels = 100'000;

sample hold() {
    using kind = channel<int*>;
    int pointed_at = 1;
    std::vector<std::unique_ptr<kind>> all(channels);
    const memory_use before = read_memory();
    const allocation_count asked_before = allocations();
    for (auto& one : all) {
        one = std::make_unique<kind>(1U);
        (void)one->try_send(&pointed_at);
    }
    const allocation_count asked = allocations();
    const memory_use after = read_memory();
    const auto each = [](auto total) { return static_cast<double>(total) / static_cast<double>(channels); };
    sample held;
    held.value = each(after.resident_bytes - before.resident_bytes);
    held.also["asked_for_bytes"] = each(asked.bytes - asked_before.bytes);
    held.also["asked_for_blocks"] = each(asked.calls - asked_before.calls);
    for (auto& one : all) held.answer += static_cast<std::uint64_t>(**one->try_recv());
    return held;
}

}  // namespace

void add_memory(experiment& all) {
    workload work{"memory",
                  "100,000 channels of capacity 1 with a pointer in each, resident",
                  "bytes per channel",
                  static_cast<double>(channels),
                  channels,
                  {}};
    work.isolated = true;
    work.warm_up = 0;
    work.repetitions = 10;
    work.quick_repetitions = 1;
    work.contenders = {{"either model", hold}};
    add_peers(all, work, every_channel({"held", std::to_string(channels)}));
    all.add(std::move(work));
    all.fact("size of a channel", sizeof(channel<int*>));
}

}  // namespace bifilar::experiments
