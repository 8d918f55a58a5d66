// One experiment: workloads, each with contenders that do the same work and an oracle that checks their answers.
// Contenders take turns (A B C, A B C, ...), so that a slow minute of the machine hits all of them alike.
#include "run.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>

#include "machine.hpp"
#include "pin.hpp"
#include "seat.hpp"
#include "statistics.hpp"
#include "worker_counts.hpp"

namespace bifilar::experiments {

namespace {

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

std::vector<std::uint32_t> counts_of_workers(const std::string& id, const std::string& list) {
    try {
        return worker_counts(list, static_cast<std::uint32_t>(allowed_processors().size()));
    } catch (const std::invalid_argument& error) {
        std::cerr << id << ": " << error.what() << '\n';
        std::exit(2);
    }
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

nlohmann::ordered_json experiment::run_one(const workload& work) {
    const int own = options_.quick ? work.quick_repetitions : work.repetitions;
    const int wanted = own != 0 ? own : (options_.quick ? quick_repetitions_ : repetitions_);
    std::vector<std::vector<sample>> taken(work.contenders.size());
    std::vector<seat> seats(work.contenders.size());
    std::vector<std::string> refused(work.contenders.size());  // Why; empty: it can be measured.
    for (int round = -work.warm_up; round < wanted; ++round) {
        for (std::size_t i = 0; i < work.contenders.size(); ++i) {
            const contender& one = work.contenders[i];
            if (one.slow && (options_.quick || round >= std::max(1, wanted / 3))) continue;
            if (!refused[i].empty()) continue;
            sample got;
            (void)take_seat();
            try {
                got = work.isolated ? run_isolated(one.once) : one.once();
            } catch (const std::exception& error) {
                // A machine may refuse what another gives: a million stacks, ten thousand threads. The rest goes on.
                refused[i] = error.what();
                if (dynamic_cast<const crashed*>(&error) != nullptr) wrong_ = true;
                std::cerr << id_ << ": " << work.id << ' ' << work.size << ", " << one.name << ": " << refused[i]
                          << '\n';
                taken[i].clear();
                continue;
            }
            seats[i] = take_seat();
            if (got.answer != work.oracle) {
                std::cerr << id_ << ": " << work.id << ", " << one.name << ": the answer is " << got.answer
                          << ", the oracle says " << work.oracle << '\n';
                wrong_ = true;
            }
            if (round >= 0) taken[i].push_back(got);
        }
    }
    nlohmann::ordered_json result{{"id", work.id}, {"title", work.title}, {"unit", work.unit}, {"size", work.size}};
    result["oracle"] = work.oracle;
    result["repetitions"] = wanted;
    result["warm_up"] = work.warm_up;
    result["contenders"] = nlohmann::ordered_json::array();
    for (std::size_t i = 0; i < taken.size(); ++i)
        if (!refused[i].empty())
            result["refused"].push_back({{"name", work.contenders[i].name}, {"reason", refused[i]}});
        else if (!taken[i].empty())
            result["contenders"].push_back(to_json(work.contenders[i].name, taken[i], seats[i]));
    return result;
}

int experiment::run() {
    std::erase_if(workloads_, [&](const workload& work) {
        return (options_.quick && work.full_only) || (!options_.only.empty() && work.id != options_.only);
    });
    if (options_.list) {
        list();
        return 0;
    }
    nlohmann::ordered_json report{{"id", id_}, {"quick", options_.quick}, {"machine", describe_machine()}};
    report["facts"] = facts_;
    if (!refused_facts_.empty()) report["refused_facts"] = refused_facts_;
    report["workloads"] = nlohmann::ordered_json::array();
    std::size_t done = 0;
    for (const workload& work : workloads_) {
        report["workloads"].push_back(run_one(work));
        ++done;
        if (options_.progress)  // One line a workload, read by experiments/run.
            std::cout << "progress " << done << ' ' << workloads_.size() << ' ' << work.id << ' '
                      << std::llround(work.size) << std::endl;
    }
    if (wrong_) {
        std::cerr << id_ << ": no figures are written, because work was left undone\n";
        return 1;
    }
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
