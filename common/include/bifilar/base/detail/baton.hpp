// Who of a simulation's threads runs: whoever holds the baton; all others wait for it.
//
// The threads are real ones, so that thread_locals, fibers and sanitizers work as ever, but one runs at a time, and it
// gives the baton on only where the library says so: between two tasks, and where it waits. Who gets it is a decision,
// so that a seed is a whole run, with any number of workers. After CHESS (Musuvathi and others, 2008) and Loom.
//
// No thread gives the baton on while it holds a lock. So no lock is ever found held, nothing is lost between a look and
// the wait that follows it, and what waits by this needs no lock of its own.
#pragma once

#include <bifilar/base/detail/atomic.hpp>
#include <bifilar/base/detail/decisions.hpp>
#include <bifilar/base/detail/thread.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

namespace bifilar::base {

class baton {
public:
    enum class role : std::uint8_t { caller, worker, blocking, resolver };

    /// What is done when every thread waits and no descriptor is ready. By the thread that came to wait last.
    class clockwork {
    public:
        clockwork() noexcept = default;
        clockwork(const clockwork&) = delete;
        clockwork& operator=(const clockwork&) = delete;
        /// Moves time to the next moment at which something happens, and wakes whom it concerns. False: there is none.
        virtual bool move_time() noexcept = 0;
        /// Nothing will ever happen: wakes those that are to be told. False: there are none.
        virtual bool tell_all_wait() noexcept = 0;

    protected:
        ~clockwork() = default;
    };

    /// As long as it lives the calling thread is as one outside: what it makes outlives the simulation. It waits for
    /// nothing.
    class aside {
    public:
        aside() noexcept;
        aside(const aside&) = delete;
        aside& operator=(const aside&) = delete;
        ~aside();

    private:
        baton* simulation_;
    };

    /// The calling thread becomes the first one and runs. `by` outlives this. After `max_turns` the simulation counts
    /// as endless: those that wait for its tasks are told, as when all wait; after twice as many it ends the process.
    baton(decisions& by, std::uint64_t max_turns);
    baton(const baton&) = delete;
    baton& operator=(const baton&) = delete;
    /// The first thread, when the others have ended: see await_others.
    ~baton();

    /// Of the simulation that the calling thread belongs to; null outside of one.
    [[nodiscard]] static baton* here() noexcept;

    [[nodiscard]] decisions& by() const noexcept { return by_; }
    /// The number of the calling thread, which decisions about it have.
    [[nodiscard]] static std::uint32_t subject() noexcept;
    /// How the thread with this number is called: "worker 1".
    [[nodiscard]] static std::uint32_t subject_of(role what, std::uint32_t number) noexcept;

    void set_clockwork(clockwork* by) noexcept { clockwork_ = by; }
    [[nodiscard]] bool has_clockwork() const noexcept { return clockwork_ != nullptr; }
    /// Whether all were found to wait for ever, and nobody has taken that up yet.
    [[nodiscard]] bool take_all_wait() noexcept { return std::exchange(all_wait_, false); }
    /// Whether it has had more than max_turns.
    [[nodiscard]] bool is_endless() const noexcept { return turns() > max_turns_; }

    // --- where the thread that runs may give the baton on; it holds no lock ---

    /// Between two tasks. By default it goes on.
    void may_switch() noexcept;
    /// It waits for what another thread is about to do, and will ask again: the next one that can run goes on.
    void give_way() noexcept;
    /// Until wake(address).
    void wait(const void* address) noexcept { sleep(address, nullptr, nullptr, patience::none); }
    /// The same, but it may also return when the others have had a turn.
    void wait_a_turn(const void* address) noexcept { sleep(address, nullptr, nullptr, patience::turn); }
    /// The same, or until ready(argument), which is asked when all threads wait and now and then before. `restless`: it
    /// may also return without a reason while others run.
    void park(const void* address, bool (*ready)(void*) noexcept, void* argument, bool restless) noexcept {
        sleep(address, ready, argument, restless ? patience::whim : patience::none);
    }

    /// Those that wait there can run. The calling thread runs on.
    void wake(const void* address) noexcept;

    /// A thread that is one of the simulation's from its first to its last instruction. Throws what std::thread does.
    thread make_thread(role what, std::function<void()> body);
    /// Waits until that thread is at its end, so that a join takes no time.
    void await_end(std::thread::id of) noexcept;
    /// Until all other threads are at their ends. The first thread's.
    void await_others() noexcept;

    /// Switches between threads, and turns that ended without one. Any thread; grows as long as the simulation goes on.
    [[nodiscard]] std::uint64_t turns() const noexcept {
        return turns_.load(relaxed);  // Relaxed: whoever looks from outside wants to see it grow, and no more.
    }

private:
    enum class patience : std::uint8_t {
        none,  // Until it is woken.
        turn,  // Until others have had a turn.
        whim,  // Until it is woken, or chance wakes it.
    };
    enum class stage : std::uint8_t { ready, waits, ended };
    struct strand {
        std::uint32_t subject = 0;
        stage at = stage::ready;
        patience waits_with = patience::none;
        const void* waits_on = nullptr;
        bool (*ready)(void*) noexcept = nullptr;
        void* argument = nullptr;
        std::thread::id id;
        // 1: it is this one's turn. Written by whoever passes the baton to it, reset by its own thread.
        atomic<std::uint32_t> turn{0};
    };

    [[nodiscard]] static std::unique_ptr<strand> strand_of(std::uint32_t subject);
    void sleep(const void* address, bool (*ready)(void*) noexcept, void* argument, patience how) noexcept;
    void count_turn() noexcept;
    [[nodiscard]] bool is_long_turn() noexcept;
    void look_around() noexcept;
    [[nodiscard]] bool look_at_all() noexcept;
    [[nodiscard]] strand& choose() noexcept;
    [[nodiscard]] strand& pick(std::size_t count) noexcept;
    [[nodiscard]] std::size_t place_of_woken() const noexcept;
    [[nodiscard]] strand& take(std::size_t place) noexcept;
    [[nodiscard]] std::size_t candidates() noexcept;
    void make_ready(strand& one) noexcept;
    void pass(strand& to) noexcept;
    static void hand_to(strand& to) noexcept;
    static void await_turn(strand& one) noexcept;
    void begin(strand& own) noexcept;
    void end(strand& own) noexcept;
    [[noreturn]] void give_up(const char* why) const noexcept;

    decisions& by_;
    const std::uint64_t max_turns_;
    clockwork* clockwork_ = nullptr;
    bool all_wait_ = false;
    std::vector<std::unique_ptr<strand>> strands_;  // In the order of their making.
    std::vector<strand*> ready_;                    // Can run, longest first; not the one that runs.
    std::vector<strand*> candidates_;               // Of the present choice.
    strand* woken_ = nullptr;                       // Goes on at the next switch.
    std::uint32_t turns_in_a_row_ = 0;              // Of the one that runs.
    std::uint32_t blocking_made_ = 0;
    std::uint32_t workers_made_ = 0;
    std::uint32_t resolving_made_ = 0;
    // Written by the thread that runs, read by any.
    atomic<std::uint64_t> turns_{0};
};

/// A thread of the library's own. Made by a thread of a simulation it is one too. Throws what std::thread does.
[[nodiscard]] thread make_thread(baton::role what, std::function<void()> body);
/// Joins it.
void join_thread(thread& one);

}  // namespace bifilar::base
