// Seeds in children or in the calling process, and what is made of the first that fails.
#include <bifilar/simulation/for_seeds.hpp>

#include "child.hpp"
#include "run.hpp"
#include "shrink.hpp"

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <poll.h>
#include <utility>
#include <vector>

namespace bifilar::simulation {
namespace {

using bifilar::detail::simulated_body;

std::string text_of(std::uint64_t seed, const std::string& failure, const plan& shortest) {
    std::string text = "seed " + std::to_string(seed) + " fails: " + failure;
    text += "\nrepeat it with BIFILAR_SEED=" + std::to_string(seed);
    if (shortest.empty()) return text + '\n';
    constexpr std::size_t max_told = 100;
    if (shortest.size() > max_told)
        return text + "; it is not known which of " + std::to_string(shortest.size()) + " decisions matter\n";
    text += "; or with options.plan, by simulation::plan::parse(\"" + shortest.code() + "\")";
    text += ", where, other than by default,\n" + shortest.words();
    return text;
}

std::optional<std::uint64_t> seed_of_environment() {
    const char* const given = std::getenv("BIFILAR_SEED");
    if (given == nullptr) return std::nullopt;
    std::uint64_t seed = 0;
    const char* const last = given + std::strlen(given);
    const auto [end, error] = std::from_chars(given, last, seed);
    if (error != std::errc{} || end != last)
        throw std::invalid_argument{"BIFILAR_SEED is '" + std::string{given} + "'; give a number"};
    return seed;
}

struct failed_seed {
    std::uint64_t seed;
    std::string failure;
    bool hangs = false;
};

// The seeds of one simulation.
class hunt {
public:
    hunt(std::uint64_t count, const options& how, const simulated_body& body)
        : count_{count}, how_{how}, body_{body}, patience_{how.patience} {
        how_.plan = {};
    }

    // Until one fails.
    std::optional<failed_seed> run_all() { return how_.processes == 0 ? run_here() : run_in_children(); }
    [[nodiscard]] const seeds_report& sum() const noexcept { return sum_; }

    // The shortest plan of a seed; empty where it does not fail again, or hangs: each look at that takes all patience.
    plan shortest_of(const failed_seed& one) {
        if (one.hangs) return {};
        if (how_.max_shrink_runs == 0) return plan{repeat(one).value_or(decision_list{})};
        std::optional<decision_list> whole = repeat(one);
        if (!whole) return {};
        const trial fails = [&](const decision_list& tried) { return try_plan(one, tried); };
        std::optional<decision_list> again = fails(*whole);
        if (!again) return plan{std::move(*whole)};
        return plan{shrink(std::move(*again), fails, how_.max_shrink_runs)};
    }

private:
    void add(const told& what) noexcept {
        sum_.seeds += what.seeds;
        sum_.turns += what.turns;
        sum_.decisions += what.decisions;
        sum_.time += std::chrono::nanoseconds{what.time_ns};
    }

    std::optional<failed_seed> run_here() {
        for (std::uint64_t seed = how_.first_seed; seed != how_.first_seed + count_; ++seed) {
            const report one = run_once(seed, how_, body_, {}).what;
            sum_.turns += one.turns;
            sum_.decisions += one.decisions;
            sum_.time += one.time;
            ++sum_.seeds;
            if (one.failed()) return failed_seed{seed, one.failure};
        }
        return std::nullopt;
    }

    // One of several children has every so many-th seed.
    void run_share(std::uint64_t first, told& into) const {
        for (std::uint64_t n = first; n < count_ && !into.failed; n += how_.processes) {
            into.seed.store(how_.first_seed + n, base::relaxed);  // Relaxed: the parent sees whether it changes.
            into.say(run_once(how_.first_seed + n, how_, body_, {}).what);
        }
    }

    std::optional<failed_seed> run_in_children() {
        std::vector<std::unique_ptr<child>> children;
        for (std::uint64_t n = 0; n != how_.processes; ++n) {
            children.push_back(std::make_unique<child>());
            children.back()->start([this, n](told& into) { run_share(n, into); }, false);
        }
        while (!children.empty()) {
            const auto next = children.begin() + first_to_end(children);
            child& one = **next;
            one.wait(patience_);
            add(one.says());
            if (const std::string failure = one.failure(); !failure.empty())
                return failed_seed{one.says().seed.load(base::relaxed), failure, one.hung()};  // Relaxed: it has ended.
            children.erase(next);
        }
        return std::nullopt;
    }

    // Or the first, when none ends for a while.
    [[nodiscard]] std::ptrdiff_t first_to_end(const std::vector<std::unique_ptr<child>>& children) const {
        std::vector<pollfd> ends;
        for (const auto& each : children) ends.push_back({each->descriptor(), 0, 0});
        const auto limit = static_cast<int>(std::min<std::int64_t>(patience_.count(), 1'000'000'000));
        while (::poll(ends.data(), ends.size(), limit) < 0 && errno == EINTR) {
        }
        for (std::size_t n = 0; n != ends.size(); ++n)
            if (ends[n].revents != 0) return static_cast<std::ptrdiff_t>(n);
        return 0;
    }

    // All decisions of the seed that were not the default, if it fails again.
    std::optional<decision_list> repeat(const failed_seed& one) { return attempt(one, how_); }
    std::optional<decision_list> try_plan(const failed_seed& one, const decision_list& tried) {
        options how = how_;
        how.plan = plan{tried};
        return attempt(one, how);
    }

    std::optional<decision_list> attempt(const failed_seed& one, const options& how) {
        if (how_.processes == 0) {
            const report made = bifilar::detail::simulate(one.seed, how, body_);
            if (!is_same_failure(made.failure, one.failure)) return std::nullopt;
            return made.plan.decisions();
        }
        trials_.start([&](told& into) { into.say(run_once(one.seed, how, body_, into.record).what); }, true);
        trials_.wait(patience_);
        if (!is_same_failure(trials_.failure(), one.failure)) return std::nullopt;
        return trials_.says().noted();
    }

    const std::uint64_t count_;
    options how_;
    const simulated_body& body_;
    const std::chrono::milliseconds patience_;
    seeds_report sum_;
    child trials_;
};

}  // namespace

seed_failed::seed_failed(std::uint64_t seed, std::string failure, simulation::plan shortest)
    : std::runtime_error{text_of(seed, failure, shortest)},
      seed_{seed},
      failure_{std::move(failure)},
      plan_{std::move(shortest)} {}

}  // namespace bifilar::simulation

namespace bifilar::detail {

simulation::seeds_report for_seeds(std::uint64_t count, const simulation::options& how, const simulated_body& body) {
    simulation::options asked = how;
    if (const auto given = simulation::seed_of_environment()) {
        asked.first_seed = *given;
        asked.processes = 0;
        asked.max_shrink_runs = 0;
        count = 1;
    }
    simulation::hunt seeds{count, asked, body};
    const auto failed = seeds.run_all();
    if (!failed) return seeds.sum();
    throw simulation::seed_failed{failed->seed, failed->failure, seeds.shortest_of(*failed)};
}

}  // namespace bifilar::detail
