// Locks, semaphores and watches of several tasks and threads, whose histories are those of an object that does one call
// after the other. A lock is permits: one, or for readers and a writer as many as there may be readers.
#include "histories.hpp"
#include "lock_models.hpp"

#include <array>

using namespace linear;

namespace {

constexpr int acquire = static_cast<int>(permit_call::acquire);
constexpr int try_acquire = static_cast<int>(permit_call::try_acquire);
constexpr int release = static_cast<int>(permit_call::release);

// What an actor holds, and what it does next: who holds something gives it back, so that no actor waits for ever.
struct held_permits {
    std::int64_t held = 0;
};
std::optional<call> next_call(std::uint32_t step, const held_permits& of, draws& chance, std::int64_t more) {
    if (of.held != 0) return call{release, of.held};
    if (step >= 6) return std::nullopt;
    const std::int64_t count = chance.below(3) == 0 ? more : 1;
    return call{chance.below(3) == 0 ? try_acquire : acquire, count};
}

class played_mutex {
public:
    using hands = held_permits;

    [[nodiscard]] static permits_model model() noexcept { return permits_model{1}; }
    [[nodiscard]] static const char* name(int kind) { return permits_model::name(kind); }
    static std::optional<call> next(std::uint32_t, std::uint32_t step, const hands& of, draws& chance) {
        return next_call(step, of, chance, 1);
    }

    bf::task<std::int64_t> perform(hands& of, call what) {
        if (what.kind == release) {
            of.held = 0;
            lock_.unlock();
            co_return 1;
        }
        bf::mutex::guard got;
        if (what.kind == acquire)
            got = co_await lock_.lock();
        else
            got = lock_.try_lock();
        if (!got) co_return not_now;
        of.held = 1;
        (void)got.release();
        co_return 1;
    }
    static void end(recorder&, std::uint32_t) {}

private:
    bf::mutex lock_;
};

class played_shared_mutex {
public:
    using hands = held_permits;
    static constexpr std::int64_t all = bf::shared_mutex::max_readers;

    [[nodiscard]] static permits_model model() noexcept { return permits_model{all}; }
    [[nodiscard]] static const char* name(int kind) { return permits_model::name(kind); }
    static std::optional<call> next(std::uint32_t, std::uint32_t step, const hands& of, draws& chance) {
        return next_call(step, of, chance, all);
    }

    bf::task<std::int64_t> perform(hands& of, call what) {
        if (what.kind == release) {
            of.held = 0;
            what.argument == all ? lock_.unlock() : lock_.unlock_shared();
            co_return 1;
        }
        if (what.argument == all) {
            bf::shared_mutex::guard got;
            if (what.kind == acquire)
                got = co_await lock_.lock();
            else
                got = lock_.try_lock();
            co_return taken(of, std::move(got), all);
        }
        bf::shared_mutex::shared_guard got;
        if (what.kind == acquire)
            got = co_await lock_.lock_shared();
        else
            got = lock_.try_lock_shared();
        co_return taken(of, std::move(got), 1);
    }
    static void end(recorder&, std::uint32_t) {}

private:
    template <class Guard>
    static std::int64_t taken(hands& of, Guard got, std::int64_t count) {
        if (!got) return not_now;
        of.held = count;
        (void)got.release();
        return 1;
    }

    bf::shared_mutex lock_;
};

class played_semaphore {
public:
    using hands = held_permits;

    [[nodiscard]] static permits_model model() noexcept { return permits_model{3}; }
    [[nodiscard]] static const char* name(int kind) { return permits_model::name(kind); }
    static std::optional<call> next(std::uint32_t, std::uint32_t step, const hands& of, draws& chance) {
        if (of.held == 0 && step < 6 && chance.below(100) == 0) return call{static_cast<int>(permit_call::close), 0};
        return next_call(step, of, chance, 1 + chance.below(3));
    }

    bf::task<std::int64_t> perform(hands& of, call what) {
        const auto count = static_cast<std::uint32_t>(what.argument);
        switch (static_cast<permit_call>(what.kind)) {
            case permit_call::release:
                of.held = 0;
                permits_.release(count);
                co_return 1;
            case permit_call::close:
                permits_.close();
                co_return 1;
            case permit_call::acquire: {
                auto got = co_await permits_.acquire(count);
                of.held = got.forget();
                co_return of.held != 0 ? 1 : closed;
            }
            case permit_call::try_acquire:
                break;
        }
        auto got = permits_.try_acquire(count);
        of.held = got.forget();
        co_return of.held != 0 ? 1 : not_now;
    }
    static void end(recorder&, std::uint32_t) {}

private:
    bf::semaphore permits_{3};
};

class played_watch {
public:
    using hands = std::uint32_t;  // The actor.

    played_watch() {
        for (auto& one : watchers_) one.emplace(watch_.subscribe());
    }

    [[nodiscard]] static watch_model model() noexcept { return {}; }
    [[nodiscard]] static const char* name(int kind) { return watch_model::name(kind); }
    static std::optional<call> next(std::uint32_t actor, std::uint32_t step, hands& self, draws& chance) {
        self = actor;
        if (step == 5) return std::nullopt;
        const std::uint32_t drawn = chance.below(50);
        if (drawn == 0) return call{static_cast<int>(watch_call::close), 0};
        if (drawn < 18) return call{static_cast<int>(watch_call::send), value_of(actor, step)};
        return call{static_cast<int>(drawn < 34 ? watch_call::get : watch_call::changed), 0};
    }

    bf::task<std::int64_t> perform(hands& self, call what) {
        switch (static_cast<watch_call>(what.kind)) {
            case watch_call::send:
                co_return watch_.send(what.argument) ? 1 : closed;
            case watch_call::get:
                co_return watchers_[self]->get();
            case watch_call::changed: {
                const bool is_new = co_await watchers_[self]->changed();
                co_return is_new ? 1 : closed;
            }
            case watch_call::close:
                break;
        }
        watch_.close();
        co_return 1;
    }
    void end(recorder& notes, std::uint32_t actor) {
        notes.invoke(actor, static_cast<int>(watch_call::close), 0);
        watch_.close();
        notes.answer(actor, 1);
    }

private:
    bf::watch<std::int64_t> watch_{0};
    std::array<std::optional<bf::watch<std::int64_t>::watcher>, watch_model::max_actors> watchers_;
};

template <class Object>
void histories_of(const char* what, std::uint64_t count) {
    check_histories(what, count, [](std::uint64_t) { return std::make_unique<Object>(); });
}

}  // namespace

TEST_CASE("histories_of_a_mutex_are_linearizable") { histories_of<played_mutex>("mutex", by_day); }
TEST_CASE("histories_of_a_shared_mutex_are_linearizable") { histories_of<played_shared_mutex>("shared_mutex", by_day); }
TEST_CASE("histories_of_a_semaphore_are_linearizable") { histories_of<played_semaphore>("semaphore", by_day); }
TEST_CASE("histories_of_a_watch_are_linearizable") { histories_of<played_watch>("watch", by_day); }

TEST_CASE("many_histories_of_locks_are_linearizable", "[.][nightly]") {
    histories_of<played_mutex>("mutex", by_night);
    histories_of<played_shared_mutex>("shared_mutex", by_night);
    histories_of<played_semaphore>("semaphore", by_night);
    histories_of<played_watch>("watch", by_night);
}
