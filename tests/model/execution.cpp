// Who runs: the life of one execution, the choice of the next thread, deadlock and livelock.
// Builds on strand and search. Nothing here throws through a model's code: a failed execution abandons its stacks.
#include "execution.hpp"

#include <exception>
#include <utility>

namespace model {
namespace {

// The execution in progress. Written by execution::run, read by every hook; one OS thread.
execution* current_execution = nullptr;

// A thread that only spins is let through this often when nothing else can run, so that bounded spins end.
constexpr unsigned max_idle_rounds = 300;

}  // namespace

execution* execution::current() noexcept { return current_execution; }

void model_thread::reset() {
    condition = thread_condition::ready;
    fresh = true;
    yields = may_sleep = changed_something = false;
    until_ns = 0;
    gate = nullptr;
    reads.clear();
    history = {};
}

void execution::reset(bool traced) {
    threads_.clear();
    always_.clear();
    finally_.clear();
    labels_.clear();
    kept_.clear();
    schedule_.clear();
    lines_.clear();
    sentence_.clear();
    postponed_.clear();
    past_loads_.clear();
    offers_.clear();
    memory_.clear();
    plain_.clear();
    running_ = pick_ = -1;
    quiet_ = true;
    failed_ = false;
    traced_ = traced;
    cut_ = discarded_ = still_ = false;
    preemptions_left_ = how_->preemptions;
    stale_left_ = how_->stale_reads;
    early_left_ = how_->early_stores;
    future_left_ = how_->future_reads;
    early_times_left_ = how_->early_times;
    idle_rounds_ = 0;
    now_ns_ = first_moment;
    static std::uint64_t executions = 0;
    number_ = ++executions;
    alive_ = 0;
    steps_ = 0;
}

bool execution::run(const body& model, search& choices, bool traced) {
    reset(traced);
    choices_ = &choices;
    choices.begin_execution(max_steps_);
    current_execution = this;
    run_quietly([&] {
        world here(*this);
        model(here);
    });
    if (!failed_) run_threads();
    if (!failed_) settle_promises();
    if (!failed_) run_quietly([this] { finish(); });
    if (failed_) bury();
    if (!failed_ && !discarded_)
        for (const offer& each : offers_) choices.add_promise(each.depth, each.what);
    current_execution = nullptr;
    max_steps_ = std::max<std::size_t>(max_steps_, steps_);
    return !failed_;
}

void execution::run_quietly(const std::function<void()>& work) {
    quiet_ = true;
    running_ = -1;
    quiet_work_ = work;
    director_.prepare(
        [](void* self) {
            auto& here = *static_cast<execution*>(self);
            try {
                here.quiet_work_();
            } catch (const std::exception& error) {
                here.fail(std::string("uncaught exception: ") + error.what());
            }
        },
        this);
    on_strand_ = &director_;
    director_.resume();
    on_strand_ = nullptr;
}

void execution::finish() {
    if (!discarded_) run_checks(finally_);
    // Destructors run before the captured pointers die, in reverse order as for members.
    while (!kept_.empty()) {
        const kept_state last = kept_.back();
        kept_.pop_back();
        last.destroy(last.state);
    }
    if (alive_ != 0 && !discarded_) fail("leak: " + std::to_string(alive_) + " counted objects are alive at the end");
}

// State of a failed execution may be half-way through an operation, so it is not destroyed; it stays reachable,
// because a leak checker would otherwise report it.
void execution::bury() {
    static auto* const graveyard = new std::vector<kept_state>;
    graveyard->insert(graveyard->end(), kept_.begin(), kept_.end());
    kept_.clear();
}

void execution::run_checks(const std::vector<std::function<void()>>& checks) {
    const bool was_quiet = quiet_;
    quiet_ = true;
    for (const auto& check : checks) check();
    quiet_ = was_quiet;
}

void execution::add_thread(std::string name, std::function<void()> run, bool may_sleep) {
    const std::size_t index = threads_.size();
    if (index == max_threads) return fail("a model has more than 8 threads; make it smaller");
    if (pool_.size() == index) pool_.push_back(std::make_unique<model_thread>());
    model_thread& made = *pool_[index];
    made.reset();
    made.name = name.empty() ? "thread " + std::to_string(index) : std::move(name);
    made.body = std::move(run);
    made.may_sleep = may_sleep;
    threads_.push_back(&made);
    if (quiet_) return;
    memory_.hand_over(thread_index(), index);
    begin_thread(made);
}

void execution::begin_thread(model_thread& one) noexcept {
    one.stack.prepare([](void* run) { static_cast<execution*>(run)->thread_main(); }, this);
}

void execution::thread_main() noexcept {
    try {
        self().body();
    } catch (const std::exception& error) {
        fail(std::string("uncaught exception: ") + error.what());
    }
    self().condition = thread_condition::ended;
    decide();
}

void execution::run_threads() {
    quiet_ = false;
    for (model_thread* thread : threads_) begin_thread(*thread);
    if (!threads_.empty()) decide();
    while (!failed_ && pick_ >= 0) {
        running_ = pick_;
        on_strand_ = &self().stack;
        on_strand_->resume();
        on_strand_ = nullptr;
    }
    running_ = -1;
    quiet_ = true;
}

// While a promise is open it is not known whether this is an execution: the others go on without the thread.
void execution::fail(std::string sentence) {
    if (failed_ || running_ < 0 || discarded_ || !memory_.has_open_promises()) return fail_now(std::move(sentence));
    if (postponed_.empty()) postponed_ = std::move(sentence);
    quiet_ = false;
    self().condition = thread_condition::ended;
    decide();
    while (on_strand_ != nullptr) on_strand_->suspend();
}

// All threads have ended, or sleep for good.
void execution::settle_promises() {
    discarded_ = discarded_ || memory_.has_open_promises();
    if (!postponed_.empty()) fail_now(postponed_);
}

void execution::fail_now(std::string sentence) {
    discarded_ = discarded_ || memory_.has_open_promises();
    if (!failed_) sentence_ = std::move(sentence);
    failed_ = true;
    pick_ = -1;
    // An abandoned stack is never resumed; the loop only satisfies callers that must not return.
    while (on_strand_ != nullptr) on_strand_->suspend();
}

// Before an operation: perhaps another thread goes first. Being chosen to begin covers the first operation.
void execution::point() {
    discarded_ = discarded_ || memory_.broke_promises();
    if (!postponed_.empty() && (discarded_ || !memory_.has_open_promises())) fail_now(postponed_);
    if (!always_.empty()) run_checks(always_);
    if (std::exchange(self().fresh, false)) return;
    switch_away();
}

void execution::switch_away() {
    self().fresh = false;
    decide();
    if (pick_ != running_) on_strand_->suspend();
}

alternatives execution::ready_threads(bool goes_on) const noexcept {
    alternatives from;
    const int count = static_cast<int>(threads_.size());
    const int first = running_ < 0 ? 0 : running_;
    for (int i = 0; i < count; ++i) {
        const int index = (first + i) % count;
        if (index == running_ && !goes_on) continue;
        if (threads_[static_cast<std::size_t>(index)]->condition == thread_condition::ready)
            from.add(static_cast<unsigned>(index));
    }
    return from;
}

void execution::decide() {
    if (++steps_ > how_->max_steps)
        return fail_now("livelock: the execution did not end after " + std::to_string(how_->max_steps) + " operations");
    const bool ready = running_ >= 0 && self().condition == thread_condition::ready;
    const bool yields = ready && self().yields;
    alternatives from = ready_threads(ready && !yields);
    const std::size_t enabled = from.count + (yields ? 1 : 0);
    if (yields && (from.count == 0 || !choices_->yields_to_others())) from.add(static_cast<unsigned>(running_));
    if (enabled == 0) {
        if (unstick()) return decide();
        return;
    }
    const bool preempts = ready && !yields;
    if (still_ || (preempts && choices_->bounded() && preemptions_left_ == 0)) from.count = 1;
    // While nothing but spinning is left, the order of the spinners is of no interest.
    if (idle_rounds_ > 0) from.count = 1;
    pick_ = static_cast<int>(from.count == 1 ? from.item[0] : branch(from, question::thread));
    if (enabled > 1 && idle_rounds_ == 0 && !still_) schedule_.push_back(static_cast<std::uint32_t>(pick_));
    if (preempts && pick_ != running_ && preemptions_left_ > 0 && preemptions_left_ != unlimited) --preemptions_left_;
}

// Nobody is ready. True when somebody is now; otherwise the execution has ended or failed.
bool execution::unstick() {
    pick_ = -1;
    if (pass_time()) return true;
    bool released = false;
    bool asleep_for_good = true;
    for (model_thread* thread : threads_) {
        if (thread->condition == thread_condition::spinning) released = true;
        if (thread->condition != thread_condition::ended &&
            !(thread->condition == thread_condition::in_gate && thread->may_sleep))
            asleep_for_good = false;
    }
    if (released && ++idle_rounds_ <= max_idle_rounds) {
        for (model_thread* thread : threads_)
            if (thread->condition == thread_condition::spinning) thread->condition = thread_condition::ready;
        return true;
    }
    if (!asleep_for_good && postponed_.empty()) fail_now((released ? "livelock: " : "deadlock: ") + who_is_stuck());
    return false;
}

// The clock moves to the next time limit of a wait. False when there is none.
bool execution::pass_time() {
    model_thread* next = nullptr;
    for (model_thread* thread : threads_)
        if (thread->condition == thread_condition::in_gate && thread->until_ns != no_limit &&
            (next == nullptr || thread->until_ns < next->until_ns))
            next = thread;
    if (next == nullptr) return false;
    if (next->until_ns != end_of_time) now_ns_ = std::max(now_ns_, next->until_ns);
    next->condition = thread_condition::ready;
    return true;
}

std::string execution::who_is_stuck() const {
    std::string text;
    for (const model_thread* thread : threads_) {
        if (thread->condition == thread_condition::ended) continue;
        if (!text.empty()) text += ", ";
        text += thread->name;
        text += thread->condition == thread_condition::in_gate ? " waits in a gate" : " spins";
    }
    return text;
}

unsigned execution::choose(unsigned count) {
    if (quiet_ || still_ || count < 2) return 0;
    if (count > max_alternatives) {
        fail("choose() was asked for more than 16 alternatives; nest two calls");
        return 0;
    }
    alternatives from;
    for (unsigned i = 0; i < count; ++i) from.add(i);
    const unsigned chosen = branch(from, question::value);
    schedule_.push_back(chosen);
    self().history.add(static_cast<std::uint64_t>(access::choice));
    self().history.add(chosen);
    return chosen;
}

void execution::hold_still(bool still) noexcept { still_ = still; }

}  // namespace model
