// One execution of a model: its threads, who runs, what blocks, and what memory they see.
// Builds on strand and search; the atomics reach it through the hooks of include/model.
#pragma once

#include "engine.hpp"
#include "search.hpp"
#include "strand.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace model {

inline constexpr std::size_t max_threads = detail::plain_history::max_threads;

/// A vector clock: how much of every thread is known to have happened before.
struct vector_clock {
    std::array<std::uint32_t, max_threads> at{};
    void join(const vector_clock& other) noexcept {
        for (std::size_t i = 0; i < max_threads; ++i) at[i] = std::max(at[i], other.at[i]);
    }
};

/// A store that its thread has made and nobody else sees yet.
struct delayed_store {
    void* address;
    std::array<unsigned char, 16> bytes;
    std::size_t size;
    vector_clock released;
};

enum class thread_condition : unsigned char { ready, in_gate, spinning, ended };

struct model_thread {
    strand stack;
    std::string name;
    std::function<void()> body;
    thread_condition condition = thread_condition::ready;
    bool fresh = true;       // Has not come to its first operation.
    bool yields = false;     // The next switch away is free.
    bool may_sleep = false;  // The execution may end while this thread is in a gate.
    bool timed = false;      // In a gate with a time limit.
    const bool* gate = nullptr;

    // What was read since the last pause, and at which step: a pause ends when another thread changes one of these.
    struct read {
        const void* address;
        std::uint64_t step;
    };
    std::vector<read> reads;
    bool changed_something = false;

    vector_clock clock;       // What this thread knows.
    vector_clock unacquired;  // What its relaxed loads met; known after the next fence.
    vector_clock fenced;      // What its last fence offers to relaxed stores behind it.
    std::vector<delayed_store> buffer;

    void reset();
};

/// The release clocks of atomics, by address, so that an atomic keeps the size of its value.
class location_table {
public:
    location_table() : slots_(slot_count) {}
    void clear() noexcept { ++generation_; }
    vector_clock& at(const void* address) noexcept;

private:
    struct slot {
        const void* address = nullptr;
        std::uint64_t generation = 0;
        vector_clock released;
    };
    static constexpr std::size_t slot_count = 4096;
    std::vector<slot> slots_;
    std::uint64_t generation_ = 1;
};

class execution {
public:
    explicit execution(const options& how) : how_(&how) {}
    execution(const execution&) = delete;
    execution& operator=(const execution&) = delete;

    /// The execution that is running on this OS thread, or null.
    static execution* current() noexcept;

    /// Runs the model once. True when nothing failed.
    bool run(const body& model, search& choices, bool traced);

    [[nodiscard]] const std::string& sentence() const noexcept { return sentence_; }
    [[nodiscard]] const std::vector<std::uint8_t>& schedule() const noexcept { return schedule_; }
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
    /// Ends the execution. Returns only to the driver, which is not on a strand.
    void fail(std::string sentence);
    unsigned choose(unsigned count);
    void note(std::string text);

    // For the hooks. `quiet`: set-up, checks and destruction are not searched.
    [[nodiscard]] bool quiet() const noexcept { return quiet_; }
    void before(bool reads_only);
    void after(const detail::effect& done);
    bool delay_store(void* address, const void* bytes, std::size_t size, std::memory_order order);
    void forward_own_store(const void* address, void* bytes, std::size_t size) noexcept;
    void forget(const void* address) noexcept { locations_.at(address) = {}; }
    void fence();
    void pause();
    bool gate_wait(bool& open, bool timed);
    void gate_open(bool& open);
    void plain_read(detail::plain_history& history, const char* name);
    void plain_write(detail::plain_history& history, const char* name);

private:
    struct kept_state {
        void* state;
        void (*destroy)(void*);
    };
    struct address_label {
        const void* address;
        std::string name;
    };
    struct logged_write {
        const void* address;
        int thread;
        std::uint64_t step;
    };

    model_thread& self() noexcept { return *threads_[static_cast<std::size_t>(running_)]; }
    void reset(bool traced);
    void run_quietly(const std::function<void()>& work);
    void run_threads();
    void thread_main() noexcept;
    void finish();
    void bury();
    void run_checks(const std::vector<std::function<void()>>& checks);

    void point();
    void switch_away();
    void decide();
    [[nodiscard]] alternatives ready_threads(bool goes_on) const noexcept;
    [[nodiscard]] bool unstick();
    [[nodiscard]] std::string who_is_stuck() const;

    void drain();
    void settle();
    void flush_oldest();
    void changed(const void* address, std::uint64_t step);
    void synchronise(const detail::effect& done);
    [[nodiscard]] vector_clock released_by(std::memory_order order, const vector_clock& there, bool keeps) noexcept;
    [[nodiscard]] std::string name_of(const void* address);
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
    unsigned preemptions_left_ = 0;
    unsigned delays_left_ = 0;
    unsigned idle_rounds_ = 0;
    int alive_ = 0;
    std::uint64_t steps_ = 0;
    std::size_t max_steps_ = 0;
    std::string sentence_;
    std::vector<std::uint8_t> schedule_;
    std::vector<std::string> lines_;
    std::vector<kept_state> kept_;
    std::vector<std::function<void()>> always_;
    std::vector<std::function<void()>> finally_;
    std::vector<address_label> labels_;
    std::vector<logged_write> writes_;
    location_table locations_;
};

}  // namespace model
