// What it takes to wake a thread that sleeps in its driver, on another processor, by each way that there is.
// Unit: ns from before the wake until the sleeper runs and has taken it. The waker first sees in /proc that it sleeps.
#include "doorbells.hpp"
#include "rows.hpp"

#include <algorithm>
#include <exception>
#include <future>
#include <harness/pin.hpp>
#include <harness/seat.hpp>
#include <harness/stopwatch.hpp>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <vector>

namespace bifilar::experiments {

namespace {

constexpr std::uint64_t warm_wakes = 50;
constexpr std::uint64_t timed_wakes = 500;
constexpr std::uint64_t all_wakes = warm_wakes + timed_wakes;

// Whether a thread of this process sleeps, by its stat in /proc.
class thread_watch {
public:
    explicit thread_watch(pid_t thread)
        : stat_{checked(open(("/proc/self/task/" + std::to_string(thread) + "/stat").c_str(), O_RDONLY | O_CLOEXEC),
                        "/proc/self/task")} {}
    [[nodiscard]] bool sleeps() const noexcept {
        std::array<char, 64> text;
        const ssize_t count = pread(stat_.get(), text.data(), text.size(), 0);
        if (count <= 0) return false;
        const std::string_view read{text.data(), static_cast<std::size_t>(count)};
        const std::size_t name_end = read.rfind(')');
        return name_end != std::string_view::npos && read.substr(name_end, 3) == ") S";
    }

private:
    descriptor stat_;
};

// What the two threads tell each other outside of the bell.
struct meeting {
    base::atomic<std::uint64_t> lying_down{0};  // The wake that is slept for next. Written by the sleeper.
    base::atomic<std::uint64_t> heard{0};       // Wakes heard. Written by the sleeper behind what follows.
    std::int64_t ran_ns = 0;                    // When the last was heard.
    std::uint64_t told = 0;                     // Wakes that the bell told of.
};

template <class Bell>
void sleep_and_hear(Bell& bell, meeting& at) {
    for (std::uint64_t n = 1; n <= all_wakes; ++n) {
        at.lying_down.store(n, base::release);  // Pairs with wake_asleep.
        at.told += bell.sleep();
        at.ran_ns = now_ns();
        at.heard.store(n, base::release);  // Pairs with wake_asleep; so that the two figures are visible.
    }
}

struct wake_times {
    std::vector<double> until_run_ns;
    std::vector<double> of_waker_ns;
};

template <class Bell>
wake_times wake_asleep(Bell& bell, meeting& at, const thread_watch& sleeper) {
    wake_times taken;
    for (std::uint64_t n = 1; n <= all_wakes; ++n) {
        while (at.lying_down.load(base::acquire) != n) {
        }  // Pairs with sleep_and_hear.
        // Twice, for it says so a little before it leaves its processor.
        while (!sleeper.sleeps() || !sleeper.sleeps()) {
        }
        const std::int64_t began = now_ns();
        bell.wake();
        const std::int64_t woken = now_ns();
        while (at.heard.load(base::acquire) != n) {
        }  // Pairs with sleep_and_hear.
        if (n <= warm_wakes) continue;
        taken.until_run_ns.push_back(static_cast<double>(at.ran_ns - began));
        taken.of_waker_ns.push_back(static_cast<double>(woken - began));
    }
    return taken;
}

double median(std::vector<double>& values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::ranges::nth_element(values, middle);
    return *middle;
}

template <class Bell>
sample wakes_by() {
    const std::vector<int> processors = allowed_processors();
    if (processors.size() < 2) throw std::runtime_error{"the waker and the sleeper need a processor each"};
    const pinned waker_on_the_last{1};
    const int sleepers = processors[processors.size() - 2];
    note_seat({sleepers}, 2);
    Bell bell;
    meeting at;
    std::optional<thread_watch> watch;  // Made by the sleeper, which sleeps only where it can be watched.
    std::promise<void> lies_down;
    std::jthread sleeper{[&] {
        try {
            pin_to({sleepers});
            bell.lie_down();
            watch.emplace(gettid());
        } catch (...) {
            return lies_down.set_exception(std::current_exception());
        }
        lies_down.set_value();
        sleep_and_hear(bell, at);
    }};
    lies_down.get_future().get();
    wake_times taken = wake_asleep(bell, at, *watch);
    sleeper.join();
    return {median(taken.until_run_ns), at.told, {{"of_the_waker_ns", median(taken.of_waker_ns)}}};
}

}  // namespace

void add_wakes(experiment& all) {
    workload work{"wakes", "a thread wakes one that sleeps on another processor", "ns until it runs", 2, all_wakes, {}};
    work.repetitions = 11;
    work.contenders = {{"eventfd in epoll", wakes_by<eventfd_in_epoll>},
                       {"eventfd read by the ring", wakes_by<eventfd_read_by_ring>},
                       {"eventfd polled by the ring", wakes_by<eventfd_polled_by_ring>},
                       {"message from ring to ring", wakes_by<message_of_rings>},
                       {"pipe in epoll", wakes_by<pipe_in_epoll>},
                       {"futex, no driver", wakes_by<futex_word>}};
    all.add(std::move(work));
}

}  // namespace bifilar::experiments
