// What wait_test leaves out, at random on four workers: conditions, events that reset themselves, cells, countdowns,
// oneshots in sets, scopes. Waits are given up and tasks cancelled in between; a wake-up that is lost with
// one of them hangs a patient task, which the time limit reports. Prints its seeds.
#include "effort.hpp"
#include "one_worker.hpp"
#include "seed.hpp"
#include <bifilar/base/detail/random.hpp>
#include <bifilar/base/detail/sanitizer.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <utility>
#include <vector>

using namespace both;

namespace {

#if defined(BIFILAR_ASAN) || defined(BIFILAR_TSAN)
constexpr int rounds = 5;
#else
constexpr int rounds = 20;
#endif
constexpr int patient_ones = 16;
constexpr int impatient_ones = 16;

// Calls round(runtime, random) so many times.
template <class Round>
void in_rounds(const char* test, Round round) {
    const std::uint64_t seed = tests::seed_of_this_run(test);
    INFO("seed: " << seed);
    bf::base::random random{seed};
    bf::runtime rt{small_runtime(4)};
    for (int n = 0; n < tests::rounds_of(rounds); ++n) round(rt, random);
}

// Tasks, every second one a fiber.
class crowd {
public:
    crowd(bf::runtime& rt, bf::base::random& random) : rt_{&rt}, random_{&random} {}

    template <class... Given>
    void patient(Given&&... given) {
        patient_.push_back(rt_->spawn(next(), std::forward<Given>(given)...));
    }
    /// May be cancelled at any time.
    template <class... Given>
    void impatient(Given&&... given) {
        impatient_.push_back(rt_->spawn(next(), std::forward<Given>(given)...));
        cancel_one();
    }
    /// Waits for all. False when a patient one has not come to its end.
    bool end() {
        for (std::size_t n = 0; n < impatient_.size(); ++n) cancel_one();
        for (auto& one : impatient_) (void)bf::block_on(one.outcome());
        bool all = true;
        for (auto& one : patient_) all = bf::block_on(one.outcome()).has_value() && all;
        return all;
    }

private:
    bf::backend next() { return tests::both_backends[(patient_.size() + impatient_.size()) % 2]; }
    void cancel_one() {
        if (random_->below(3) == 0) impatient_[random_->below(static_cast<std::uint32_t>(impatient_.size()))].cancel();
    }

