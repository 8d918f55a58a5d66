// The search over executions, and the names that models use.
// Builds on execution and search; failures surface through Catch2.
#include "engine.hpp"

#include "execution.hpp"
#include "search.hpp"
#include "seen_states.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>

namespace model {
namespace {

constexpr std::uint64_t usual_seed = 20'260;

std::uint64_t seed_of(const options& how) {
    if (how.seed != 0) return how.seed;
    const char* const given = std::getenv("BIFILAR_MODEL_SEED");
    return given != nullptr ? std::strtoull(given, nullptr, 0) : usual_seed;
}

std::string count_of(unsigned bound, const char* what) {
    return (bound == unlimited ? "any" : std::to_string(bound)) + std::string(" ") + what;
}

// For a night: every bound as many steps further, in as much time. By day less time for a search, where somebody says
// so.
options widened(options how) {
    if (const char* const seconds = std::getenv("BIFILAR_MODEL_SECONDS"))
        how.max_seconds = std::min(how.max_seconds, std::strtod(seconds, nullptr));
    const char* const given = std::getenv("BIFILAR_MODEL_FURTHER");
    const auto by = given != nullptr ? static_cast<unsigned>(std::strtoul(given, nullptr, 0)) : 0U;
    if (by == 0) return how;
    for (unsigned* const bound : {&how.preemptions, &how.stale_reads, &how.early_stores})
        if (*bound != unlimited) *bound += by;
    how.random_executions *= 10;
    how.max_executions *= 10;
    return how;
}

// The failing execution once more, this time with a trace.
void explain(report& found, const options& how, const body& model, const std::string& seed) {
    given_schedule again(found.schedule);
    execution traced(how);
    const bool passed = traced.run(model, again, true);
    found.message = "model " + how.name + ": " + found.sentence + "\n  execution " + std::to_string(found.executions) +
                    seed + "\n  replay with BIFILAR_MODEL_REPLAY=\"" + found.schedule + "\"\n" + traced.trace_text();
    if (passed || traced.sentence() != found.sentence)
        found.message += "  (the replay went another way: the model is not deterministic)\n";
}

// Of this thread, so that what a search finds in its time does not depend on what else the machine does.
double processor_seconds() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

report search_all(const options& how, const body& model, search& choices) {
    const double started = processor_seconds();
    report found;
    execution run(how);
    seen_states seen;
    if (how.reduces && how.future_reads == 0 && choices.bounded()) run.cut_at(seen);
    for (;;) {
        ++found.executions;
        const bool passed = run.run(model, choices, false);
        found.cut += run.was_cut() ? 1 : 0;
        found.discarded += run.was_discarded() ? 1 : 0;
        found.max_steps = run.max_steps();
        if (!passed && !run.was_discarded()) {
            found.failed = true;
            found.sentence = run.sentence();
            found.schedule = schedule_text(run.schedule());
            return found;
        }
        if (!choices.next_execution()) {
            found.exhaustive = choices.bounded() && !run.passed_over();
            return found;
        }
        if (found.executions >= how.max_executions) return found;
        if (found.executions % 256 == 0 && processor_seconds() - started > how.max_seconds) return found;
    }
}

}  // namespace

report explore(const options& how, const body& model) {
    if (how.random_executions > 0) {
        random_walk walk(seed_of(how), how.random_executions);
        report found = search_all(how, model, walk);
        if (found.failed) explain(found, how, model, ", BIFILAR_MODEL_SEED=" + std::to_string(walk.seed()));
        return found;
    }
    depth_first all;
    report found = search_all(how, model, all);
    found.exhaustive = found.exhaustive && !all.passed_over();
    if (found.failed) explain(found, how, model, "");
    return found;
}

report replay(const options& how, const body& model, std::string_view schedule) {
    given_schedule choices(schedule);
    execution run(how);
    report found;
    found.failed = !run.run(model, choices, true) && !run.was_discarded();
    found.executions = 1;
    found.max_steps = run.max_steps();
    found.sentence = run.sentence();
    found.schedule = schedule_text(run.schedule());
    found.message = "model " + how.name + ": " + (found.failed ? found.sentence : "passed") + "\n" + run.trace_text();
    return found;
}

void check(const options& asked, const body& model) {
    const options how = widened(asked);
    if (const char* const given = std::getenv("BIFILAR_MODEL_REPLAY")) {
        const report found = replay(how, model, given);
        std::fprintf(stderr, "%s", found.message.c_str());
        if (found.failed) FAIL(found.message);
        return;
    }
    const report found = explore(how, model);
    std::string reach = "exhaustive within " + count_of(how.preemptions, "preemptions");
    reach += ", " + count_of(how.stale_reads, "stale reads");
    if (how.early_stores > 0) reach += ", " + count_of(how.early_stores, "early stores");
    if (how.future_reads > 0) reach += ", " + count_of(how.future_reads, "future reads");
    if (how.random_executions > 0)
        reach = "random from seed " + std::to_string(seed_of(how));
    else if (!found.exhaustive)
        reach = found.failed ? "failed" : "NOT exhaustive, stopped by its limit";
    std::printf("model %-58s %8llu executions and %8llu cut, up to %3zu operations, %s\n", how.name.c_str(),
                static_cast<unsigned long long>(found.executions - found.cut),
                static_cast<unsigned long long>(found.cut), found.max_steps, reach.c_str());
    std::fflush(stdout);
    if (found.failed) FAIL(found.message);
    SUCCEED();
}

void world::thread(std::string name, std::function<void()> body) {
    execution_->add_thread(std::move(name), std::move(body), false);
}
void world::sleeper(std::string name, std::function<void()> body) {
    execution_->add_thread(std::move(name), std::move(body), true);
}
void world::always(std::function<void()> check) { execution_->add_always(std::move(check)); }
void world::finally(std::function<void()> check) { execution_->add_finally(std::move(check)); }
void world::label(const void* address, std::string name) { execution_->label(address, std::move(name)); }
void world::keep(void* state, void (*destroy)(void*)) { execution_->keep(state, destroy); }

void require(bool condition, const char* sentence) noexcept {
    if (condition) return;
    if (execution* const run = execution::current(); run != nullptr) run->fail(sentence);
    std::fprintf(stderr, "model: require() outside an execution: %s\n", sentence);
    std::abort();
}

unsigned choose(unsigned alternatives) noexcept {
    execution* const run = execution::current();
    return run != nullptr ? run->choose(alternatives) : 0;
}

void hold_still(bool still) noexcept {
    if (execution* const run = execution::current(); run != nullptr) run->hold_still(still);
}

void settle() noexcept {
    bool gate = false;
    detail::born(&gate);
    (void)execution::current()->gate_wait(gate, execution::end_of_time);
    detail::gone(&gate);
}

int this_thread() noexcept {
    const execution* const run = execution::current();
    return run != nullptr ? run->running() : -1;
}

void fence(std::memory_order order) noexcept { detail::fence(order); }

void note(const char* text) noexcept {
    if (execution* const run = execution::current(); run != nullptr) run->note(text);
}

namespace {
void count(int by) noexcept {
    if (execution* const run = execution::current(); run != nullptr) run->count(by);
}
}  // namespace

counted::counted() noexcept { count(1); }
counted::counted(const counted&) noexcept { count(1); }
counted::~counted() { count(-1); }

}  // namespace model
