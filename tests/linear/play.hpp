// Plays one object in the hands of a few actors, coroutines, fibers and plain threads, and notes what they did and
// when. Histories are short, for a short one that is wrong can be read; and many, for what goes wrong is rare.
#pragma once

#include "history.hpp"

#include <bifilar/base/detail/random.hpp>
#include <bifilar/bifilar.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <optional>
#include <span>
#include <thread>
#include <utility>
#include <vector>

namespace linear {

namespace bf = bifilar;
using draws = bf::base::random;

enum class actor_kind : unsigned char { coroutine, fiber, thread };

/// What an actor is about to do.
struct call {
    int kind = 0;
    std::int64_t argument = 0;
};

/// A value that nobody else sends, above 0.
constexpr std::int64_t value_of(std::uint32_t actor, std::uint32_t step) noexcept {
    return std::int64_t{actor} * 100 + step + 1;
}

/// `Object` has: `hands`, what an actor keeps between its calls; `next(actor, step, hands, draws)`, the call that it
/// makes, or none; `perform(hands, call)`, a task of its result; `end()`, a call that lets all who wait go on.
template <class Object>
class play {
public:
    static constexpr std::uint32_t longest = 32;  // Calls of one actor.

    play(bf::runtime& rt, Object& object, std::span<const actor_kind> cast, std::uint64_t seed)
        : object_{&object}, cast_{cast}, notes_{static_cast<std::uint32_t>(cast.size()) + 1}, seed_{seed} {
        std::vector<std::thread> threads;
        std::vector<bf::join_handle<void>> tasks;
        for (std::uint32_t at = 0; at < cast.size(); ++at) {
            if (cast[at] == actor_kind::thread)
                threads.emplace_back([this, at] { bf::block_on(act(at)); });
            else if (cast[at] == actor_kind::fiber)
                tasks.push_back(rt.spawn(bf::backend::stackful, [this, at] { bf::await(act(at)); }));
            else
                tasks.push_back(rt.spawn([](play& of, std::uint32_t who) { return of.act(who); }, std::ref(*this), at));
        }
        watch_over();
        for (std::thread& one : threads) one.join();
        for (auto& one : tasks) one.join();
    }

    [[nodiscard]] history take() { return notes_.take(); }

private:
    bf::task<> act(std::uint32_t actor) {
        draws chance{seed_ + actor * 7919U};
        typename Object::hands hands{};
        // All begin at one time, as far as there are processors.
        ready_.fetch_add(1);
        while (ready_.load() < cast_.size()) co_await bf::yield_now();
        for (std::uint32_t step = 0; step < longest; ++step) {
            const std::optional<call> what = object_->next(actor, step, hands, chance);
            if (!what) break;
            notes_.invoke(actor, what->kind, what->argument);
            const std::int64_t result = co_await object_->perform(hands, *what);
            notes_.answer(actor, result);
            if (chance.below(3) == 0) co_await bf::yield_now();
        }
        done_.fetch_add(1);
    }

    // Where nothing goes on, those who wait are let go. Where nothing goes on then, a wake was lost.
    void watch_over() {
        using clock = std::chrono::steady_clock;
        bool has_ended = false;
        std::uint64_t seen = notes_.now();
        clock::time_point since = clock::now();
        while (done_.load() < cast_.size()) {
            std::this_thread::sleep_for(std::chrono::microseconds{20});
            if (const std::uint64_t now = notes_.now(); now != seen) {
                seen = now;
                since = clock::now();
            } else if (!has_ended && clock::now() - since > std::chrono::milliseconds{1}) {
                has_ended = true;
                object_->end(notes_, static_cast<std::uint32_t>(cast_.size()));
            } else if (clock::now() - since > std::chrono::seconds{60}) {
                // They cannot be joined any more.
                std::fprintf(stderr, "nothing has gone on for a minute; seed %llu; so far\n%s",
                             static_cast<unsigned long long>(seed_), text_of(*object_, notes_.take()).c_str());
                std::abort();
            }
        }
    }

    Object* object_;
    std::span<const actor_kind> cast_;
    recorder notes_;
    std::uint64_t seed_;
    std::atomic<std::size_t> ready_{0};
    std::atomic<std::size_t> done_{0};
};

/// Which actors there are, one line after the other.
inline std::span<const actor_kind> cast_of(std::uint64_t number) {
    using enum actor_kind;
    static constexpr std::array<actor_kind, 4> tasks{coroutine, fiber, coroutine, fiber};
    static constexpr std::array<actor_kind, 3> threads{thread, thread, thread};
    static constexpr std::array<actor_kind, 4> all{thread, coroutine, fiber, thread};
    static constexpr std::array<actor_kind, 3> coroutines{coroutine, coroutine, coroutine};
    switch (number % 4) {
        case 0:
            return tasks;
        case 1:
            return threads;
        case 2:
            return all;
        default:
            return coroutines;
    }
}

}  // namespace linear
