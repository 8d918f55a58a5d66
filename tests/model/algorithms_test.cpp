// Known algorithms under the checker's memory: right with the orders of their papers, found to be wrong with weaker
// ones. Builds on engine. Peterson, "Myths About the Mutual Exclusion Problem", 1981; Boehm, "Can Seqlocks Get Along
// With Programming Language Memory Models?", 2012.
#include "engine.hpp"

#include <bifilar/base/detail/atomic.hpp>

#include <catch2/catch.hpp>

#include <array>
#include <memory>
#include <optional>
#include <string>

using namespace bifilar;
using base::atomic;
using Catch::Contains;

namespace {

using order = std::memory_order;

struct two_flags {
    std::array<atomic<bool>, 2> wants{};
    atomic<int> turn{0};
    model::cell<int> inside{0, "inside"};
};

// Who wants in says so and looks; of two, at most one sees nobody.
model::body dekker(order stored, order loaded, bool fences) {
    return [=](model::world& world) {
        auto* const shared = world.make<two_flags>();
        for (const std::size_t me : {0U, 1U})
            world.thread("t" + std::to_string(me), [=] {
                shared->wants[me].store(true, stored);
                if (fences) base::fence_seq_cst();
                if (!shared->wants[1 - me].load(loaded)) shared->inside.set(shared->inside.get() + 1);
            });
    };
}

model::body peterson(order stored, order loaded, bool turn_by_update) {
    return [=](model::world& world) {
        auto* const shared = world.make<two_flags>();
        for (const int me : {0, 1})
            world.thread("t" + std::to_string(me), [=] {
                const auto mine = static_cast<std::size_t>(me);
                shared->wants[mine].store(true, stored);
                if (turn_by_update)
                    (void)shared->turn.exchange(1 - me, base::acq_rel);
                else
                    shared->turn.store(1 - me, stored);
                while (shared->wants[1 - mine].load(loaded) && shared->turn.load(loaded) != me) base::spin_pause();
                shared->inside.set(shared->inside.get() + 1);
                shared->wants[mine].store(false, base::release);
            });
        world.finally([=] { model::require(shared->inside.get() == 2, "a section was lost"); });
    };
}

struct seqlock {
    atomic<int> version{0};
    std::array<atomic<int>, 2> words{};

    void write(int value, order between) noexcept {
        version.store(1, base::relaxed);
        model::fence(between);
        for (auto& each : words) each.store(value, base::relaxed);
        version.store(2, base::release);
    }
    // The two words, or -1.
    [[nodiscard]] int read(order between) const noexcept {
        const int before = version.load(base::acquire);
        const int first = words[0].load(base::relaxed);
        const int second = words[1].load(base::relaxed);
        model::fence(between);
        if (before % 2 != 0 || version.load(base::relaxed) != before) return -1;
        return first * 10 + second;
    }
};

model::body seqlocked(order writer, order reader) {
    return [=](model::world& world) {
        auto* const shared = world.make<seqlock>();
        world.thread("writer", [=] { shared->write(1, writer); });
        world.thread("reader", [=] {
            const int both = shared->read(reader);
            model::require(both == -1 || both == 0 || both == 11, "half of a write was read");
        });
    };
}

const model::options far{
    .preemptions = model::unlimited, .stale_reads = model::unlimited, .early_stores = model::unlimited};

bool holds(const model::body& body) {
    const model::report found = model::explore(far, body);
    INFO(found.message);
    CHECK((found.failed || found.exhaustive));
    return !found.failed;
}

}  // namespace

TEST_CASE("dekker_needs_seq_cst_operations_or_fences", "[memory]") {
    CHECK(holds(dekker(base::seq_cst, base::seq_cst, false)));
    CHECK(holds(dekker(base::relaxed, base::relaxed, true)));
    CHECK_FALSE(holds(dekker(base::release, base::acquire, false)));
    CHECK_FALSE(holds(dekker(base::seq_cst, base::acquire, false)));
}

TEST_CASE("peterson_needs_seq_cst_or_an_update_of_the_turn", "[memory]") {
    CHECK(holds(peterson(base::seq_cst, base::seq_cst, false)));
    CHECK_FALSE(holds(peterson(base::release, base::acquire, false)));
    // The second update reads the first one, which orders the flag of whoever came first.
    CHECK(holds(peterson(base::relaxed, base::acquire, true)));
}

TEST_CASE("a_seqlock_needs_both_fences", "[memory]") {
    CHECK(holds(seqlocked(base::release, base::acquire)));
    CHECK_FALSE(holds(seqlocked(base::relaxed, base::acquire)));
    CHECK_FALSE(holds(seqlocked(base::release, base::relaxed)));
}

