// One execution of a model: its threads, who runs, what blocks, and what memory they see.
// Builds on strand and search; the atomics reach it through the hooks of include/model.
#pragma once

#include "engine.hpp"
#include "memory.hpp"
#include "plain_field.hpp"
#include "search.hpp"
#include "seen_states.hpp"
#include "strand.hpp"

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

namespace model {

enum class thread_condition : unsigned char { ready, in_gate, spinning, ended };

struct model_thread {
    strand stack;
    std::string name;
    std::function<void()> body;
    thread_condition condition = thread_condition::ready;
    bool fresh = true;          // Was chosen, or will be, before its next operation: begins, or has paused.
    bool yields = false;        // The next switch away is free.
    bool may_sleep = false;     // The execution may end while this thread is in a gate.
    std::int64_t until_ns = 0;  // In a gate: the time limit.
    const bool* gate = nullptr;

    // What was read since the last pause: a pause ends when one of these has another value than that.
    struct read {
        location* from;
        std::array<unsigned char, 16> bytes;
    };
    std::vector<read> reads;
    bool changed_something = false;

    digest history;  // What it has done and read; see search.hpp.

    void reset();
};

class execution {
public:
    /// A time limit that never comes; and what the clock shows at first.
    static constexpr std::int64_t no_limit = std::numeric_limits<std::int64_t>::max();
    // Only settle() waits for it; the clock does not get there.
    static constexpr std::int64_t end_of_time = no_limit - 1;
    static constexpr std::int64_t first_moment = 1'000'000'000;

    explicit execution(const options& how) : how_(&how) {}
    execution(const execution&) = delete;
    execution& operator=(const execution&) = delete;

    /// The execution that is running on this OS thread, or null.
    static execution* current() noexcept;

    /// The states that this execution and others have been in.
    void cut_at(seen_states& seen) noexcept { seen_ = &seen; }
    /// Runs the model once. True when nothing failed.
    bool run(const body& model, search& choices, bool traced);

    [[nodiscard]] const std::string& sentence() const noexcept { return sentence_; }
    [[nodiscard]] const std::vector<std::uint32_t>& schedule() const noexcept { return schedule_; }
    /// It came to a state that was seen, and went on from there without choices.
    [[nodiscard]] bool was_cut() const noexcept { return cut_; }
    /// In some execution there were more candidates than a choice has alternatives, and the oldest ones were left out.
    [[nodiscard]] bool passed_over() const noexcept { return passed_over_; }
    /// It read what was not stored in the end: it is none, whatever it has come to.
    [[nodiscard]] bool was_discarded() const noexcept { return discarded_; }
    [[nodiscard]] std::uint64_t steps() const noexcept { return steps_; }
    [[nodiscard]] std::size_t max_steps() const noexcept { return max_steps_; }
    [[nodiscard]] std::string trace_text() const;

    // For world and the model's own code.
    void add_thread(std::string name, std::function<void()> run, bool may_sleep);
    void keep(void* state, void (*destroy)(void*)) { kept_.push_back({state, destroy}); }
    void add_always(std::function<void()> check) { always_.push_back(std::move(check)); }
    void add_finally(std::function<void()> check) { finally_.push_back(std::move(check)); }
    void label(const void* address, std::string name) { labels_.push_back({address, std::move(name)}); }
    void count(int by) noexcept { alive_ += by; }
    [[nodiscard]] int running() const noexcept { return running_; }
    /// Ends the execution, or, while a promise is open, the thread. Returns only to the driver, which is not on a
    /// strand.
    void fail(std::string sentence);
    unsigned choose(unsigned count);
    /// From now on nothing is chosen: everything goes the first way.
    void hold_still(bool still) noexcept;
    /// Which of all that the program has run.
    [[nodiscard]] std::uint64_t number() const noexcept { return number_; }
    void note(std::string text);

    // For the hooks. `quiet`: set-up, checks and destruction are not searched.
    [[nodiscard]] bool quiet() const noexcept { return quiet_; }
    void load(detail::place from, void* value, std::memory_order order);
    void store(detail::place to, const void* value, std::memory_order order);
    void begin_update(access what, detail::place of, void* old, std::memory_order order);
    void end_update(access what, detail::place of, const void* value, std::memory_order order);
    bool compare_exchange(detail::place of, void* expected, const void* desired, std::memory_order success,
                          std::memory_order failure);
    void born(const void* address) { memory_.make(address, running_); }
    void gone(const void* address);
    void gone_within(const void* memory, std::size_t bytes);
    void fence(std::memory_order order);
    void heavy_fence();
    void light_fence();
    void pause();
    void short_wait();
    bool gate_wait(bool& open, std::int64_t until_ns);
    void gate_open(bool& open);
    [[nodiscard]] std::int64_t now_ns();
    [[nodiscard]] std::int64_t moment_after(std::int64_t ns) const noexcept;
    void plain_born(const void* address);
    void plain_read(const void* address, const char* name);
    void plain_write(const void* address, const char* name);
    void plain_gone(const void* address, const char* name);

private:
    struct kept_state {
        void* state;
        void (*destroy)(void*);
    };
    struct address_label {
        const void* address;
        std::string name;
    };
    // A store that a load may read, or before which a store may go; the newest first.
    struct candidate {
        std::size_t index;
        bool writes;  // A compare_exchange that reads this one succeeds.
    };

