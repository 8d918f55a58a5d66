// Passing the baton: who can run, who is chosen, and the sleep of all others on futexes.
// What stands here is used by the thread that runs alone, so it needs no lock: the turn of a strand publishes it.
#include <bifilar/base/detail/baton.hpp>

#include <bifilar/base/detail/assert.hpp>
#include <bifilar/base/detail/futex.hpp>
#include <bifilar/base/detail/random.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace bifilar::base {
namespace {

struct place_here {
    baton* simulation = nullptr;
    void* strand = nullptr;
    std::uint32_t subject = 0;
};
thread_local constinit place_here this_place;

// Where a fiber may have been suspended, the compiler must not keep the address of a thread_local.
[[gnu::noinline]] place_here& place() noexcept {
    asm volatile("" ::: "memory");
    return this_place;
}

constexpr const char* foreign =
    "a thread that does not belong to the simulation has woken one that does; give its work to spawn_blocking";

// The caller is 0; roles have ranges of their own, so that a number says both.
constexpr std::uint32_t range = 4096;

}  // namespace

baton* baton::here() noexcept { return place().simulation; }
std::uint32_t baton::subject() noexcept { return place().subject; }
std::uint32_t baton::subject_of(role what, std::uint32_t number) noexcept {
    return static_cast<std::uint32_t>(what) * range + number;
}

bool simulated_bits(std::uint64_t& bits) noexcept {
    baton* const simulation = baton::here();
    if (simulation == nullptr) return false;
    decisions& by = simulation->by();
    const double share = by.temper(decision_kind::arms);
    bits = by.decide(decision_kind::arms, baton::subject(), [share](std::uint64_t draw) {
        return decisions::unit(draw) < share ? decisions::mixed(draw) : std::uint64_t{0};
    });
    return true;
}

baton::aside::aside() noexcept : simulation_{std::exchange(place().simulation, nullptr)} {}
baton::aside::~aside() { place().simulation = simulation_; }

baton::baton(decisions& by, std::uint64_t max_turns) : by_{by}, max_turns_{max_turns} {
    BIFILAR_CHECK(here() == nullptr, "a simulation was begun inside of another; let the outer one end first");
    strands_.push_back(strand_of(subject_of(role::caller, 0)));
    place() = {this, strands_.front().get(), strands_.front()->subject};
}

baton::~baton() {
    BIFILAR_CHECK(here() == this && ready_.empty(), "a simulation ended before its threads; end its runtime first");
    place() = {};
}

std::unique_ptr<baton::strand> baton::strand_of(std::uint32_t subject) {
    auto made = std::make_unique<strand>();
    made->subject = subject;
    return made;
}

// --- who is next ---

void baton::count_turn() noexcept {
    const std::uint64_t count = turns_.load(relaxed) + 1;  // Relaxed: written by the thread that runs alone.
    turns_.store(count, relaxed);
    if (count == max_turns_ + 1 && clockwork_ != nullptr) {
        all_wait_ = true;
        (void)clockwork_->tell_all_wait();
    }
    if (count > 2 * max_turns_) give_up("the simulation does not end");
}

// Whether the thread that runs has had so many turns that the others get one, decision or not: whoever goes round in
// circles until another has done something would never end.
bool baton::is_long_turn() noexcept {
    constexpr std::uint32_t most = 64;
    if (++turns_in_a_row_ < most) return false;
    turns_in_a_row_ = 0;
    (void)look_at_all();
    return true;
}

void baton::make_ready(strand& one) noexcept {
    one.at = stage::ready;
    ready_.push_back(&one);
}

void baton::wake(const void* address) noexcept {
    BIFILAR_CHECK(here() == this, foreign);
    for (const auto& each : strands_) {
        if (each->at != stage::waits || each->waits_on != address) continue;
        make_ready(*each);
        if (woken_ == nullptr &&
            by_.chance(decision_kind::woken_first, each->subject, by_.temper(decision_kind::woken_first)))
            woken_ = each.get();
    }
}

// Now and then a thread that waits for the kernel finds an event while others run, as it would on its own processor.
void baton::look_around() noexcept {
    for (const auto& each : strands_) {
        if (each->at != stage::waits || (each->ready == nullptr && each->waits_with != patience::whim)) continue;
        const std::uint64_t chosen = by_.seldom(decision_kind::look, each->subject, by_.temper(decision_kind::look), 2);
        const bool wakes = chosen == 2 && each->waits_with == patience::whim;
        if (chosen == 0) continue;
        if (wakes || (each->ready != nullptr && each->ready(each->argument))) make_ready(*each);
    }
}

bool baton::look_at_all() noexcept {
    bool found = false;
    for (const auto& each : strands_) {
        if (each->at != stage::waits || each->ready == nullptr || !each->ready(each->argument)) continue;
        make_ready(*each);
        found = true;
    }
    return found;
}

// Those that can run, and behind them those that will look again when others have had a turn.
std::size_t baton::candidates() noexcept {
    candidates_.assign(ready_.begin(), ready_.end());
    for (const auto& each : strands_)
        if (each->at == stage::waits && each->waits_with == patience::turn) candidates_.push_back(each.get());
    return candidates_.size();
}

baton::strand& baton::take(std::size_t place) noexcept {
    strand& one = *candidates_[place];
    one.at = stage::ready;
    std::erase(ready_, &one);
    if (woken_ == &one) woken_ = nullptr;
    return one;
}

