// One experiment: workloads, each with contenders that do the same work and an oracle that checks their answers.
// Contenders take turns (A B C, A B C, ...), so that a slow minute of the machine hits all of them alike, and so do
// workloads that a rule compares. Where many repetitions are wanted, each third is taken at another time.
#include "run.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <set>

#include "machine.hpp"
#include "pin.hpp"
#include "seat.hpp"
#include "statistics.hpp"
#include "worker_counts.hpp"

namespace bifilar::experiments {

namespace {

// A slow minute would else be the whole of a workload whose repetitions take milliseconds, and decide its rule.
constexpr int max_parts = 3;
constexpr int repetitions_worth_parts = 25;

nlohmann::ordered_json to_json(const std::string& name, const std::vector<sample>& samples, const seat& where) {
    std::vector<double> values;
    std::map<std::string, std::vector<double>> also;
    for (const sample& one : samples) {
        values.push_back(one.value);
        for (const auto& [key, value] : one.also) also[key].push_back(value);
    }
    const summary all = summarise(values);
    nlohmann::ordered_json result;
    result["name"] = name;
    result["median"] = all.median;
    result["least"] = all.least;
    result["most"] = all.most;
    result["quartiles"] = {all.low_quartile, all.high_quartile};
    result["median_interval"] = {all.median_low, all.median_high};
    result["samples"] = values;
    result["seat"] = described(where);
    for (const auto& [key, list] : also) {
        const summary further = summarise(list);
        result["also"][key] = further.median;
        result["also_interval"][key] = {further.median_low, further.median_high};
    }
    return result;
}

// A peer's fault leaves out the peer; ours ends the page.
bool is_our_fault(const contender& one, const std::exception& error) noexcept {
    return !one.other && dynamic_cast<const fault*>(&error) != nullptr;
}

std::vector<std::uint32_t> counts_of_workers(const std::string& id, const std::string& list) {
    try {
        return worker_counts(list, static_cast<std::uint32_t>(allowed_processors().size()));
    } catch (const std::invalid_argument& error) {
        std::cerr << id << ": " << error.what() << '\n';
        std::exit(2);
    }
}

// Slow contenders take the last of every three rounds, so that each part has some, and the warm-up.
bool leaves_out_slow(int round, int wanted) noexcept {
    return round >= 0 && round % 3 != std::min(2, wanted - 1);
}

}  // namespace

experiment::experiment(std::string id, int repetitions, int quick_repetitions)
    : id_{std::move(id)}, repetitions_{repetitions}, quick_repetitions_{quick_repetitions} {}

void experiment::parse(int argc, char** argv) {
    const auto value = [&](int& at) -> std::string {
        if (++at < argc) return argv[at];
        std::cerr << id_ << ": " << argv[at - 1] << " needs a value\n";
        std::exit(2);
    };
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        if (word == "--quick")
            options_.quick = true;
        else if (word == "--list")
            options_.list = true;
        else if (word == "--progress")
            options_.progress = true;
        else if (word == "--json")
            options_.json_file = value(i);
        else if (word == "--peers")
            options_.peers = value(i);
        else if (word == "--only")
            options_.only = value(i);
        else if (word == "--workers")
            options_.workers = counts_of_workers(id_, value(i));
        else {
            std::cerr << id_ << ": unknown argument '" << word
                      << "'; use --quick, --list, --progress, --json FILE, --peers DIR, --only WORKLOAD or --workers "
                         "LIST\n";
            std::exit(2);
        }
    }
}

void experiment::list() const {
    for (const workload& work : workloads_) {
        std::cout << work.id << "  " << work.title << " [" << work.unit << "]:";
        for (const contender& one : work.contenders) std::cout << "  " << one.name;
        std::cout << '\n';
    }
}

// Once more where it failed: the rest of a contender's figures, or the page, shall not be lost to one bad moment.
sample experiment::repetition(const workload& work, const contender& one) const {
    std::string failed;
    for (;;) {
        (void)take_seat();
        try {
            sample got = work.isolated ? run_isolated(one.once) : one.once();
            if (got.answer != work.oracle)
                throw wrong_answer{"the answer is " + std::to_string(got.answer) + ", the oracle says " +
                                   std::to_string(work.oracle)};
            if (!failed.empty()) got.repeated = failed;
            return got;
        } catch (const std::exception& error) {
            const bool certain = is_our_fault(one, error) && dynamic_cast<const doubtful*>(&error) == nullptr;
            if (certain || !failed.empty()) throw;
            failed = error.what();
            std::cerr << id_ << ": " << work.id << ' ' << work.size << ", " << one.name << ", repeated: " << failed
                      << '\n';
        }
    }
}

// What a workload has given so far, by contender.
struct experiment::taking {
    const workload* of;
    int wanted;  // Repetitions.
    std::vector<std::vector<sample>> taken{of->contenders.size()};
    std::vector<seat> seats{of->contenders.size()};
    std::vector<std::string> refused{of->contenders.size()};  // Why; empty: it can be measured.
    nlohmann::ordered_json repeated = nlohmann::ordered_json::array();
};

