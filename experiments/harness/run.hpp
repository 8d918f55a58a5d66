// One experiment: workloads, each with contenders that do the same work and an oracle that checks their answers.
// Contenders take turns (A B C, A B C, ...), so that a slow minute of the machine hits all of them alike, and so do
// workloads that a rule compares. Where many repetitions are wanted, each third is taken at another time.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

namespace bifilar::experiments {

/// What one repetition of a contender gave.
struct sample {
    double value = 0;                    ///< In the workload's unit.
    std::uint64_t answer = 0;            ///< Compared with the oracle's.
    std::map<std::string, double> also;  ///< Further figures, named with their unit last.
    std::string repeated = {};           ///< Why the first try failed, of which this is the second; else empty.
};

struct contender {
    std::string name;
    std::function<sample()> once;
    bool slow = false;   ///< Fewer repetitions, and left out of --quick.
    bool other = false;  ///< Another's program: its crash or wrong answer leaves out the contender, not the page.
};

struct workload {
    std::string id;  ///< A word of the experiment, for the report's rules and plots.
    std::string title;
    std::string unit;
    double size = 0;  ///< The abscissa of a sweep: tasks, bytes.
    std::uint64_t oracle = 0;
    std::vector<contender> contenders;
    bool isolated = false;      ///< Each repetition in a process of its own, for memory.
    bool full_only = false;     ///< Not in --quick.
    int repetitions = 0;        ///< 0: the experiment's.
    int quick_repetitions = 0;  ///< The same for --quick.
    int warm_up = 1;            ///< Repetitions that are thrown away.
    std::string in_turns = {};  ///< Neighbours with the same word are measured in the same rounds; empty: by itself.
};

struct run_options {
    bool quick = false;
    bool list = false;
    bool progress = false;
    std::string json_file;
    std::string peers;                   ///< Folder with the peers' executables; empty: none.
    std::string only;                    ///< A workload's id; empty: all.
    std::vector<std::uint32_t> workers;  ///< Counts that sweeps run with, ascending; empty: no sweeps.
};

class experiment {
public:
    experiment(std::string id, int repetitions, int quick_repetitions);

    /// Reads --quick --list --json FILE --peers DIR --only WORKLOAD --workers LIST --progress, of which LIST is as of
    /// worker_counts(). Ends the process on anything else.
    void parse(int argc, char** argv);
    [[nodiscard]] const run_options& options() const noexcept { return options_; }

    void add(workload work) { workloads_.push_back(std::move(work)); }
    /// A figure that is not timed, such as the size of a type.
    void fact(const std::string& name, nlohmann::ordered_json value) { facts_[name] = std::move(value); }
    /// A fact that cannot be had here, with a sentence that says why; listed under "refused_facts".
    void refuse_fact(const std::string& name, const std::string& why) { refused_facts_[name] = why; }

    /// Runs what was added and writes the JSON. The process's exit code: 1 as soon as a contender of ours has a fault,
    /// such as an answer that differs from its oracle, and then no JSON. A repetition that fails otherwise is repeated
    /// once, which stands under "repeated" with its reason; a contender that fails again is left out, with its reason
    /// under "refused".
    [[nodiscard]] int run();

private:
    struct taking;
    struct rounds;
    void choose();
    [[nodiscard]] int wanted_of(const workload& work) const noexcept;
    [[nodiscard]] std::vector<rounds> all_rounds() const;
    void measure(std::vector<rounds>& all) const;
    void take_part(rounds& these, int part) const;
    void take_round(taking& to, int round) const;
    [[nodiscard]] sample repetition(const workload& work, const contender& one) const;
    [[nodiscard]] static nlohmann::ordered_json told(const taking& all, int parts);
    void list() const;

    std::string id_;
    int repetitions_;
    int quick_repetitions_;
    run_options options_;
    std::vector<workload> workloads_;
    nlohmann::ordered_json facts_ = nlohmann::ordered_json::object();
    nlohmann::ordered_json refused_facts_ = nlohmann::ordered_json::object();
};

/// A program did what it must not do; not something that the machine refuses.
struct fault : std::logic_error {
    using std::logic_error::logic_error;
};
/// Its process crashed.
struct crashed : fault {
    using fault::fault;
};
/// It did not do the work, or did another.
struct wrong_answer : fault {
    using fault::fault;
};
/// A reading that something else on the machine may have spoilt; a fault only when it comes twice.
struct doubtful : fault {
    using fault::fault;
};

/// Runs `work` in a forked process and gives its sample. While this process has one thread.
[[nodiscard]] sample run_isolated(const std::function<sample()>& work);

/// What a program prints, which is JSON. Throws std::runtime_error, and `crashed`.
[[nodiscard]] nlohmann::json printed_by(const std::string& program, const std::vector<std::string>& arguments);

/// Of an object with "value" and "answer". Throws what stands under "error" as std::runtime_error, under "wrong" as
/// wrong_answer, under "doubt" as doubtful.
[[nodiscard]] sample sample_of(const nlohmann::json& told);

/// Runs a peer's program; it prints one JSON object with "value" and "answer". Throws std::runtime_error.
[[nodiscard]] sample run_peer(const std::string& program, const std::vector<std::string>& arguments);

}  // namespace bifilar::experiments