    bf::runtime* rt_;
    bf::base::random* random_;
    std::vector<bf::join_handle<void>> patient_;
    std::vector<bf::join_handle<void>> impatient_;
};

// Lets others go first, or not.
bf::task<> linger(bf::base::random& random) {
    for (std::uint32_t turns = random.below(4); turns != 0; --turns) co_await bf::yield_now();
}

// Waits for body(of) for a short time.
template <class Of>
bf::task<> shortly(bf::task<> (*body)(Of&), Of& of, std::uint64_t seed) {
    bf::base::random random{seed};
    co_await linger(random);
    (void)co_await bf::timeout(body(of), std::chrono::microseconds{random.below(300)});
}

// Calls `last` when it ends, cancellation included.
template <class F>
std::shared_ptr<void> at_end(F last) {
    return std::shared_ptr<void>(nullptr, [last](void*) { last(); });
}

struct store {
    bf::mutex lock;
    bf::condition arrived;
    int items = 0;  // lock
    int taken = 0;  // lock
};

bf::task<> take_item(store& from) {
    auto held = co_await from.lock.lock();
    const auto is_there = [&from] { return from.items > 0; };
    // In the poll that ends the wait, so that a cancellation cannot come between.
    const auto take = [&from] {
        --from.items;
        ++from.taken;
    };
    co_await bf::map(from.arrived.wait(held, is_there), take);
}

bf::task<> bring_item(store& to, std::uint64_t seed) {
    bf::base::random random{seed};
    co_await linger(random);
    auto held = co_await to.lock.lock();
    ++to.items;
    if (random.below(2) == 0) held.unlock();
    random.below(8) == 0 ? to.arrived.notify_all() : to.arrived.notify_one();
}

struct gate {
    bf::auto_reset_event free;
    long inside = 0;  // Whoever has reset `free`.
    std::atomic<long> passes{0};
};

bf::task<> pass_gate(gate& at) {
    // Set again also when the wait was cancelled just after it had its turn.
    const auto enter = [&at] { return at_end([&at] { at.free.set(); }); };
    const auto turn = co_await bf::map(at.free.wait(), enter);
    const long before = at.inside;
    co_await bf::yield_now();
    at.inside = before + 1;
    ++at.passes;
}

struct place {
    bf::once_cell<int> cell;
    std::atomic<int> made{0};
    std::atomic<int> wrong{0};
};

bf::task<int> make_value(place& in, std::uint64_t seed, bool may_fail) {
    bf::base::random random{seed};
    co_await linger(random);
    if (may_fail && random.below(2) == 0) throw std::runtime_error{"no value"};
    co_return ++in.made;
}

bf::task<> get_value(place& in, std::uint64_t seed, bool may_fail) {
    const auto make = [&in, seed, may_fail] { return make_value(in, seed, may_fail); };
    const int* const value = co_await in.cell.get_or_init(make);
    if (*value != 1) ++in.wrong;
}

bf::task<> try_to_get_value(place& in, std::uint64_t seed) {
    bf::base::random random{seed};
    try {
        const auto limit = std::chrono::microseconds{random.below(300)};
        (void)co_await bf::timeout(get_value(in, random.next(), true), limit);
    } catch (const std::runtime_error&) {
        co_return;  // Its own making failed; another makes the value.
    }
}

struct work {
    bf::latch written{patient_ones};
    std::vector<int> marks = std::vector<int>(patient_ones);  // Each by its own task, before it counts down.
    bf::wait_group under_way;
    std::atomic<int> alive{0};
    std::atomic<int> wrong{0};
};

bf::task<> write_mark(work& of, std::size_t n, std::uint64_t seed) {
    bf::base::random random{seed};
    co_await linger(random);
    of.marks[n] = 1;
    of.written.count_down();
}

bf::task<> pass_latch(work& of) {
    co_await of.written.wait();
    if (std::accumulate(of.marks.begin(), of.marks.end(), 0) != patient_ones) ++of.wrong;
}

bf::task<> do_some(work& of, bf::wait_group::token given, std::uint64_t seed) {
    const bf::wait_group::token mine = std::move(given);
    ++of.alive;
    const auto leave = at_end([&of] { --of.alive; });
    bf::base::random random{seed};
    co_await linger(random);
}

bf::task<> pass_group(work& of) {
    co_await of.under_way.wait();
    if (of.alive != 0) ++of.wrong;
}

struct post {
    std::atomic<int> sent{0};
    std::atomic<int> received{0};
};

bf::task<> send_letter(post& by, bf::oneshot_sender<int> given, std::uint64_t seed) {
    bf::oneshot_sender<int> to = std::move(given);
    bf::base::random random{seed};
    co_await linger(random);
    if (random.below(4) == 0) co_return;  // There will be none.
    if (to.send(1)) ++by.sent;
}

bf::task<> collect_letters(post& by, std::vector<bf::oneshot_receiver<int>> from, std::uint64_t seed) {
    bf::base::random random{seed};
    bf::future_set<bf::oneshot<int>::recv_future> letters;
    for (auto& one : from) letters.add(one.recv());
    while (!letters.empty()) {
        auto got = co_await bf::timeout(letters.next(), std::chrono::microseconds{random.below(100)});
        if (got && *got && (*got)->value()) ++by.received;
    }
}

class family {
public:
    explicit family(std::atomic<int>& mistakes) : wrong{&mistakes} {}
    family(const family&) = delete;
    family& operator=(const family&) = delete;
    ~family() {
        if (alive != 0) ++*wrong;
    }

    std::atomic<int>* wrong;
    std::atomic<int> alive{0};
    std::atomic<int> thrown{0};
};

constexpr std::uint32_t generations = 3;

bf::task<> grow(family& of, bf::task_scope& in, std::uint32_t generation, std::uint64_t seed) {
    bf::base::random random{seed};
    ++of.alive;
    const auto leave = at_end([&of] { --of.alive; });
    co_await linger(random);
    if (generation != generations)
        for (const bf::backend on : tests::both_backends)
            in.spawn(on, grow, std::ref(of), std::ref(in), generation + 1, random.next());
    co_await linger(random);
    if (random.below(20) != 0) co_return;
    ++of.thrown;
    throw std::runtime_error{"one of the family"};
}

bf::task<> keep_family(std::atomic<int>& wrong, std::uint64_t seed) {
    family all{wrong};
    std::vector<std::exception_ptr> others;
    const auto body = [&all, seed](bf::task_scope& in) { return grow(all, in, 0, seed); };
    int told = 0;
    try {
        co_await bf::with_scope(body, &others);
    } catch (const std::runtime_error&) {
        told = 1;
    }
    if (told + static_cast<int>(others.size()) != all.thrown) ++wrong;
}

bf::task<> keep_family_shortly(std::atomic<int>& wrong, std::uint64_t seed) {
    bf::base::random random{seed};
    const auto limit = std::chrono::microseconds{random.below(300)};
    (void)co_await bf::timeout(keep_family(wrong, random.next()), limit);
}

// On a fiber, whose scope waits in its destructor.
void keep_family_by_hand(std::atomic<int>& wrong, std::uint64_t seed) {
    family all{wrong};
    bool told = false;
    try {
        bf::task_scope scope;
        scope.spawn(grow, std::ref(all), std::ref(scope), 0U, seed);
        bf::await(scope.join());
    } catch (const std::runtime_error&) {
        told = true;
    }
    if (told != (all.thrown != 0)) ++wrong;
}

}  // namespace

