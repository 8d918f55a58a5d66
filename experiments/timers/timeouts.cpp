// A timeout round a future that is ready at once or after one yield, and a sleep that is given up: what is not needed.
#include "rows.hpp"

namespace bifilar::experiments {

namespace {

// A sleep that is polled once, by which it waits, and then given up. 1 when it did wait.
class sleep_once {
public:
    using output = std::uint64_t;
    sleep_once() noexcept : sleep_{sleep_for(std::chrono::hours{1})} {}

    polled<std::uint64_t> poll(context& cx) { return std::uint64_t{sleep_.poll(cx) ? 0U : 1U}; }

private:
    sleep sleep_;
};

auto one_after_a_yield() {
    return map(yield_now(), [] { return std::uint64_t{1}; });
}

template <future F>
auto limited(F f) {
    return map(timeout(std::move(f), std::chrono::seconds{1}),
               [](std::expected<std::uint64_t, timed_out> answer) { return answer.value_or(0); });
}

// step(n) gives a future of 1.
template <class Step>
void add_steps(experiment& all, const std::string& id, const std::string& title, Step step, std::vector<peer> peers) {
    constexpr std::uint64_t count = 1'000'000;
    workload work{id, title, "ns per operation", static_cast<double>(count), count, {}};
    work.contenders = {{"coroutine",
                        [=] {
                            auto s = step;
                            return in_coroutine(count, s);
                        }},
                       {"fiber", [=] {
                            auto s = step;
                            return in_fiber(count, s);
                        }}};
    add_peers(all, work, std::move(peers));
    all.add(std::move(work));
}

}  // namespace

void add_timeouts(experiment& all) {
    const std::string count = "1000000";
    add_steps(
        all, "timeout_ready", "timeout of 1 s round a future that is ready",
        [](std::uint64_t) { return limited(bifilar::ready(std::uint64_t{1})); },
        go_and_tokio({"timeout", "ready", count}));
    add_steps(all, "timeout_yield", "timeout of 1 s round a future that is ready after one yield",
              [](std::uint64_t) { return limited(one_after_a_yield()); },
              {go({"timeout", "yield", count}), tokio({"timeout", "yield", count}),
               by_waker(tokio({"timeout", "waker", count}))});
    add_steps(all, "yield", "the same yield without the timeout", [](std::uint64_t) { return one_after_a_yield(); },
              {});
    add_steps(
        all, "cancel", "sleep of an hour, begun and cancelled", [](std::uint64_t) { return sleep_once{}; },
        go_and_tokio({"cancel", count}));
}

}  // namespace bifilar::experiments
