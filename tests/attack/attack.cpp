// Threads, counts, and what is looked at when the attack is over.
#include "attack.hpp"

#include "server_process.hpp"
#include "wire.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <random>
#include <stdexcept>
#include <system_error>
#include <thread>

namespace attack {
namespace {

using clock = std::chrono::steady_clock;

constexpr std::uint64_t max_findings = 10;
constexpr unsigned conversations_per_healthy_one = 16;

std::uint64_t number(const std::string& name, const std::string& text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size())
        throw std::invalid_argument{name + " is '" + text + "'; give a number"};
    return value;
}

bool is_over(const options& given, clock::time_point began, const tally& so_far) {
    if (so_far.findings() >= max_findings) return true;
    return given.time.count() != 0 ? clock::now() - began >= given.time : so_far.parsed() >= given.inputs;
}

void attack_until_over(const options& given, const plan& what, std::uint16_t port, std::uint64_t number,
                       clock::time_point began, tally& into) try {
    const std::unique_ptr<attacker> one = what.make(port);
    mutator by{given.seed * 1000 + number, what.corpus, what.tokens};
    for (unsigned conversations = 0; !is_over(given, began, into); ++conversations) {
        if (conversations % conversations_per_healthy_one == 0) one->check_health(into);
        one->attack(by, into);
    }
    one->check_health(into);
} catch (const std::system_error& error) {
    into.find(std::string{"the server is lost: "} + error.what(), {});
}

// What the server holds when nobody is connected any more: as much as before.
void check_descriptors(const server_process& server, std::size_t before, tally& into) {
    const clock::time_point until = clock::now() + std::chrono::seconds{30};
    while (server.descriptors() > before && clock::now() < until)
        std::this_thread::sleep_for(std::chrono::milliseconds{10});
    if (server.descriptors() > before)
        into.find("descriptors: " + std::to_string(before) + " before, then " + std::to_string(server.descriptors()),
                  {});
}

}  // namespace

options parse_options(int count, char** arguments) {
    options made;
    made.seed = std::random_device{}();
    for (int at = 1; at < count; at += 2) {
        const std::string name = arguments[at];
        if (at + 1 == count) throw std::invalid_argument{name + " needs a value"};
        const std::string value = arguments[at + 1];
        if (name == "--examples")
            made.examples = value;
        else if (name == "--backend")
            made.backend = value;
        else if (name == "--driver")
            made.driver = value;
        else if (name == "--seconds")
            made.time = std::chrono::seconds{number(name, value)};
        else if (name == "--inputs")
            made.inputs = number(name, value);
        else if (name == "--seed")
            made.seed = number(name, value);
        else if (name == "--threads")
            made.threads = static_cast<unsigned>(number(name, value));
        else
            throw std::invalid_argument{name + " is no option of an attack; see attack.hpp"};
    }
    return made;
}

void tally::find(std::string_view what, std::string_view input) {
    findings_.fetch_add(1, std::memory_order_relaxed);
    const std::lock_guard hold{printing_};
    std::printf("finding: %.*s\n", static_cast<int>(what.size()), what.data());
    if (!input.empty()) std::printf("  after: %s\n", shown(input, 20'000).c_str());
    std::fflush(stdout);
}

void tally::print(const std::string& name, std::uint64_t seed, std::chrono::duration<double> taken) const {
    const auto number_of = [](const auto& counted) { return static_cast<unsigned long long>(counted.load()); };
    std::printf(
        "%s: seed %llu, sent %llu, parsed %llu, valid %llu, connections %llu, healthy %llu, findings %llu, %.1f s\n",
        name.c_str(), static_cast<unsigned long long>(seed), number_of(sent_), number_of(parsed_), number_of(valid_),
        number_of(connections_), number_of(healthy_), number_of(findings_), taken.count());
}

void assault(const options& given, const plan& what, std::uint16_t port, tally& into) {
    const clock::time_point began = clock::now();
    std::vector<std::jthread> threads;
    for (unsigned one = 0; one < given.threads; ++one)
        threads.emplace_back([&, one] { attack_until_over(given, what, port, one, began, into); });
}

int attack_server(const options& given, const plan& what) {
    const clock::time_point began = clock::now();
    std::vector<std::string> arguments{"--backend", given.backend, "--driver", given.driver};
    arguments.insert(arguments.end(), what.arguments.begin(), what.arguments.end());
    server_process server{given.examples + "/" + what.program, arguments};
    tally found;
    what.make(server.port())->check_health(found);  // What it opens once and keeps is open now.
    const std::size_t before = server.descriptors();
    assault(given, what, server.port(), found);
    if (server.runs()) check_descriptors(server, before, found);
    const std::size_t peak = server.peak_bytes();
    if (peak > what.max_bytes) found.find("memory: " + std::to_string(peak) + " bytes at the peak", {});
    const std::string wrong = server.stop();
    if (!wrong.empty()) found.find(what.program + ": " + wrong, {});
    found.print(what.name + ", " + given.backend + " over " + given.driver, given.seed, clock::now() - began);
    std::printf("  the server had %zu KiB at the peak and %zu descriptors when it was idle\n", peak / 1024, before);
    return found.findings() == 0 ? 0 : 1;
}

int run_attack(int count, char** arguments, const std::function<int(const options&)>& body) {
    try {
        const options given = parse_options(count, arguments);
        std::printf("seed %llu\n", static_cast<unsigned long long>(given.seed));
        std::fflush(stdout);
        return body(given);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "attack: %s\n", error.what());
        return 2;
    }
}

}  // namespace attack
