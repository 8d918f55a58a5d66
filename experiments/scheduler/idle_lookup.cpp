// The one idle worker of N, found and put back: the scheduler's own bitmap, and a scan of one flag a worker.
// One thread. Both keep the same two counts by the same operations; only the place is found in another way.
#include <bifilar/base/detail/atomic.hpp>
#include <bifilar/base/detail/cache_line.hpp>
#include <bifilar/base/detail/random.hpp>
#include <bifilar/sched/detail/idle_set.hpp>
#include <optional>

#include "questions.hpp"

namespace bifilar::experiments {

namespace {

constexpr std::uint64_t lookups = 200'000;

// idle_set with a byte a worker in place of a bit.
class flag_set {
public:
    explicit flag_set(std::uint32_t workers) : flags_(workers) {}

    void enter(std::uint32_t worker, bool searching) noexcept {
        // seq_cst, all of them, as in idle_set: what is compared is the search for the place.
        flags_[worker].store(1, base::seq_cst);
        counts_.fetch_add(searching ? one_idle - one_searching : one_idle, base::seq_cst);
    }

    std::optional<std::uint32_t> claim() noexcept {
        std::uint64_t seen = counts_.load(base::relaxed);  // Relaxed: a guess for the exchange.
        do {
            if (seen >= one_searching || seen == 0) return std::nullopt;
        } while (!counts_.compare_exchange_weak(seen, seen + one_searching - one_idle, base::seq_cst, base::relaxed));
        for (std::uint32_t worker = 0; worker < flags_.size(); ++worker)
            // Relaxed: a guess; the exchange decides who gets the worker.
            if (flags_[worker].load(base::relaxed) != 0 && flags_[worker].exchange(0, base::seq_cst) != 0)
                return worker;
        return std::nullopt;
    }

private:
    static constexpr std::uint64_t one_idle = 1;
    static constexpr std::uint64_t one_searching = std::uint64_t{1} << 32;

    // Low half idle, high half searching, as in idle_set; here one thread writes and reads both.
    alignas(base::cache_line_bytes) base::atomic<std::uint64_t> counts_{0};
    // 1: the worker sleeps.
    std::vector<base::atomic<std::uint8_t>> flags_;
};

template <class Set>
sample find_and_put_back(std::uint32_t workers) {
    std::vector<std::uint32_t> places(4'096);
    base::random random{workers};
    for (std::uint32_t& place : places) place = random.below(workers);
    Set set{workers};
    std::size_t at = 0;
    set.enter(places[at], false);
    return direct(lookups, [&](std::uint64_t) -> std::uint64_t {
        const std::optional<std::uint32_t> found = set.claim();
        const bool right = found == places[at];
        at = (at + 1) % places.size();
        set.enter(places[at], true);
        return right ? 1 : 0;
    });
}

}  // namespace

void add_idle_lookup(experiment& all) {
    for (const std::uint32_t count : {1U, 8U, 64U, 1'024U}) {
        workload work{"idle_lookup",   "the one idle worker at a random place, found and put back",
                      "ns per lookup", static_cast<double>(count),
                      lookups,         {}};
        work.contenders = {{"idle set", [=] { return find_and_put_back<sched::idle_set>(count); }},
                           {"scan", [=] { return find_and_put_back<flag_set>(count); }}};
        work.in_turns = "idle lookup";
        work.repetitions = 45;
        all.add(std::move(work));
    }
}

}  // namespace bifilar::experiments