TEST_CASE("no_notice_of_a_condition_is_lost_with_a_waiter_that_leaves") {
    in_rounds("condition", [](bf::runtime& rt, bf::base::random& random) {
        store shared;
        crowd all{rt, random};
        for (int n = 0; n < patient_ones; ++n) {
            all.patient(take_item, std::ref(shared));
            all.impatient(shortly<store>, take_item, std::ref(shared), random.next());
            for (int item = 0; item < 2; ++item) all.patient(bring_item, std::ref(shared), random.next());
        }
        CHECK(all.end());
        CHECK(shared.taken >= patient_ones);
        CHECK(shared.taken + shared.items == 2 * patient_ones);
    });
}

TEST_CASE("an_auto_reset_event_lets_one_in_at_a_time_whoever_leaves") {
    in_rounds("auto_reset_event", [](bf::runtime& rt, bf::base::random& random) {
        gate shared;
        shared.free.set();
        crowd all{rt, random};
        for (int n = 0; n < patient_ones; ++n) {
            all.patient(pass_gate, std::ref(shared));
            all.impatient(shortly<gate>, pass_gate, std::ref(shared), random.next());
        }
        CHECK(all.end());
        CHECK(shared.inside == shared.passes);
        CHECK(shared.passes >= patient_ones);
        CHECK(shared.free.try_wait());
    });
}

TEST_CASE("a_cell_is_filled_once_by_one_of_many_makers_that_fail_or_leave") {
    in_rounds("once_cell", [](bf::runtime& rt, bf::base::random& random) {
        place shared;
        crowd all{rt, random};
        for (int n = 0; n < impatient_ones; ++n) {
            all.impatient(try_to_get_value, std::ref(shared), random.next());
            if (n % 2 == 0) all.patient(get_value, std::ref(shared), random.next(), false);
        }
        CHECK(all.end());
        CHECK(shared.made == 1);
        CHECK(shared.wrong == 0);
    });
}

TEST_CASE("latches_and_wait_groups_let_all_pass_when_the_work_is_done_and_not_before") {
    in_rounds("countdowns", [](bf::runtime& rt, bf::base::random& random) {
        work shared;
        crowd all{rt, random};
        {
            const bf::wait_group::token open = shared.under_way.enter();  // Until all are on their way.
            for (std::size_t n = 0; n < patient_ones; ++n) {
                all.patient(pass_latch, std::ref(shared));
                all.patient(pass_group, std::ref(shared));
                all.patient(write_mark, std::ref(shared), n, random.next());
                all.impatient(do_some, std::ref(shared), shared.under_way.enter(), random.next());
                all.impatient(shortly<work>, pass_latch, std::ref(shared), random.next());
                all.impatient(shortly<work>, pass_group, std::ref(shared), random.next());
            }
        }
        CHECK(all.end());
        CHECK(shared.wrong == 0);
        CHECK(shared.written.try_wait());
        CHECK(shared.under_way.try_wait());
    });
}

TEST_CASE("a_set_of_oneshots_gives_every_value_and_every_end") {
    in_rounds("oneshots in sets", [](bf::runtime& rt, bf::base::random& random) {
        post patient;
        post impatient;
        crowd all{rt, random};
        for (int n = 0; n < 4; ++n)
            for (post* const by : {&patient, &impatient}) {
                std::vector<bf::oneshot_sender<int>> to;
                std::vector<bf::oneshot_receiver<int>> from;
                for (int letter = 0; letter < patient_ones; ++letter) {
                    auto [sender, receiver] = bf::make_oneshot<int>();
                    to.push_back(std::move(sender));
                    from.push_back(std::move(receiver));
                }
                if (by == &patient)
                    all.patient(collect_letters, std::ref(*by), std::move(from), random.next());
                else
                    all.impatient(collect_letters, std::ref(*by), std::move(from), random.next());
                for (auto& one : to) all.patient(send_letter, std::ref(*by), std::move(one), random.next());
            }
        CHECK(all.end());
        CHECK(patient.received == patient.sent);
        CHECK(impatient.received <= impatient.sent);
    });
}

TEST_CASE("scopes_end_after_all_their_children_and_tell_every_exception") {
    in_rounds("scopes", [](bf::runtime& rt, bf::base::random& random) {
        std::atomic<int> wrong{0};
        crowd all{rt, random};
        std::vector<bf::join_handle<void>> fibers;
        for (int n = 0; n < 4; ++n) {
            all.patient(keep_family, std::ref(wrong), random.next());
            all.impatient(keep_family_shortly, std::ref(wrong), random.next());
            fibers.push_back(rt.spawn(bf::backend::stackful, keep_family_by_hand, std::ref(wrong), random.next()));
        }
        fibers[random.below(4)].cancel();
        for (auto& one : fibers) (void)bf::block_on(one.outcome());
        CHECK(all.end());
        CHECK(wrong == 0);
    });
}
