// One run: the baton, the clock, the kernel and the runtime, in this order, and how it ended.
#include <bifilar/simulation/simulate.hpp>

#include "run.hpp"
#include "weather.hpp"

#include <bifilar/base/detail/baton.hpp>
#include <bifilar/task/detail/thread_state.hpp>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <cxxabi.h>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <typeinfo>
#include <utility>
#include <vector>

namespace bifilar::simulation {
namespace {

using bifilar::detail::simulated_body;

std::string type_of_current_exception() {
    const std::type_info* const type = abi::__cxa_current_exception_type();
    if (type == nullptr) return "an exception";
    int status = 0;
    const std::unique_ptr<char, void (*)(void*)> name{abi::__cxa_demangle(type->name(), nullptr, nullptr, &status),
                                                      &std::free};
    return status == 0 ? name.get() : type->name();
}

std::string described(const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const std::exception& known) {
        return type_of_current_exception() + ": " + known.what();
    } catch (...) {
        return type_of_current_exception();
    }
}

void check_place() {
    if (base::baton::here() != nullptr)
        throw std::logic_error{"a simulation inside of another; let the outer one end first"};
    if (bifilar::detail::this_thread().worker != nullptr)
        throw std::logic_error{"a simulation inside of a task; begin it on a plain thread"};
}

// All of one run but its report.
class world {
public:
    world(const options& how, base::decisions& by)
        : how_{how}, simulation_{by, how.max_turns}, kernel_{kernel_options(how, by)} {
        plan_failures(kernel_, how, by);
        if (how.prepare) how.prepare(kernel_);
    }
    world(const world&) = delete;
    world& operator=(const world&) = delete;
    ~world() { simulation_.await_others(); }

    // Until all has ended.
    void run(const simulated_body& body, report& into) {
        const auto began = clock_.now();
        try {
            runtime machine{machine_options()};
            try {
                body(machine);
            } catch (...) {
                keep(std::current_exception());
            }
        } catch (...) {
            keep(std::current_exception());
        }
        simulation_.await_others();
        into.time = clock_.now() - began;
        into.kernel = kernel_.counts();
        into.turns = simulation_.turns();
        into.error = error_;
    }

private:
    [[nodiscard]] runtime_options machine_options() {
        runtime_options made;
        made.workers = how_.workers;
        made.driver = driver_kind::simulated;
        made.simulation = &kernel_;
        made.clock = &clock_;
        made.on_detached_exception = [this](std::exception_ptr error) { keep(std::move(error)); };
        return made;
    }
    // The first counts, by whichever thread that runs.
    void keep(std::exception_ptr error) {
        if (error_ != nullptr) return;
        if (simulation_.is_endless())
            error = std::make_exception_ptr(
                std::runtime_error{"the simulation does not end: it has had options::max_turns turns"});
        error_ = std::move(error);
    }

    const options& how_;
    base::baton simulation_;
    // The same moment in each run.
    simulated_clock clock_{simulated_clock::mode::automatic, base::steady::time_point{std::chrono::hours{1'000}}};
    simulated_kernel kernel_;
    std::exception_ptr error_;
};

base::decisions decisions_of(std::uint64_t seed, const options& how, std::span<base::decision> record) {
    if (how.plan) return {how.plan->decisions(), record};
    return {seed, record};
}

}  // namespace

finished_run run_once(std::uint64_t seed, const options& how, const simulated_body& body,
                      std::span<base::decision> record) {
    check_place();
    finished_run made;
    made.what.seed = seed;
    std::exception_ptr refused;
    // A thread of its own, which has no driver, no clock and no random numbers from before.
    std::thread{[&] {
        try {
            base::decisions by = decisions_of(seed, how, record);
            world{how, by}.run(body, made.what);
            made.what.hash = by.trace();
            made.what.decisions = by.made();
            made.noted = static_cast<std::size_t>(std::min<std::uint64_t>(by.noted(), record.size()));
        } catch (...) {
            refused = std::current_exception();
        }
    }}.join();
    if (refused != nullptr) std::rethrow_exception(refused);
    if (made.what.error != nullptr) made.what.failure = described(made.what.error);
    return made;
}

bool is_same_failure(std::string_view one, std::string_view other) noexcept {
    const auto skip = [](std::string_view& text) {
        const auto digit = [](char letter) { return std::isxdigit(static_cast<unsigned char>(letter)) != 0; };
        if (text.empty() || std::isdigit(static_cast<unsigned char>(text.front())) == 0) return;
        text.remove_prefix(static_cast<std::size_t>(std::ranges::find_if_not(text, digit) - text.begin()));
    };
    for (;;) {
        skip(one);
        skip(other);
        if (one.empty() || other.empty()) return one.empty() && other.empty();
        if (one.front() != other.front()) return false;
        one.remove_prefix(1);
        other.remove_prefix(1);
    }
}

}  // namespace bifilar::simulation

namespace bifilar::detail {

simulation::report simulate(std::uint64_t seed, const simulation::options& how, const simulated_body& body) {
    // Not set: pages that are not needed are never touched.
    const auto record = std::make_unique_for_overwrite<base::decision[]>(simulation::max_decisions);
    simulation::finished_run made = simulation::run_once(seed, how, body, {record.get(), simulation::max_decisions});
    made.what.plan = simulation::plan{std::vector<base::decision>(record.get(), record.get() + made.noted)};
    return std::move(made.what);
}

}  // namespace bifilar::detail
