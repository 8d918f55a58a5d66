// Cancels a body at each of its suspensions, at each of four moments, in both models, and asks what became of what it
// waited for. Deterministic: one worker, led by a fiber.
#pragma once

#include "one_worker.hpp"

#include <string>
#include <vector>

namespace tests {

enum class moment { not_started, parked, being_woken, just_completed };
inline constexpr moment all_moments[] = {moment::not_started, moment::parked, moment::being_woken,
                                         moment::just_completed};

inline const char* to_string(moment at) {
    switch (at) {
        case moment::not_started:
            return "not started";
        case moment::parked:
            return "parked";
        case moment::being_woken:
            return "being woken";
        case moment::just_completed:
            return "just completed";
    }
    return "?";
}

inline constexpr int steps_of_a_body = 3;

// The body waits steps_of_a_body times; what the waits give it (guards, permits, values) it keeps until it ends.
template <class Scenario>
bifilar::task<> coroutine_body(Scenario& s) {
    using output = bifilar::output_of<decltype(s.step(0))>;
    std::vector<bifilar::value_of<output>> kept;
    for (int n = 0; n < steps_of_a_body; ++n) {
        if constexpr (std::is_void_v<output>)
            co_await s.step(n);
        else
            kept.push_back(co_await s.step(n));
        s.passed(n);
    }
}

template <class Scenario>
void fiber_body(Scenario& s) {
    using output = bifilar::output_of<decltype(s.step(0))>;
    std::vector<bifilar::value_of<output>> kept;
    for (int n = 0; n < steps_of_a_body; ++n) {
        if constexpr (std::is_void_v<output>)
            bifilar::await(s.step(n));
        else
            kept.push_back(bifilar::await(s.step(n)));
        s.passed(n);
    }
}

/// Scenario: step(n) is the n-th wait; wake(n) ends it; passed(n) is told; check(woken, passed) answers whether nothing
/// was lost, with the numbers of wakes made and of waits passed. A fresh one for each case.
template <class Scenario>
void cancel_everywhere(const std::string& name) {
    for (const bifilar::backend model : both_backends)
        for (const moment at : all_moments)
            for (int nth = 0; nth < steps_of_a_body; ++nth) {
                if (at == moment::not_started && nth != 0) continue;
                if (at == moment::just_completed && nth + 1 != steps_of_a_body) continue;
                INFO(name << ", " << bifilar::to_string(model) << ", " << to_string(at) << ", suspension " << nth);
                bifilar::runtime rt{both::small_runtime(1)};
                const bool conserved = rt.run([&] {
                    Scenario s;
                    auto victim = model == bifilar::backend::stackless
                                      ? bifilar::spawn(coroutine_body<Scenario>, std::ref(s))
                                      : bifilar::spawn(model, fiber_body<Scenario>, std::ref(s));
                    int woken = 0;
                    if (at != moment::not_started) {
                        let_others_park();
                        for (; woken < nth; ++woken) {
                            s.wake(woken);
                            let_others_park();
                        }
                    }
                    if (at == moment::being_woken || at == moment::just_completed) s.wake(woken++);
                    if (at == moment::just_completed) let_others_park();
                    victim.cancel();
                    const auto outcome = bifilar::await(victim.outcome());
                    const bool all = s.passes == steps_of_a_body;
                    let_others_park();
                    // Cancelled or complete, and not something between.
                    return outcome.has_value() == all && s.check(woken);
                });
                CHECK(conserved);
            }
}

/// What scenarios have in common.
struct scenario {
    int passes = 0;
    void passed(int) { ++passes; }
};

}  // namespace tests
