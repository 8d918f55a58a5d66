// The looks, and what is made of a poll that is seen too often.
#include "monitor.hpp"

#include "dump/frame_text.hpp"
#include "thread_times.hpp"

#include <bifilar/base/detail/futex.hpp>
#include <bifilar/base/detail/signals_blocked.hpp>
#include <bifilar/sched/detail/scheduler.hpp>
#include <bifilar/task/detail/task_label.hpp>

#include <algorithm>
#include <cstdio>
#include <dlfcn.h>
#include <exception>
#include <optional>
#include <pthread.h>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace bifilar::stall {
namespace {

// For as long as the limit a poll is looked at so many times.
constexpr base::instant_ns looks_a_limit = 4;
// Where nothing has run for so long, looks are rarer.
constexpr base::instant_ns rest_ns = 1'000'000'000;
constexpr base::instant_ns rare_looks = 4;
// For all workers: each stops one for some microseconds, and takes some hundred of this thread.
constexpr std::uint32_t max_stops_a_second = 100;
// For a time that the kernel did not tell: then none is discounted.
constexpr base::instant_ns unknown = -1;

// Threads that are not at a stall. A forked child has none of them.
base::atomic<std::size_t> quiet{0};
[[maybe_unused]] const int watched = ::pthread_atfork(nullptr, nullptr, [] {
    quiet.store(0, base::relaxed);  // Relaxed: one thread.
});

// From before a poll is known to stall until nobody is told of it any more: a handler may wake tasks.
class not_quiet {
public:
    not_quiet() noexcept {
        // Relaxed: the stop of the worker orders it, which comes later, for those who look while that worker rests.
        quiet.fetch_sub(1, base::relaxed);
    }
    not_quiet(const not_quiet&) = delete;
    not_quiet& operator=(const not_quiet&) = delete;
    // Pairs with the fence in scheduler::is_alone; so that what a handler has woken is seen.
    ~not_quiet() { quiet.fetch_add(1, base::release); }
};

// Where the object file that has this code begins; null when nobody knows.
const void* object_of(const void* code) noexcept {
    Dl_info found{};
    return code != nullptr && ::dladdr(code, &found) != 0 ? found.dli_fbase : nullptr;
}

// The C library is where tasks of all kinds sleep, and read the clock while they spin.
bool is_in_c_library(std::uint64_t code) noexcept {
    static const void* const c_library = object_of(::dlsym(RTLD_DEFAULT, "nanosleep"));
    return c_library != nullptr && object_of(reinterpret_cast<const void*>(code)) == c_library;
}

// Reserved names are those of compilers and their libraries, sanitizers, and of the kernel's code in each process.
bool is_reserved(std::string_view function) noexcept {
    function = dump::name_in(function);
    return function.starts_with("__") || function.starts_with("operator new") ||
           function.starts_with("operator delete");
}

// The innermost function of the program itself, or its address; empty when nobody knows.
std::string own_function(std::span<const dumped_frame> frames) noexcept {
    for (std::size_t at = 0; at < frames.size(); ++at) {
        // What was expanded in another function has its address.
        std::size_t outer = at;
        while (frames[outer].code == 0 && outer + 1 < frames.size()) ++outer;
        const dumped_frame& frame = frames[at];
        if (!dump::is_own(frame) && !is_reserved(frame.function) && !is_in_c_library(frames[outer].code))
            return frame.function.empty() ? dump::hex(frame.code) : frame.function;
    }
    return {};
}

// The same for all tasks that are spawned at one place and stall in one function: their names may all differ.
std::string place_of(const task_stall& stall) {
    std::string made = own_function(stall.frames);
    if (stall.spawned_at.line() != 0)
        made.append(" ")
            .append(stall.spawned_at.file_name())
            .append(":")
            .append(std::to_string(stall.spawned_at.line()));
    return made;
}

}  // namespace

std::size_t monitor::quiet_threads() noexcept {
    return quiet.load(base::relaxed);  // Relaxed: whoever looks puts a fence behind it; see not_quiet.
}

monitor::monitor(sched::scheduler& of, std::chrono::nanoseconds limit, handler on_stall)
    : of_{of},
      limit_ns_{limit.count()},
      on_stall_{std::move(on_stall)},
      sightings_(of.workers()),
      stops_{max_stops_a_second},
      looked_ns_{base::now_ns()},
      last_run_ns_{looked_ns_} {
    try {
        const base::signals_blocked quietly;
        thread_ = std::thread{[this] { run(); }};
    } catch (const std::system_error& error) {
        throw std::system_error{error.code(),
                                "no thread to look for stalls; raise the limit on threads, or set "
                                "runtime_options::stall_limit to zero"};
    }
}

void monitor::stop() noexcept {
    if (!thread_.joinable()) return;
    ends_.store(1, base::relaxed);  // Relaxed: the join orders the rest.
    base::futex_wake(&ends_, 1);
    thread_.join();
}

void monitor::run() noexcept {
    quiet.fetch_add(1, base::relaxed);  // Relaxed: nothing came before.
    for (;;) {
        base::futex_wait(ends_, 0, pause());
        if (ends_.load(base::relaxed) != 0) break;  // Relaxed: see stop.
        look();
    }
    // Before the thread ends: as long as the kernel counts it, it is one that nobody knows.
    quiet.fetch_sub(1, base::relaxed);  // Relaxed: nothing comes later.
}