baton::strand& baton::pick(std::size_t count) noexcept {
    std::uint64_t at = 0;
    if (woken_ != nullptr)
        at = place_of_woken();
    else if (count > 1)
        at = by_.seldom(decision_kind::next, 0, 0.5, count - 1);
    return take(static_cast<std::size_t>(at % count));
}

std::size_t baton::place_of_woken() const noexcept {
    return static_cast<std::size_t>(std::ranges::find(candidates_, woken_) - candidates_.begin());
}

baton::strand& baton::choose() noexcept {
    for (;;) {
        if (const std::size_t count = candidates(); count != 0) return pick(count);
        if (look_at_all()) continue;
        if (clockwork_ == nullptr) give_up("all threads of the simulation wait, and nothing can wake one");
        if (clockwork_->move_time()) continue;
        all_wait_ = true;
        if (!clockwork_->tell_all_wait() || candidates() == 0)
            give_up("all tasks of the simulation wait, and nothing can wake one");
    }
}

// --- where the baton changes hands ---

void baton::hand_to(strand& to) noexcept {
    atomic<std::uint32_t>* const word = &to.turn;
    // Pairs with await_turn; so that what this thread did is seen by the next. From then on the strand may be gone.
    word->store(1, release);
    futex_wake(word, 1);
}

void baton::await_turn(strand& one) noexcept {
    // Pairs with hand_to.
    while (one.turn.load(acquire) == 0) futex_wait(one.turn, 0);
    one.turn.store(0, relaxed);  // Relaxed: it is this thread's turn, and nobody else writes meanwhile.
}

void baton::pass(strand& to) noexcept {
    auto& own = *static_cast<strand*>(place().strand);
    if (&to == &own) return;
    by_.note(to.subject);
    turns_in_a_row_ = 0;
    hand_to(to);
    await_turn(own);
}

void baton::may_switch() noexcept {
    auto& own = *static_cast<strand*>(place().strand);
    count_turn();
    look_around();
    const bool is_long = is_long_turn();
    const std::size_t count = candidates();
    if (count == 0) return;
    std::uint64_t chosen = 0;
    if (woken_ != nullptr)
        chosen = 1 + place_of_woken();
    else
        chosen = by_.seldom(decision_kind::preempt, own.subject, by_.temper(decision_kind::preempt), count);
    if (chosen == 0 && !is_long) return;
    strand& next = take(chosen == 0 ? 0 : (chosen - 1) % count);
    make_ready(own);
    pass(next);
}

void baton::give_way() noexcept {
    auto& own = *static_cast<strand*>(place().strand);
    count_turn();
    std::size_t count = candidates();
    if (count == 0 && look_at_all()) count = candidates();
    if (count == 0) return;
    strand& next = pick(count);
    make_ready(own);
    pass(next);
}

void baton::sleep(const void* address, bool (*ready)(void*) noexcept, void* argument, patience how) noexcept {
    auto& own = *static_cast<strand*>(place().strand);
    count_turn();
    own.at = stage::waits;
    own.waits_on = address;
    own.ready = ready;
    own.argument = argument;
    own.waits_with = how;
    pass(choose());
    own.waits_on = nullptr;
    own.ready = nullptr;
    own.waits_with = patience::none;
}

void baton::give_up(const char* why) const noexcept {
    std::fprintf(stderr, "bifilar: %s, after %llu turns and %llu decisions\n", why,
                 static_cast<unsigned long long>(turns()), static_cast<unsigned long long>(by_.made()));
    std::abort();
}

// --- threads ---

thread baton::make_thread(role what, std::function<void()> body) {
    std::uint32_t& made = what == role::worker     ? workers_made_
                          : what == role::blocking ? blocking_made_
                                                   : resolving_made_;
    strands_.push_back(strand_of(subject_of(what, made)));
    strand& own = *strands_.back();
    try {
        ready_.reserve(strands_.size());
        candidates_.reserve(strands_.size());
        base::thread thread{[this, &own, body = std::move(body)] {
            begin(own);
            body();
            end(own);
        }};
        own.id = thread.get_id();
        ++made;
        make_ready(own);
        return thread;
    } catch (...) {
        strands_.pop_back();
        throw;
    }
}

void baton::begin(strand& own) noexcept {
    place() = {this, &own, own.subject};
    await_turn(own);
}

// Behind this the thread runs destructors of thread_locals, beside the others.
void baton::end(strand& own) noexcept {
    own.at = stage::ended;
    own.id = {};
    wake(&own);
    wake(this);
    strand& next = choose();
    by_.note(next.subject);
    place() = {};
    hand_to(next);
}

void baton::await_end(std::thread::id of) noexcept {
    const auto found = std::ranges::find(strands_, of, [](const auto& each) { return each->id; });
    if (found == strands_.end()) return;
    const strand& one = **found;
    while (one.at != stage::ended) wait(&one);
}

void baton::await_others() noexcept {
    const auto others_live = [this] {
        return std::any_of(strands_.begin() + 1, strands_.end(),
                           [](const auto& each) { return each->at != stage::ended; });
    };
    while (others_live()) wait(this);
}

thread make_thread(baton::role what, std::function<void()> body) {
    if (baton* const simulation = baton::here()) return simulation->make_thread(what, std::move(body));
    return thread{std::move(body)};
}

void join_thread(thread& one) {
    if (baton* const simulation = baton::here()) simulation->await_end(one.get_id());
    one.join();
}

}  // namespace bifilar::base
