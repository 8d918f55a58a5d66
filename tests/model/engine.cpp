// The search over executions, and the names that models use.
// Builds on execution and search; failures surface through Catch2.
#include "engine.hpp"

#include "execution.hpp"
#include "search.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>

namespace model {
namespace {

constexpr std::uint64_t usual_seed = 20'260;

std::uint64_t seed_of(const options& how) {
    if (how.seed != 0) return how.seed;
    const char* const given = std::getenv("BIFILAR_MODEL_SEED");
    return given != nullptr ? std::strtoull(given, nullptr, 0) : usual_seed;
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

report search_all(const options& how, const body& model, search& choices) {
    using clock = std::chrono::steady_clock;
    const auto started = clock::now();
    report found;
    execution run(how);
    for (;;) {
        ++found.executions;
        const bool passed = run.run(model, choices, false);
        found.max_steps = run.max_steps();
        if (!passed) {
            found.failed = true;
            found.sentence = run.sentence();
            found.schedule = schedule_text(run.schedule());
            return found;
        }
        if (!choices.next_execution()) {
            found.exhaustive = choices.bounded();
            return found;
        }
        if (found.executions >= how.max_executions) return found;
        if (found.executions % 256 == 0 &&
            std::chrono::duration<double>(clock::now() - started).count() > how.max_seconds)
            return found;
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
    if (found.failed) explain(found, how, model, "");
    return found;
}

report replay(const options& how, const body& model, std::string_view schedule) {
    given_schedule choices(schedule);
    execution run(how);
    report found;
    found.failed = !run.run(model, choices, true);
    found.executions = 1;
    found.max_steps = run.max_steps();
    found.sentence = run.sentence();
    found.schedule = schedule_text(run.schedule());
    found.message = "model " + how.name + ": " + (found.failed ? found.sentence : "passed") + "\n" + run.trace_text();
    return found;
}

namespace {

// Less time for a search, in seconds, where somebody says so.
options limited(options how) {
    if (const char* const given = std::getenv("BIFILAR_MODEL_SECONDS"))
        how.max_seconds = std::min(how.max_seconds, std::strtod(given, nullptr));
    return how;
}

}  // namespace

void check(const options& usual, const body& model) {
    const options how = limited(usual);
    if (const char* const given = std::getenv("BIFILAR_MODEL_REPLAY")) {
        const report found = replay(how, model, given);
        std::fprintf(stderr, "%s", found.message.c_str());
        if (found.failed) FAIL(found.message);
        return;
    }
    const report found = explore(how, model);
    std::string reach = "exhaustive within " + std::to_string(how.preemptions) + " preemptions";
    if (how.store_delays > 0) reach += " and " + std::to_string(how.store_delays) + " delayed stores";
    if (how.random_executions > 0)
        reach = "random from seed " + std::to_string(seed_of(how));
    else if (!found.exhaustive)
        reach = found.failed ? "failed" : "NOT exhaustive, stopped by its limit";
    std::printf("model %-44s %9llu executions, up to %zu operations, %s\n", how.name.c_str(),
                static_cast<unsigned long long>(found.executions), found.max_steps, reach.c_str());
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

int this_thread() noexcept {
    const execution* const run = execution::current();
    return run != nullptr ? run->running() : -1;
}

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
