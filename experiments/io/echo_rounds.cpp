// Rounds of echo servers: all of them side by side under one load, in short turns, or one after the other.
// The harness asks contender by contender; whoever is asked first in a round runs it, and each hands out its part.
#include "echo_rounds.hpp"

#include <harness/pin.hpp>
#include <harness/server_process.hpp>
#include <list>
#include <stdexcept>
#include <utility>

namespace bifilar::experiments {

std::size_t echo_rounds::add(std::vector<std::string> command) {
    servers_.emplace_back().command = std::move(command);
    return servers_.size() - 1;
}

sample echo_rounds::part_of(std::size_t number) {
    server& asked = servers_.at(number);
    if (asked.handed_out && !asked.failure) run();
    note_seat(where_.processors, where_.threads);
    asked.handed_out = true;
    if (asked.failure) std::rethrow_exception(asked.failure);
    return *asked.part;
}

std::optional<double> echo_rounds::best_of(std::initializer_list<std::size_t> those) const {
    const server* best = nullptr;
    for (const std::size_t number : those) {
        const server& one = servers_.at(number);
        if (one.part && (best == nullptr || one.sum < best->sum)) best = &one;
    }
    if (best == nullptr) return {};
    return best->part->value;
}

void echo_rounds::run() {
    std::vector<std::size_t> all;
    for (std::size_t number = 0; number < servers_.size(); ++number) {
        server& one = servers_[number];
        one.part.reset();
        one.first_failure.clear();
        one.handed_out = one.failure != nullptr;
        if (!one.failure) all.push_back(number);
    }
    (void)take_seat();
    if (shape_.slice != 0)
        run_together(all);
    else
        for (const std::size_t number : all) run_together({number});
    where_ = take_seat();
    for (server& one : servers_) {
        if (!one.part) continue;
        one.sum += one.part->value;
        one.part->repeated = one.first_failure;
    }
}

// Until a round goes through: figures beside a server that failed may be of what it did instead. A server that fails
// twice is left out from then on.
void echo_rounds::run_together(std::vector<std::size_t> group) {
    while (!group.empty()) {
        std::vector<std::size_t> failed = group;
        try {
            const std::optional<std::size_t> one = measure(group);
            if (!one) return;
            failed = {*one};
        } catch (const std::exception&) {
            for (const std::size_t number : group) servers_[number].failure = std::current_exception();
        }
        for (const std::size_t number : failed)
            if (!forgiven(servers_[number])) std::erase(group, number);
    }
}

// Whether it may try again: the first time in a round, unless what it answered was wrong.
bool echo_rounds::forgiven(server& one) {
    if (!one.first_failure.empty()) return false;
    try {
        std::rethrow_exception(one.failure);
    } catch (const fault&) {
        return false;
    } catch (const std::exception& error) {
        one.first_failure = error.what();
    }
    one.failure = nullptr;
    return true;
}

// Gives the server that failed, if one did.
std::optional<std::size_t> echo_rounds::measure(const std::vector<std::size_t>& group) {
    std::list<server_process> started;
    std::vector<std::string> load{
        "--connections", std::to_string(shape_.connections), "--in-flight", std::to_string(shape_.in_flight),
        "--bytes",       std::to_string(shape_.bytes),       "--seconds",   std::to_string(shape_.seconds)};
    if (shape_.slice != 0) load.insert(load.end(), {"--slice", std::to_string(shape_.slice)});
    for (const std::size_t number : group) {
        try {
            const server_process& one = started.emplace_back(servers_[number].command);
            load.insert(load.end(), {"--connect", one.address(), "--server-pid", std::to_string(one.process())});
        } catch (const std::exception&) {
            servers_[number].failure = std::current_exception();
            return number;
        }
    }
    const pinned beside_the_servers{1};
    nlohmann::json told = printed_by(LOAD_PROGRAM, load);
    if (!told.is_array()) told = nlohmann::json::array({told});
    for (std::size_t at = 0; at < group.size(); ++at) {
        if (!told.at(at).contains("error") && !told[at].contains("wrong")) continue;
        try {
            (void)sample_of(told[at]);
        } catch (const std::exception&) {
            servers_[group[at]].failure = std::current_exception();
        }
        return group[at];
    }
    for (std::size_t at = 0; at < group.size(); ++at) servers_[group[at]].part = sample_of(told.at(at));
    return {};
}

}  // namespace bifilar::experiments
