// How a loop is run: Google Benchmark decides how often, in a runtime with one worker where it needs one.
#include "rows.hpp"

#include <functional>
#include <harness/pin.hpp>
#include <harness/workers.hpp>
#include <stdexcept>
#include <vector>

namespace bifilar::experiments {

namespace {

// Keeps what one run of one benchmark says.
class listener : public benchmark::BenchmarkReporter {
public:
    bool ReportContext(const Context&) override { return true; }
    void ReportRuns(const std::vector<Run>& runs) override {
        for (const Run& one : runs) {
            if (one.error_occurred) throw std::runtime_error{one.error_message};
            ns_ = one.GetAdjustedRealTime();
        }
    }
    [[nodiscard]] double ns() const noexcept { return ns_; }

private:
    double ns_ = 0;
};

}  // namespace

void in_coroutine(benchmark::State& state, coroutine_loop loop) {
    runtime made{workers(1)};
    made.run(loop, std::ref(state));
}
void in_fiber(benchmark::State& state, fiber_loop loop) {
    runtime made{workers(1)};
    made.spawn(backend::stackful, loop, std::ref(state)).join();
}

sample measure(const std::string& name) {
    const pinned here{1};
    listener heard;
    benchmark::RunSpecifiedBenchmarks(&heard, "^" + name + "/?");
    return {heard.ns(), 1, {}};
}

}  // namespace bifilar::experiments
