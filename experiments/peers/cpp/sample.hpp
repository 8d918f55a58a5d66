// What the C++ peers share: numbers of the command line, memory as /proc tells it, and the sample that they print.
// Uses no library: a peer is measured by its own code and its runtime's.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <utility>

namespace peer {

/// What there is not. main() ends with exit code 2 and this sentence.
struct refused : std::runtime_error {
    using std::runtime_error::runtime_error;
};

inline std::uint64_t number(const char* word) {
    char* end = nullptr;
    const std::uint64_t value = std::strtoull(word, &end, 10);
    if (end == word || *end != '\0') throw refused{std::string{"not a number: "} + word};
    return value;
}

/// The line of a file in /proc that begins so, in bytes.
inline double bytes_after(const char* file, const std::string& key) {
    std::ifstream in{file};
    for (std::string line; std::getline(in, line);)
        if (line.compare(0, key.size(), key) == 0)
            return static_cast<double>(std::strtoull(line.c_str() + key.size(), nullptr, 10)) * 1024;
    throw refused{std::string{file} + " has no line " + key};
}

struct memory {
    double resident = bytes_after("/proc/self/smaps_rollup", "Rss:");
    double tables = bytes_after("/proc/self/status", "VmPTE:");
};

/// Prints {"value": …, "answer": …, "also": {…}}.
inline void report(double value, std::uint64_t answer,
                   std::initializer_list<std::pair<const char*, double>> also = {}) {
    std::printf("{\"value\": %.17g, \"answer\": %llu, \"also\": {", value, static_cast<unsigned long long>(answer));
    const char* between = "";
    for (const auto& [name, figure] : also) {
        std::printf("%s\"%s\": %.17g", between, name, figure);
        between = ", ";
    }
    std::printf("}}\n");
}

/// What one of `count` tasks that wait takes more than nothing.
inline void report_waiting(const memory& before, const memory& after, std::uint64_t count, std::uint64_t answer) {
    const double each = static_cast<double>(count);
    const double resident = after.resident - before.resident;
    const double tables = after.tables - before.tables;
    report((resident + tables) / each, answer,
           {{"resident_bytes", resident / each},
            {"page_table_bytes", tables / each},
            {"resident_total_mb", resident / 1e6}});
}

using moment = std::chrono::steady_clock::time_point;

inline moment now() { return std::chrono::steady_clock::now(); }

inline double nanoseconds(moment start, moment end) {
    return static_cast<double>(std::chrono::duration_cast<std::chrono::nanoseconds>(end - start).count());
}

/// `once(count)` twice: the second time is the figure, the first is listed as cold. The answer is the second's.
template <class Once>
void report_warmed(std::uint64_t count, Once once) {
    const moment start = now();
    (void)once(count);
    const moment between = now();
    const std::uint64_t answer = once(count);
    const double each = static_cast<double>(count);
    report(nanoseconds(between, now()) / each, answer, {{"cold_ns", nanoseconds(start, between) / each}});
}

/// The turns of tasks that yield in a ring. One thread: nothing is atomic.
struct ring {
    static constexpr std::uint64_t warm = 2;  ///< Rounds that are not timed.
    std::uint64_t rounds;
    std::uint64_t turns = 0;
    moment start{};
    moment end{};

    /// Called by each task before its turn number `round`, of warm + rounds + 1.
    void turn(bool first, std::uint64_t round) {
        if (round >= warm && round < warm + rounds) ++turns;
        if (first && round == warm) start = now();
        if (first && round == warm + rounds) end = now();
    }
    [[nodiscard]] std::uint64_t last() const { return warm + rounds; }
};

/// Runs `work(argc - 1, argv + 1)`; says on stderr what it refused.
template <class Work>
int guarded(const char* program, int argc, char** argv, Work work) {
    try {
        if (argc < 2) throw refused{"name a workload and its numbers"};
        work(argc - 1, argv + 1);
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s: %s\n", program, error.what());
        return 2;
    }
}

}  // namespace peer