namespace {

struct flag {
    atomic<int> value{0};
    atomic<int> other{0};
};

// Shared state of a thread's own making, passed on by a pointer.
struct parcel {
    atomic<int> number{7};
    model::cell<int> weight{3, "weight"};
};

struct post {
    atomic<parcel*> box{nullptr};
    atomic<bool> taken{false};
};

model::body send(order stored, bool early_end) {
    return [=](model::world& world) {
        auto* const shared = world.make<post>();
        world.thread("sender", [=] {
            const auto made = std::make_unique<parcel>();
            shared->box.store(made.get(), stored);
            while (!early_end && !shared->taken.load(base::acquire)) base::spin_pause();
        });
        world.thread("receiver", [=] {
            if (parcel* const sent = shared->box.load(base::acquire)) (void)sent->number.load(base::relaxed);
            shared->taken.store(true, base::release);
        });
    };
}

}  // namespace

TEST_CASE("memory_that_is_gone_or_not_yet_there_is_not_touched", "[memory]") {
    CHECK_FALSE(model::explore(far, send(base::release, false)).failed);
    CHECK_THAT(model::explore(far, send(base::relaxed, false)).sentence, Contains("is made by sender"));
    CHECK_THAT(model::explore(far, send(base::release, true)).sentence,
               Contains("use after free") || Contains("is destroyed by sender, unordered"));
}

TEST_CASE("a_cell_that_is_gone_is_not_touched", "[memory]") {
    struct short_lived {
        std::optional<model::cell<int>> owned{std::in_place, 1, "short-lived"};
        model::cell<int>* seen = &*owned;
    };
    const auto found = model::explore({}, [](model::world& world) {
        auto* const shared = world.make<short_lived>();
        world.thread("t", [=] {
            shared->owned.reset();
            (void)shared->seen->get();
        });
    });
    CHECK_THAT(found.sentence, Contains("use after free"));
}

TEST_CASE("what_a_spin_waits_for_becomes_visible", "[memory]") {
    const auto all = model::explore(far, [](model::world& world) {
        auto* const shared = world.make<flag>();
        world.thread("writer", [=] { shared->value.store(1, base::relaxed); });
        world.thread("reader", [=] {
            while (shared->value.load(base::relaxed) == 0) base::spin_pause();
        });
    });
    CHECK_FALSE(all.failed);
    CHECK(all.exhaustive);
}

TEST_CASE("the_trace_names_the_store_that_a_stale_load_has_read", "[memory]") {
    const auto stale = model::explore({.stale_reads = 1}, [](model::world& world) {
        auto* const shared = world.make<flag>();
        world.label(&shared->value, "value");
        world.thread("writer", [=] {
            shared->value.store(1, base::relaxed);
            shared->other.store(1, base::relaxed);
        });
        world.thread("reader", [=] {
            if (shared->other.load(base::relaxed) == 1)
                model::require(shared->value.load(base::relaxed) == 1, "the first store was not seen");
        });
    });
    CHECK_THAT(stale.message, Contains("STALE, 1 of 2 newer; from the set-up") && Contains("operation 2 of writer"));
}

TEST_CASE("random_executions_read_stale_values_and_store_early", "[memory]") {
    const auto body = dekker(base::release, base::acquire, false);
    const auto found = model::explore({.stale_reads = 1, .random_executions = 2'000, .seed = 3}, body);
    REQUIRE(found.failed);
    CHECK(model::replay({}, body, found.schedule).sentence == found.sentence);
    const auto crosswise = [](model::world& world) {
        auto* const shared = world.make<flag>();
        world.thread("left", [=] {
            shared->value.store(1, base::relaxed);
            shared->other.store(2, base::relaxed);
        });
        world.thread("right", [=] {
            shared->other.store(1, base::relaxed);
            shared->value.store(2, base::relaxed);
        });
        world.finally([=] {
            model::require(shared->value.load() == 2 || shared->other.load() == 2, "both first stores came last");
        });
    };
    const auto early = model::explore({.early_stores = 2, .random_executions = 2'000, .seed = 3}, crosswise);
    CHECK_THAT(early.message, Contains("EARLY, before 1 of 3") && Contains("both first stores came last"));
    CHECK(model::replay({}, crosswise, early.schedule).sentence == early.sentence);
    CHECK_FALSE(model::explore({.preemptions = model::unlimited, .early_stores = 0}, crosswise).failed);
}

TEST_CASE("a_failure_that_rests_on_a_promise_counts_when_the_promise_is_kept", "[memory]") {
    const auto buffered = [](order loaded) {
        return [=](model::world& world) {
            auto* const shared = world.make<flag>();
            world.thread("left", [=] {
                const int read = shared->value.load(loaded);
                shared->other.store(1, base::relaxed);
                model::require(read == 0, "a load has read what was stored because of it");
            });
            world.thread("right", [=] {
                if (shared->other.load(loaded) == 1) shared->value.store(1, base::release);
            });
        };
    };
    const model::options ahead{.future_reads = 1};
    // Nothing is stored unless the first thread has gone on, so no execution without promises shows the store at all.
    CHECK_FALSE(model::explore({}, buffered(base::relaxed)).failed);
    const auto found = model::explore(ahead, buffered(base::relaxed));
    CHECK_THAT(found.message, Contains("FUTURE, from operation 2 of right") && !Contains("went another way"));
    CHECK(model::replay(ahead, buffered(base::relaxed), found.schedule).sentence == found.sentence);
    CHECK_FALSE(model::explore(ahead, buffered(base::acquire)).failed);
}
