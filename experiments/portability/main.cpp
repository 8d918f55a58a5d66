// Question: what do coroutines cost as WebAssembly, beside the same source compiled for this processor?
// Unit: nanoseconds an operation, bytes a task. What a switch of stacks saves is counted by registers.py.
#include <filesystem>
#include <harness/memory.hpp>
#include <harness/pin.hpp>
#include <harness/run.hpp>
#include <portability/workloads.hpp>
#include <string>

namespace bifilar::experiments {

namespace {

using portability::measured;

sample as_sample(const measured& got) {
    sample made{got.value, got.answer, {}};
    if (got.frame_bytes > 0) made.also["frame_bytes"] = got.frame_bytes;
    return made;
}

double resident_bytes() { return static_cast<double>(read_memory().resident_bytes); }

sample in_node(const std::vector<std::string>& work) {
    if (!std::filesystem::exists(WASM_PROGRAM))
        throw std::runtime_error{"there is no WebAssembly program; experiments/run says why it was not built"};
    const pinned here{2};  // Node compiles on threads beside the one that runs.
    std::vector<std::string> words{"node", "--no-warnings", WASI_RUNNER, WASM_PROGRAM};
    words.insert(words.end(), work.begin(), work.end());
    return run_peer("/usr/bin/env", words);
}

template <class Native>
void add(experiment& all, workload work, Native native, std::vector<std::string> words) {
    work.contenders.push_back({"coroutine, native", [=] {
                                   const pinned here{1};
                                   return as_sample(native());
                               }});
    work.contenders.push_back({"coroutine, wasm32 under Node", [=] { return in_node(words); }});
    all.add(std::move(work));
}

void add_all(experiment& all) {
    using std::to_string;
    const std::uint64_t scale = all.options().quick ? 1 : 5;
    const std::uint64_t trips = 100'000 * scale;
    const std::uint64_t rounds = 200 * scale;
    const std::uint64_t calls = 1'000'000 * scale;
    constexpr std::uint64_t ring = 1000;
    constexpr std::uint64_t waiting = 100'000;
    add(all, {"trips", "request and reply over channels of capacity 1", "ns per round trip", 2, trips, {}},
        [=] { return portability::channel_trips(trips); }, {"trips", to_string(trips)});
    add(all, {"hops", "a token goes round a ring of coroutines", "ns per hop", ring, ring * rounds, {}},
        [=] { return portability::ring_hops(ring, rounds); }, {"hops", to_string(ring), to_string(rounds)});
    add(all, {"calls", "await a coroutine that ends at once", "ns per call", 1, calls, {}},
        [=] { return portability::child_calls(calls); }, {"calls", to_string(calls)});
    workload parked{"parked", "a hundred thousand coroutines wait", "bytes per task", waiting, waiting, {}};
    parked.isolated = true;
    add(all, std::move(parked), [=] { return portability::parked(waiting, resident_bytes); },
        {"parked", to_string(waiting)});
}

}  // namespace

}  // namespace bifilar::experiments

int main(int argc, char** argv) {
    using namespace bifilar::experiments;
    experiment all{"portability", 11, 3};
    all.parse(argc, argv);
    add_all(all);
    all.fact("bytes of an address, native", sizeof(void*));
    if (std::filesystem::exists(WASM_PROGRAM))
        all.fact("bytes of the WebAssembly program", std::filesystem::file_size(WASM_PROGRAM));
    return all.run();
}
