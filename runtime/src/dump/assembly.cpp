// The pauses, and what is made of the notes.
#include "assembly.hpp"

#include <bifilar/sched/detail/scheduler.hpp>
#include <bifilar/sched/detail/worker.hpp>
#include <bifilar/sched/detail/worker_freeze.hpp>

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

namespace bifilar::dump {
namespace {

// A worker stands still for the first at most, which it takes until all do, and then for the second.
constexpr base::instant_ns stop_limit_ns = 2'000'000;
constexpr base::instant_ns portion_ns = 1'500'000;
// Where workers get no processor so soon, they are given longer each time, and after so long what there is must do.
constexpr base::instant_ns longest_stop_ns = 500'000'000;
constexpr base::instant_ns give_up_ns = 20'000'000'000;

// The number of the last visit. Under the lock that a worker_freeze has.
std::uint32_t rounds = 0;

}  // namespace

assembly::assembly(sched::scheduler& of) : of_{of}, running_(of.workers()) {}

// What each worker runs, and where it was stopped.
void assembly::see_running(const sched::worker_freeze& freeze) noexcept {
    for (std::uint32_t index = 0; index < of_.workers(); ++index)
        running_[index] = dump::see_running(freeze, of_.worker_at(index));
}

// One stop of all workers, for a portion of a visit, which `look` makes. None: some did not stop.
template <class Look>
std::optional<detail::portion> assembly::pause(sched::worker_freeze& freeze, base::instant_ns limit, Look look) {
    const base::instant_ns begin = base::now_ns();
    if (!freeze.stop(std::chrono::nanoseconds{limit})) return std::nullopt;
    const detail::portion ended = look();
    // Before the workers go on: afterwards one of them may take this thread's processor.
    const std::chrono::nanoseconds lasted{base::now_ns() - begin};
    freeze.resume();
    ++made_.pauses_;
    made_.longest_pause_ = std::max(made_.longest_pause_, lasted);
    return ended;
}

void assembly::collect() {
    notes_.make_room(of_.live() + 64);
    sched::worker_freeze freeze{of_};
    detail::portion_progress progress{.round = ++rounds};
    const auto look = [&] {
        see_running(freeze);
        notes_.begin(portion_ns, running_);
        return of_.visit_portion(progress, notes_);
    };
    base::instant_ns limit = stop_limit_ns;
    const base::instant_ns give_up = base::now_ns() + give_up_ns;
    for (;;) {
        const base::instant_ns begin = base::now_ns();
        const std::optional<detail::portion> ended = pause(freeze, limit, look);
        if (!ended) {
            if (base::now_ns() >= give_up) {
                made_.problem_ = "tasks are missing: worker " + std::to_string(freeze.late()) +
                                 " did not stop, because it gets no processor or blocks SIGURG. ";
                return;
            }
            limit = std::min(2 * limit, longest_stop_ns);
        } else if (ended == detail::portion::last) {
            return;
        }
        if (notes_.lacked_room()) notes_.make_room(notes_.tasks().size() + 1024);
        rules_.learn(tables_);
        // The workers have at least as long for their tasks.
        base::sleep_thread(std::chrono::nanoseconds{base::now_ns() - begin});
    }
}

runtime_dump assembly::take() {
    made_.workers_ = of_.workers();
    collect();
    made_.taken_at_ns_ = of_.timers_now();
    if (!tables_.problem().empty())
        made_.problem_ += "functions have no lines, and fibers no backtraces: " + tables_.problem() + ". ";
    made_.tasks_.reserve(notes_.tasks().size());
    for (const noted_task& task : notes_.tasks()) made_.tasks_.push_back(read(task));
    name_tasks();
    find_deadlocks();
    return std::move(made_);
}

namespace {

// As wait_fact::holder has it.
std::uint32_t holder_word(std::uint64_t address) noexcept { return static_cast<std::uint32_t>(address >> 4); }

void name_task(dumped_wait& wait, const std::unordered_map<std::uint32_t, std::uint64_t>& holders) {
    for (const wait_fact& fact : wait.facts) {
        if (fact.what() == wait_fact::kind::task) wait.on_task = fact.value();
        if (fact.what() != wait_fact::kind::holder) continue;
        const auto found = holders.find(static_cast<std::uint32_t>(fact.value()));
        if (found != holders.end()) wait.on_task = found->second;
    }
    for (dumped_wait& arm : wait.arms) name_task(arm, holders);
}

}  // namespace

// A lock knows a part of its holder's address.
void assembly::name_tasks() {
    std::unordered_map<std::uint32_t, std::uint64_t> holders;
    for (const dumped_task& task : made_.tasks_) holders[holder_word(task.address)] = task.address;
    for (dumped_task& task : made_.tasks_) name_task(task.waits, holders);
}

// The frames of the switch were expanded in the function that waits, and its line is that of the switch.
void assembly::name_wait(const std::source_location& place, std::vector<dumped_frame>& frames) {
    if (place.line() == 0) return;
    const auto waits =
        std::ranges::find_if(frames, [](const dumped_frame& one) { return !one.function.starts_with("bifilar::"); });
    if (waits == frames.end()) return;
    waits->file = place.file_name();
    waits->line = place.line();
}

dumped_task assembly::read(const noted_task& task) {
    dumped_task made;
    made.address = reinterpret_cast<std::uint64_t>(task.header);
    made.name = notes_.name_of(task);
    made.spawned_at = task.spawned_at;
    made.model = task.model;
    made.now = task.now;
    made.worker = task.worker;
    made.cancelling = task.cancelling;
    made.number = task.number;
    made.parent = task.parent;
    made.age = std::chrono::nanoseconds{task.age_ns};
    made.since = std::chrono::nanoseconds{task.since_ns};
    made.polls = task.polls;
    made.busy = std::chrono::nanoseconds{task.busy_ns};
    made.longest = std::chrono::nanoseconds{task.longest_ns};
    std::size_t at = 0;
    made.waits = read_wait(task, at, made);
    return made;
}

// Up to the end of an arm, or of all.
dumped_wait assembly::read_wait(const noted_task& task, std::size_t& at, dumped_task& of) {
    dumped_wait made;
    const std::span<const noted_step> steps = notes_.steps_of(task);
    for (; at < steps.size(); ++at) {
        const noted_step& step = steps[at];
        switch (step.is) {
            using enum noted_step::kind;
            case wait: {
                const auto facts = notes_.facts_of(step);
                made.type = step.type;
                made.facts.assign(facts.begin(), facts.end());
                break;
            }
            case frame: {
                std::vector<dumped_frame> found;
                // Where it goes on is the beginning of an instruction, and no return address.
                names_.add(reinterpret_cast<std::uint64_t>(step.code) + 1, found);
                dumped_frame& one = found.back();
                one.file = step.place.file_name();
                one.line = step.place.line();
                made.frames.push_back(std::move(one));
                break;
            }
            case stack:
                for (const std::uint64_t code : notes_.addresses_of(step)) names_.add(code, made.frames);
                name_wait(step.place, made.frames);
                if (task.now == dumped_task::state::parked) {
                    of.stack_used = step.stack_used;
                    of.stack_bytes = step.stack_bytes;
                }
                break;
            case begin_arms:
                made.type = step.type;
                made.how = step.how;
                ++at;
                while (at < steps.size() && steps[at].is == next_arm) made.arms.push_back(read_wait(task, ++at, of));
                break;
            case next_arm:
            case end_arms:
                return made;
        }
    }
    return made;
}

namespace {

// Which circles of tasks wait for each other at one moment, as they were seen to before.
class second_look final : public detail::portion_visitor, public task_visitor {
public:
    second_look(const std::vector<std::vector<wait_edge>>& circles, const std::vector<dumped_task>& tasks)
        : found_(circles.size()) {
        for (std::size_t at = 0; at < circles.size(); ++at)
            for (const wait_edge& edge : circles[at]) wanted_[tasks[edge.from].address] = {at, edge.facts};
    }

