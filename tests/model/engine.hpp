// The model checker: runs a small concurrent program in every order of its atomic operations, with every value that
// C++20 lets its loads see.
// Builds on include/model. After CHESS (Musuvathi and Qadeer, preemption bounding) and PCT (Burckhardt et al.).
// A model's code must be deterministic apart from the choices it makes here.
#pragma once

#include <model/cell.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace model {

/// No bound.
inline constexpr unsigned unlimited = ~0U;

/// How far to search. Every limit that ends a search early is printed with its result.
struct options {
    std::string name = "model";
    /// Switches away from a thread that could have gone on. Waiting in spin_pause or a gate is free.
    unsigned preemptions = 2;
    /// How many loads of an execution may read a store though they could read a newer one.
    unsigned stale_reads = 1;
    /// How many stores of an execution may go before others in modification order.
    unsigned early_stores = 0;
    /// How many loads of an execution may read what is stored later, which the standard allows where nothing orders the
    /// two; updates do not, and neither do random executions. Above 0 the reduction is off.
    unsigned future_reads = 0;
    /// How many waits with a time limit may end by it while others can run. Else time passes when nobody can.
    unsigned early_times = unlimited;
    /// Cuts executions that come to a state that was seen; see search.hpp.
    bool reduces = true;
    /// Above 0: that many random executions instead of the exhaustive search, alternately PCT and uniform.
    std::uint64_t random_executions = 0;
    /// For random executions; 0 takes BIFILAR_MODEL_SEED, and without it a fixed number.
    std::uint64_t seed = 0;
    std::uint64_t max_executions = 2'000'000;
    /// Of processor time.
    double max_seconds = 10;
    /// An execution of more operations counts as a livelock.
    unsigned max_steps = 5'000;
};

/// What a search found. `message` has the failed sentence, the schedule and the trace of every operation.
struct report {
    bool failed = false;
    /// No limit ended the search: every order within the bounds was run.
    bool exhaustive = false;
    std::uint64_t executions = 0;
    /// Those among them that came to a state that was seen.
    std::uint64_t cut = 0;
    /// Those that read what was not stored in the end, and are no executions.
    std::uint64_t discarded = 0;
    std::size_t max_steps = 0;
    std::string sentence;
    std::string schedule;
    std::string message;
};

/// The kernel refuses heavy fences. Set between two checks.
extern bool refuses_fences;

class execution;

/// One fresh execution, handed to the model's body, which makes the state and names the threads.
class world {
public:
    explicit world(execution& run) noexcept : execution_(&run) {}

    /// Constructs shared state, destroyed after the last `finally`. Not destroyed when the execution fails.
    template <class State, class... Arguments>
    [[nodiscard]] State* make(Arguments&&... arguments) {
        State* const made = new State(std::forward<Arguments>(arguments)...);
        keep(made, [](void* state) { delete static_cast<State*>(state); });
        return made;
    }

    /// Adds a thread (at most 8). Plain code runs together with the atomic operation before it.
    void thread(std::string name, std::function<void()> body);
    /// As thread(), but the execution may end while it waits in a gate: it sleeps for good, and rightly so.
    void sleeper(std::string name, std::function<void()> body);
    /// Runs before every operation of every thread. May read atomics; nothing else runs meanwhile.
    void always(std::function<void()> check);
    /// Runs after the last thread has ended.
    void finally(std::function<void()> check);
    /// Names an address in the trace.
    void label(const void* address, std::string name);

private:
    void keep(void* state, void (*destroy)(void*));

    execution* execution_;
};

using body = std::function<void(world&)>;

/// Searches and reports. BIFILAR_MODEL_REPLAY="0*3,1,0" replays one schedule and prints its trace.
[[nodiscard]] report explore(const options& how, const body& model);

/// Runs exactly one schedule; the report's message has the trace.
[[nodiscard]] report replay(const options& how, const body& model, std::string_view schedule);

/// Searches, prints one line about how far it got, and fails the Catch2 test with the schedule and the trace. With
/// BIFILAR_MODEL_FURTHER=1 every bound is greater by one.
void check(const options& how, const body& model);

/// Fails the execution with a sentence. Anywhere in a model; does not return when the condition is false.
void require(bool condition, const char* sentence) noexcept;

/// One of 0 … alternatives - 1, each tried by the search. Deterministic models' only source of choice.
[[nodiscard]] unsigned choose(unsigned alternatives) noexcept;

/// From now on nothing is chosen, until `still` is false again: for the way to what a model is about, and from there to
/// the end. A thread of the model.
void hold_still(bool still) noexcept;

/// Waits until nobody else can run any more, however much time passes, but for threads that spin.
void settle() noexcept;

/// The number of the running thread, in the order of world::thread; -1 outside.
[[nodiscard]] int this_thread() noexcept;

/// A fence of any order, of which the library's door has one.
void fence(std::memory_order order) noexcept;

/// Adds a line to the trace.
void note(const char* text) noexcept;

/// A base class for what must not leak: an execution fails when it ends with instances alive.
class counted {
public:
    counted() noexcept;
    counted(const counted&) noexcept;
    counted& operator=(const counted&) noexcept = default;
    ~counted();
};

}  // namespace model