    // A load that could have read what is stored now.
    struct past_load {
        const location* from;
        std::uint64_t name;
        event by;
        std::memory_order order;
        std::size_t depth;  // Of the choice that promises it a store.
    };
    struct offer {
        std::size_t depth;
        future_store what;
    };

    model_thread& self() noexcept { return *threads_[static_cast<std::size_t>(running_)]; }
    void reset(bool traced);
    void run_quietly(const std::function<void()>& work);
    void run_threads();
    void begin_thread(model_thread& one) noexcept;
    void thread_main() noexcept;
    void fail_now(std::string sentence);
    void finish();
    void settle_promises();
    void bury();
    void run_checks(const std::vector<std::function<void()>>& checks);

    void point();
    void switch_away();
    void decide();
    [[nodiscard]] alternatives ready_threads(bool goes_on) const noexcept;
    [[nodiscard]] bool unstick();
    [[nodiscard]] bool pass_time();
    [[nodiscard]] std::string who_is_stuck() const;

    unsigned branch(const alternatives& from, question what);
    [[nodiscard]] digest state(question what) const noexcept;
    [[nodiscard]] allowance left() const noexcept;
    const candidate& pick(unsigned& reads_left, unsigned& writes_left);

    [[nodiscard]] std::size_t thread_index() const noexcept { return static_cast<std::size_t>(running_); }
    location& meet(detail::place at);
    void collect_loads(const location& from, std::memory_order order);
    void collect_updates(const location& of, std::memory_order order);
    void collect_exchanges(const location& of, detail::place at, const void* expected, std::memory_order success,
                           std::memory_order failure);
    void finish_load(access what, location& from, std::size_t index, std::memory_order order);
    bool load_promised(location& from, detail::place at, void* value, std::memory_order order);
    void offer_to_loads(const location& to, const stored& made, std::memory_order order);
    void put(access what, location& to, std::size_t place, detail::place at, const void* value, std::memory_order order,
             bool update);
    void remember(access what, const location& there, event read);
    void note_read(location& from, std::size_t index);
    void changed();
    [[nodiscard]] bool has_news(const model_thread& reader) const noexcept;
    void end_location(location& there);
    void check_alive(const location& there, const char* use);
    [[nodiscard]] event plain_event() const noexcept;
    [[nodiscard]] plain_field* find_plain(const void* address);
    void check_plain(const plain_field& there, const char* name, bool writes);
    [[nodiscard]] std::string name_of(const void* address);
    [[nodiscard]] std::string origin_of(const location& there, std::size_t index) const;
    void trace_load(access what, const location& from, std::size_t index);
    void trace_promise(const location& from, const future_store& wanted);
    void trace_store(access what, const location& to, std::size_t place);
    void trace(const char* what, const void* address, std::uint64_t value, const char* remark);

    const options* how_;
    search* choices_ = nullptr;
    std::vector<std::unique_ptr<model_thread>> pool_;
    std::vector<model_thread*> threads_;
    strand director_;  // Runs the set-up, the last checks and the destructors, so that they may fail as well.
    std::function<void()> quiet_work_;
    strand* on_strand_ = nullptr;
    int running_ = -1;
    int pick_ = -1;
    bool quiet_ = true;
    bool failed_ = false;
    bool traced_ = false;
    bool cut_ = false;
    bool passed_over_ = false;
    bool discarded_ = false;
    bool still_ = false;  // See hold_still.
    unsigned preemptions_left_ = 0;
    unsigned stale_left_ = 0;
    unsigned early_left_ = 0;
    unsigned future_left_ = 0;
    unsigned early_times_left_ = 0;
    unsigned idle_rounds_ = 0;
    std::int64_t now_ns_ = first_moment;
    std::uint64_t number_ = 0;
    int alive_ = 0;
    std::uint64_t steps_ = 0;
    std::size_t max_steps_ = 0;
    std::string sentence_;
    std::string postponed_;  // The failure of a thread that has read a promise which is still open.
    std::vector<std::uint32_t> schedule_;
    std::vector<std::string> lines_;
    std::vector<kept_state> kept_;
    std::vector<std::function<void()>> always_;
    std::vector<std::function<void()>> finally_;
    std::vector<address_label> labels_;
    std::vector<candidate> candidates_;
    std::vector<past_load> past_loads_;
    std::vector<offer> offers_;
    std::size_t updated_ = 0;  // Between the halves of an update: the store that it has read.
    memory memory_;
    address_table<plain_field> plain_;
    seen_states* seen_ = nullptr;
};

}  // namespace model