    void begin() noexcept {
        std::ranges::fill(found_, 0);
        until_ = base::now_ns() + 2 * portion_ns;
    }
    /// How many tasks of a circle.
    [[nodiscard]] std::size_t found(std::size_t circle) const noexcept { return found_[circle]; }

    void visit(detail::task_header& task) noexcept override {
        const auto at = wanted_.find(reinterpret_cast<std::uint64_t>(&task));
        if (at == wanted_.end() || task.state_.is_claimed()) return;
        expected_ = &at->second;
        task.kind_->describe(task, *this);
        // Not seen at all.
        expected_ = nullptr;
    }
    [[nodiscard]] then end_slab() noexcept override { return base::now_ns() < until_ ? then::next : then::pause; }

    [[nodiscard]] extent visit_model(std::string_view) noexcept override { return extent::waits; }
    void visit_wait(std::string_view, std::span<const wait_fact> facts) noexcept override {
        if (expected_ == nullptr || !std::ranges::equal(facts, *expected_->facts, &second_look::same)) return;
        ++found_[expected_->circle];
        expected_ = nullptr;
    }
    void visit_frame(const void*, const std::source_location&) noexcept override {}
    void visit_stack(const parked_stack&, const std::source_location&) noexcept override {}
    void begin_arms(std::string_view, arms) noexcept override {}
    void next_arm() noexcept override {}
    void end_arms() noexcept override {}

private:
    struct expected_wait {
        std::size_t circle = 0;
        const std::vector<wait_fact>* facts = nullptr;
    };

    // How many wait there besides may change.
    static bool same(const wait_fact& one, const wait_fact& other) noexcept {
        return one.what() == other.what() && (one.what() == wait_fact::kind::number || one.value() == other.value());
    }

    std::unordered_map<std::uint64_t, expected_wait> wanted_;  // By the task, which is in one circle only.
    const expected_wait* expected_ = nullptr;
    std::vector<std::size_t> found_;
    base::instant_ns until_ = 0;
};

}  // namespace

void assembly::find_deadlocks() {
    const std::vector<std::vector<wait_edge>> circles = find_circles(made_.tasks_);
    if (circles.empty()) return;
    second_look look{circles, made_.tasks_};
    const bool at_one_moment = look_again(look);
    for (std::size_t at = 0; at < circles.size(); ++at) {
        dumped_deadlock& deadlock = made_.deadlocks_.emplace_back();
        for (const wait_edge& edge : circles[at]) deadlock.tasks.push_back(edge.from);
        deadlock.certain = at_one_moment && look.found(at) == circles[at].size();
    }
}

// At all tasks in one stop. False: it did not come to that.
template <class Visitor>
bool assembly::look_again(Visitor& to) {
    sched::worker_freeze freeze{of_};
    constexpr int tries = 10;
    for (int count = 0; count < tries; ++count) {
        detail::portion_progress progress{.round = ++rounds};
        const base::instant_ns limit = stop_limit_ns << count;
        const std::optional<detail::portion> ended = pause(freeze, limit, [&] {
            to.begin();
            return of_.visit_portion(progress, to);
        });
        if (ended == detail::portion::last) return true;
        if (ended == detail::portion::more) return false;  // Too many tasks for one moment.
        base::sleep_thread(std::chrono::nanoseconds{limit});
    }
    return false;
}

}  // namespace bifilar::dump