base::instant_ns monitor::pause() const noexcept {
    constexpr base::instant_ns longest_ns = 1'000'000'000;
    const base::instant_ns usual = limit_ns_ / looks_a_limit;
    return std::min(looked_ns_ - last_run_ns_ >= rest_ns ? rare_looks * usual : usual, longest_ns);
}

void monitor::look() noexcept {
    // Where this thread was held up, the machine may have stood still, and the workers with it.
    constexpr base::instant_ns held_up_pauses = 4;
    const base::instant_ns now = base::now_ns();
    const bool held_up = now - looked_ns_ > held_up_pauses * pause();
    for (std::uint32_t worker = 0; worker < sightings_.size(); ++worker) {
        if (ends_.load(base::relaxed) != 0) return;  // Relaxed: see stop.
        try {
            look_at(worker, held_up);
        } catch (const std::exception&) {
            // No memory, or no signal: this look has seen nothing.
        }
    }
    reader_.forget_tables(now);
    looked_ns_ = base::now_ns();
}

void monitor::look_at(std::uint32_t worker, bool held_up) {
    sighting& seen = sightings_[worker];
    const sched::worker::poll_mark present = of_.worker_at(worker).present_poll();
    const bool same = present == seen.poll;
    if (same && present.task == nullptr) return;
    const base::instant_ns now = last_run_ns_ = base::now_ns();
    if (!same) {
        seen = {};
        seen.poll = present;
        return;
    }
    if (seen.since_ns == 0 || (held_up && !seen.told)) {
        // In this order: what lies between is not counted.
        seen.waited_before_ns = waited_for_processor(of_.worker_at(worker).thread_id()).value_or(unknown);
        seen.since_ns = base::now_ns();
        return;
    }
    const base::instant_ns lasted = now - seen.since_ns;
    if (lasted < limit_ns_) return;
    const std::optional<base::instant_ns> without = waited(worker, seen, lasted);
    if (!without || lasted - *without < limit_ns_) return;
    const base::instant_ns counts = lasted - *without;
    if (seen.told && held_up) return;
    if (seen.told)
        longest_ns_.store(std::max(counts, longest_ns_.load(base::relaxed)), base::relaxed);  // Relaxed: a number.
    else if (now >= seen.ask_at_ns && stops_.take(now))
        examine(worker, seen);
}

// Of the time that a poll has lasted. None: the kernel does not tell it now, and a later look may know.
std::optional<base::instant_ns> monitor::waited(std::uint32_t worker, const sighting& seen,
                                                base::instant_ns lasted) const noexcept {
    if (seen.waited_before_ns == unknown) return 0;
    const std::optional<base::instant_ns> now = waited_for_processor(of_.worker_at(worker).thread_id());
    if (!now) return std::nullopt;
    return std::clamp<base::instant_ns>(*now - seen.waited_before_ns, 0, lasted);
}

void monitor::examine(std::uint32_t worker, sighting& seen) {
    const not_quiet handles;
    switch (reader_.take(of_, worker, seen.poll)) {
        using enum poll_reader::answer;
        case taken:
            return tell_of(worker, seen, reader_.taken_at_ns(), true);
        case not_stopped: {
            const base::instant_ns now = base::now_ns();
            seen.ask_at_ns = now + (now - seen.since_ns);
            // One that waits for a processor will stop, and is told from the others then.
            if (is_blocked(of_.worker_at(worker).thread_id())) tell_of(worker, seen, now, false);
            return;
        }
        case over:
        case busy:
            return;
    }
}

void monitor::tell_of(std::uint32_t worker, sighting& seen, base::instant_ns now, bool with_frames) {
    task_stall made;
    made.worker = worker;
    made.lasted = std::chrono::nanoseconds{now - seen.since_ns};
    // Again: the kernel counts such a wait when it is over, and a worker that has stopped had a processor.
    const std::optional<base::instant_ns> without = waited(worker, seen, now - seen.since_ns);
    if (!without) return;
    made.waited = std::chrono::nanoseconds{*without};
    const base::instant_ns counts = (made.lasted - made.waited).count();
    if (counts < limit_ns_) return;
    seen.told = true;
    // Relaxed, all: numbers, which this thread alone writes.
    stalls_.store(stalls_.load(base::relaxed) + 1, base::relaxed);
    longest_ns_.store(std::max(counts, longest_ns_.load(base::relaxed)), base::relaxed);
    if (with_frames) {
        reader_.read(made);
    } else {
        const detail::task_label label = detail::label_at(seen.poll.task);
        // It may have ended, and another have its address and a name.
        if (of_.worker_at(worker).present_poll() != seen.poll) return;
        made.name = label.name();
        made.spawned_at = label.place();
        made.problem =
            "its worker did not stop for a look: it is in a call that the kernel does not interrupt, or "
            "blocks SIGURG";
    }
    const std::optional<std::uint64_t> unreported = sites_.admit(place_of(made), base::now_ns());
    if (!unreported) return;
    made.unreported = *unreported;
    report(made);
}

void monitor::report(const task_stall& stall) const {
    if (!on_stall_) {
        std::fputs(("bifilar: " + stall.text()).c_str(), stderr);
        return;
    }
    [&]() noexcept { on_stall_(stall); }();
}

}  // namespace bifilar::stall