void experiment::take_round(taking& to, int round) const {
    const workload& work = *to.of;
    for (std::size_t i = 0; i < work.contenders.size(); ++i) {
        const contender& one = work.contenders[i];
        if (one.slow && (options_.quick || leaves_out_slow(round, to.wanted))) continue;
        if (!to.refused[i].empty()) continue;
        try {
            to.taken[i].push_back(repetition(work, one));
        } catch (const std::exception& error) {
            std::cerr << id_ << ": " << work.id << ' ' << work.size << ", " << one.name << ": " << error.what() << '\n';
            if (is_our_fault(one, error)) throw;
            // A machine may refuse what another gives: a million stacks, ten thousand threads. The rest goes on.
            to.refused[i] = error.what();
            to.taken[i].clear();
            continue;
        }
        to.seats[i] = take_seat();
        if (const std::string& why = to.taken[i].back().repeated; !why.empty())
            to.repeated.push_back({{"name", one.name}, {"repetition", std::max(round + 1, 0)}, {"reason", why}});
        if (round < 0) to.taken[i].pop_back();
    }
}

// Workloads that are measured in the same rounds.
struct experiment::rounds {
    std::vector<taking> works = {};
    int warm_up = 0;
    int wanted = 0;
    [[nodiscard]] int parts() const noexcept { return wanted < repetitions_worth_parts ? 1 : max_parts; }
};

std::vector<experiment::rounds> experiment::all_rounds() const {
    std::vector<rounds> all;
    std::string before;
    for (const workload& work : workloads_) {
        if (work.in_turns.empty() || work.in_turns != before) all.emplace_back();
        before = work.in_turns;
        rounds& here = all.back();
        here.works.push_back({&work, wanted_of(work)});
        here.warm_up = std::max(here.warm_up, work.warm_up);
        here.wanted = std::max(here.wanted, here.works.back().wanted);
    }
    return all;
}

void experiment::take_part(rounds& these, int part) const {
    const int first = these.wanted * part / these.parts();
    const int end = these.wanted * (part + 1) / these.parts();
    for (int round = -these.warm_up; round < 0; ++round)
        for (taking& one : these.works)
            if (round >= -one.of->warm_up && first < one.wanted) take_round(one, round);
    for (int round = first; round < end; ++round)
        for (taking& one : these.works)
            if (round < one.wanted) take_round(one, round);
}

nlohmann::ordered_json experiment::told(const taking& all, int parts) {
    const workload& work = *all.of;
    nlohmann::ordered_json result{{"id", work.id}, {"title", work.title}, {"unit", work.unit}, {"size", work.size}};
    result["oracle"] = work.oracle;
    result["repetitions"] = all.wanted;
    result["warm_up"] = work.warm_up;
    if (parts > 1) result["parts"] = parts;
    if (!work.in_turns.empty()) result["in_turns"] = work.in_turns;
    result["contenders"] = nlohmann::ordered_json::array();
    for (std::size_t i = 0; i < all.taken.size(); ++i)
        if (!all.refused[i].empty())
            result["refused"].push_back({{"name", work.contenders[i].name}, {"reason", all.refused[i]}});
        else if (!all.taken[i].empty())
            result["contenders"].push_back(to_json(work.contenders[i].name, all.taken[i], all.seats[i]));
    if (!all.repeated.empty()) result["repeated"] = all.repeated;  // By contender and repetition; 0: of the warm-up.
    return result;
}

int experiment::wanted_of(const workload& work) const noexcept {
    const int own = options_.quick ? work.quick_repetitions : work.repetitions;
    return own != 0 ? own : (options_.quick ? quick_repetitions_ : repetitions_);
}

void experiment::choose() {
    if (options_.quick) std::erase_if(workloads_, [](const workload& work) { return work.full_only; });
    if (options_.only.empty()) return;
    std::set<std::string> all;
    for (const workload& work : workloads_) all.insert(work.id);
    if (!all.contains(options_.only)) {
        std::cerr << id_ << ": no workload '" << options_.only << "'" << (options_.quick ? " in a quick run" : "")
                  << "; there are:";
        for (const std::string& one : all) std::cerr << ' ' << one;
        std::cerr << '\n';
        std::exit(2);
    }
    std::erase_if(workloads_, [&](const workload& work) { return work.id != options_.only; });
}

void experiment::measure(std::vector<rounds>& all) const {
    std::size_t steps = 0;
    for (const rounds& these : all) steps += these.works.size() * static_cast<std::size_t>(these.parts());
    std::size_t done = 0;
    for (int part = 0; part < max_parts; ++part)
        for (rounds& these : all) {
            if (part >= these.parts()) continue;
            take_part(these, part);
            for (const taking& one : these.works) {
                ++done;
                if (options_.progress)  // Read by experiments/run.
                    std::cout << "progress " << done << ' ' << steps << ' ' << one.of->id << ' '
                              << std::llround(one.of->size) << std::endl;
            }
        }
}

int experiment::run() {
    choose();
    if (options_.list) {
        list();
        return 0;
    }
    nlohmann::ordered_json report{{"id", id_}, {"quick", options_.quick}, {"machine", describe_machine()}};
    report["facts"] = facts_;
    if (!refused_facts_.empty()) report["refused_facts"] = refused_facts_;
    report["workloads"] = nlohmann::ordered_json::array();
    std::vector<rounds> all = all_rounds();
    try {
        measure(all);
    } catch (const fault&) {
        std::cerr << id_ << ": no figures are written, because of that\n";
        return 1;
    }
    for (const rounds& these : all)
        for (const taking& one : these.works) report["workloads"].push_back(told(one, these.parts()));
    if (options_.json_file.empty()) {
        std::cout << report.dump(1) << '\n';
    } else {
        std::ofstream out{options_.json_file};
        out << report.dump(1) << '\n';
        if (!out) {
            std::cerr << id_ << ": cannot write " << options_.json_file << '\n';
            return 1;
        }
    }
    return 0;
}

}  // namespace bifilar::experiments
