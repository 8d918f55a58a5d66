// An attack on one example server: threads that hold conversations full of mutants, with healthy ones between, for so
// long, or until so much was parsed. Each protocol brings an attacker and a plan; the rest is here.
#pragma once

#include "mutator.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace attack {

/// The command line: --examples FOLDER --backend B --driver D [--seconds N | --inputs N] [--seed N] [--threads N].
struct options {
    std::string examples;  ///< The folder of the built examples.
    std::string backend = "stackless";
    std::string driver = "best";
    std::chrono::seconds time{0};  ///< 0: until so many mutants were parsed as `inputs` says.
    std::uint64_t inputs = 10'000;
    std::uint64_t seed = 0;
    unsigned threads = 2;
};
/// Throws std::invalid_argument.
[[nodiscard]] options parse_options(int count, char** arguments);

/// What was done and found. Any thread.
class tally {
public:
    /// Inputs that were changed, by a byte or more.
    void count_sent(std::uint64_t mutants) noexcept { sent_.fetch_add(mutants, std::memory_order_relaxed); }
    /// Those of them of which there is evidence that the program looked at them: an answer, or a refusal. Each once at
    /// most, whatever became of it; where the evidence is for several together, they count as one.
    void count_parsed(std::uint64_t mutants) noexcept { parsed_.fetch_add(mutants, std::memory_order_relaxed); }
    /// Inputs that were sent as they are, between mutants.
    void count_valid(std::uint64_t inputs) noexcept { valid_.fetch_add(inputs, std::memory_order_relaxed); }
    void count_healthy() noexcept { healthy_.fetch_add(1, std::memory_order_relaxed); }
    void count_connection() noexcept { connections_.fetch_add(1, std::memory_order_relaxed); }
    /// Prints what is wrong, with what was sent.
    void find(std::string_view what, std::string_view input);

    [[nodiscard]] std::uint64_t parsed() const noexcept { return parsed_.load(std::memory_order_relaxed); }
    [[nodiscard]] std::uint64_t findings() const noexcept { return findings_.load(std::memory_order_relaxed); }
    /// One line: "<name>: seed 1, sent ..., parsed ..., valid ..., ... findings", as tests/attack/run adds them up.
    void print(const std::string& name, std::uint64_t seed, std::chrono::duration<double> taken) const;

private:
    // Numbers that threads add to and that are read when they have ended: nothing is ordered by them.
    std::atomic<std::uint64_t> sent_{0};
    std::atomic<std::uint64_t> parsed_{0};
    std::atomic<std::uint64_t> valid_{0};
    std::atomic<std::uint64_t> healthy_{0};
    std::atomic<std::uint64_t> connections_{0};
    std::atomic<std::uint64_t> findings_{0};
    std::mutex printing_;
};

/// One thread's side of it.
class attacker {
public:
    attacker() = default;
    attacker(const attacker&) = delete;
    attacker& operator=(const attacker&) = delete;
    virtual ~attacker() = default;

    /// A conversation with mutants: counts what was sent and parsed, says what is wrong. May throw std::system_error
    /// when it cannot connect, which is a finding.
    virtual void attack(mutator& by, tally& into) = 0;
    /// A conversation of a healthy client, which must go well. Called every now and then.
    virtual void check_health(tally& into) = 0;
};

struct plan {
    std::string name;     ///< Of the attack.
    std::string program;  ///< Of the example.
    std::vector<std::string> arguments{};
    std::vector<std::string> corpus;
    std::vector<std::string> tokens{};
    std::function<std::unique_ptr<attacker>(std::uint16_t port)> make;
    std::size_t max_bytes = std::size_t{1} << 29;  ///< Of the server's memory: more is a finding.
};

/// Threads that each have an attacker, until the time is over, so much was parsed, or there are too many findings.
void assault(const options& given, const plan& what, std::uint16_t port, tally& into);
/// Starts the server, attacks it, checks what it holds, ends it, and prints the line. The exit code: 1 for findings.
[[nodiscard]] int attack_server(const options& given, const plan& what);
/// For main: turns exceptions into a line and the exit code 2.
[[nodiscard]] int run_attack(int count, char** arguments, const std::function<int(const options&)>& body);

}  // namespace attack
