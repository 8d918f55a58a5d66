// The workloads as a WebAssembly program, one a run: prints {"value": …, "answer": …, "also": {…}}.
// Usage: trips N | hops TASKS ROUNDS | calls N | parked TASKS
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <portability/workloads.hpp>
#include <string_view>

namespace {

using namespace bifilar::experiments::portability;

double memory_bytes() { return static_cast<double>(__builtin_wasm_memory_size(0)) * 65536; }

measured run(std::string_view what, std::uint64_t size, std::uint64_t rounds) {
    if (what == "trips") return channel_trips(size);
    if (what == "hops") return ring_hops(size, rounds);
    if (what == "calls") return child_calls(size);
    if (what == "parked") return parked(size, memory_bytes);
    std::fprintf(stderr, "usage: trips N | hops TASKS ROUNDS | calls N | parked TASKS\n");
    std::exit(2);
}

}  // namespace

int main(int count, char** words) {
    const auto number = [&](int at) { return at < count ? std::strtoull(words[at], nullptr, 10) : 0; };
    const measured got = run(count > 1 ? words[1] : "", number(2), number(3));
    std::printf("{\"value\": %g, \"answer\": %" PRIu64 ", \"also\": {", got.value, got.answer);
    if (got.frame_bytes > 0) std::printf("\"frame_bytes\": %g", got.frame_bytes);
    std::printf("}}\n");
}
