// What is aligned to more than 16 bytes lies where it should: outputs, locals, parameters and captures, in every form
// of spawn and in awaited children.
#include "in_each_model.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

using namespace both;

namespace {

// The compiler may not conclude from the type that the answer is yes.
[[gnu::noinline]] bool lies_at_multiple(const void* place, std::size_t alignment) {
    auto address = reinterpret_cast<std::uintptr_t>(place);
    asm volatile("" : "+r"(address));
    return address % alignment == 0;
}

template <std::size_t Alignment>
class alignas(Alignment) aligned {
public:
    aligned() noexcept {}
    aligned(const aligned& other) noexcept : right_{other.right() && lies_at_multiple(this, Alignment)} {}
    aligned& operator=(const aligned&) = default;
    ~aligned() { asm volatile("" : : "r"(this) : "memory"); }

    // Whether this and all that it was copied from lie where they should.
    [[nodiscard]] bool right() const noexcept { return right_ && lies_at_multiple(this, Alignment); }

private:
    bool right_ = lies_at_multiple(this, Alignment);
    char rest_ = 0;
};

// What is aligned to a page takes some pages of stack wherever it is handed on.
bf::runtime_options roomy_runtime(unsigned workers) {
    bf::runtime_options options = small_runtime(workers);
    options.stack_bytes = std::size_t{1} << 20;
    return options;
}

constexpr int rounds = 16;  // So many live at once, for one in four lies well by chance.

template <std::size_t A>
bf::task<aligned<A>> gives() {
    co_await bf::yield_now();
    co_return aligned<A>{};
}

template <std::size_t A>
bf::task<bool> awaits_a_value() {
    const aligned<A> got = co_await gives<A>();
    co_return got.right();
}

template <std::size_t A, std::size_t Size>
bf::task<bool> has_a_local() {
    std::array<char, Size> other{};
    const aligned<A> local;
    bool right = local.right();
    asm volatile("" : : "r"(other.data()) : "memory");
    co_await bf::yield_now();
    right &= local.right();
    asm volatile("" : : "r"(other.data()) : "memory");
    co_return right;
}

template <std::size_t A>
bf::task<aligned<A>> has_a_local_and_a_value() {
    const aligned<A> local;
    co_await bf::yield_now();
    co_return aligned<A>{local};
}

template <std::size_t A>
bf::task<bool> takes_one(int, aligned<A> given, char) {
    co_await bf::yield_now();
    co_return given.right();
}

template <std::size_t A>
bf::task<bool> has_a_child_with_a_local() {
    bool right = true;
    for (int n = 0; n < 4; ++n) {
        right &= co_await has_a_local<A, 1>();
        right &= co_await has_a_local<A, 40>();
    }
    co_return right;
}

// A future of its own that keeps something aligned.
template <std::size_t A>
class keeps_one {
public:
    using output = aligned<A>;
    bf::polled<output> poll(bf::context& cx) {
        if (std::exchange(begun_, true)) return output{kept_};
        cx.yield();
        return bf::not_ready;
    }

private:
    aligned<A> kept_;
    bool begun_ = false;
};

bool is_right(bool right) { return right; }
template <std::size_t A>
bool is_right(const aligned<A>& got) {
    return got.right();
}

// Several at once, joined by handle and by outcome().
template <class Spawn>
int count_wrong(Spawn spawn) {
    std::vector<decltype(spawn())> all;
    for (int n = 0; n < rounds; ++n) all.push_back(spawn());
    int wrong = 0;
    for (int n = 0; n < rounds; ++n) {
        auto& one = all[static_cast<std::size_t>(n)];
        if (n % 2 == 0) {
            wrong += is_right(bf::await(one)) ? 0 : 1;
        } else {
            const auto got = bf::await(one.outcome());
            wrong += is_right(*got) ? 0 : 1;
        }
    }
    return wrong;
}

template <std::size_t A>
void check_spawned(bf::backend on) {
    INFO("alignment " << A);
    bf::spawn_options options;
    options.on = on;
    options.stack_bytes = std::size_t{1} << 20;
    const auto spawns = [&options](auto call, auto... args) {
        return count_wrong([&options, call, args...] { return bf::spawn(options, call, args...); });
    };
    CHECK(spawns(&gives<A>) == 0);
    CHECK(spawns(&awaits_a_value<A>) == 0);
    CHECK(spawns(&has_a_local<A, 1>) == 0);
    CHECK(spawns(&has_a_local<A, 20>) == 0);
    CHECK(spawns(&has_a_local<A, 40>) == 0);
    CHECK(spawns(&has_a_local<A, 60>) == 0);
    CHECK(spawns(&has_a_local<A, 100>) == 0);
    CHECK(spawns(&has_a_local<A, 200>) == 0);
    CHECK(spawns(&has_a_local_and_a_value<A>) == 0);
    CHECK(spawns(&has_a_child_with_a_local<A>) == 0);
    CHECK(spawns(&takes_one<A>, 1, aligned<A>{}, 'x') == 0);
    CHECK(spawns([]() -> bf::task<bool> { return has_a_local<A, 1>(); }) == 0);
    const aligned<A> captured;
    CHECK(spawns([captured]() -> bf::task<bool> {
              co_await bf::yield_now();
              co_return captured.right();
          }) == 0);
    CHECK(spawns([captured] { return captured; }) == 0);
    CHECK(spawns([captured](const aligned<A>& given) { return captured.right() && given.right(); }, captured) == 0);
    CHECK(spawns(keeps_one<A>{}) == 0);
    CHECK(count_wrong([&options] { return bf::spawn(options, has_a_local_and_a_value<A>()); }) == 0);
    const auto same = [](const aligned<A>& got) { return got; };
    CHECK(count_wrong([&options, same] { return bf::spawn(options, bf::map(gives<A>(), same)); }) == 0);
}

template <std::size_t A>
bf::task<int> scope_of_its_own() {
    int wrong = 0;
    const auto body = [](bf::task_scope& scope) -> bf::task<aligned<A>> {
        bool right = true;
        for (int n = 0; n < 8; ++n) {
            bf::task<aligned<A>> (*const call)() = &has_a_local_and_a_value<A>;
            auto child = scope.spawn(call);
            const aligned<A> of_child = co_await child;
            auto fiber = scope.spawn(bf::backend::stackful, [] { return bf::await(gives<A>()); });
            const aligned<A> of_fiber = co_await fiber;
            right &= of_child.right() && of_fiber.right();
        }
        if (!right) throw std::runtime_error{"misaligned"};
        co_return aligned<A>{};
    };
    for (int n = 0; n < 8; ++n) {
        const aligned<A> got = co_await bf::with_scope(body);
        if (!got.right()) ++wrong;
    }
    co_return wrong;
}

template <std::size_t A>
void check_scope() {
    INFO("alignment " << A);
    bf::runtime rt{roomy_runtime(1)};
    CHECK(rt.run(scope_of_its_own<A>) == 0);
}

template <std::size_t A>
void check_awaited() {
    INFO("alignment " << A);
    for (const model m : {model::coroutine, model::fiber, model::thread}) {
        INFO("model: " << name(m));
        bf::runtime rt{roomy_runtime(2)};
        CHECK(await_in(m, rt, [] { return gives<A>(); }).right());
        CHECK(await_in(m, rt, [] { return awaits_a_value<A>(); }));
        CHECK(await_in(m, rt, [] { return has_a_child_with_a_local<A>(); }));
        CHECK(await_in(m, rt, [] { return keeps_one<A>{}; }).right());
    }
}

template <std::size_t A>
void check_larger_than_a_slab(bf::runtime& rt) {
    INFO("alignment " << A);
    const auto spawns = [&rt](auto call) { return count_wrong([&rt, call] { return rt.spawn(call); }); };
    CHECK(spawns(&has_a_local<A, 1>) == 0);
    CHECK(spawns(&has_a_local<A, 200>) == 0);
    CHECK(spawns(&has_a_child_with_a_local<A>) == 0);
    CHECK(spawns([] { return has_a_local<A, 1>(); }) == 0);
    CHECK(rt.run(has_a_child_with_a_local<A>));
    CHECK(bf::block_on(has_a_local<A, 1>()));
    bf::future_set<bf::task<bool>> set;
    for (int n = 0; n < 4; ++n) set.add(has_a_local<A, 1>());
    while (auto got = bf::block_on(set.next())) CHECK(got->value());
}

// Outputs and parameters, of which several lie on the thread's stack at once.
template <std::size_t A>
void check_values(bf::runtime& rt) {
    INFO("alignment " << A);
    CHECK(count_wrong([&rt] { return rt.spawn(gives<A>); }) == 0);
    CHECK(count_wrong([&rt] { return rt.spawn(awaits_a_value<A>); }) == 0);
    CHECK(count_wrong([&rt] { return rt.spawn(takes_one<A>, 1, aligned<A>{}, 'x'); }) == 0);
    CHECK(count_wrong([&rt] { return rt.spawn(keeps_one<A>{}); }) == 0);
    bf::unbounded_channel<aligned<A>> values;
    for (int n = 0; n < rounds; ++n) (void)values.send(aligned<A>{});
    for (int n = 0; n < rounds; ++n) CHECK(bf::block_on(values.recv())->right());
}

}  // namespace

TEST_CASE("spawned_tasks_keep_every_alignment") {
    in_both(
        [](bf::backend on) {
            check_spawned<32>(on);
            check_spawned<64>(on);
            check_spawned<128>(on);
            check_spawned<1'024>(on);
            check_spawned<4'096>(on);
        },
        roomy_runtime(2));
}

TEST_CASE("awaited_coroutines_keep_every_alignment") {
    check_awaited<32>();
    check_awaited<64>();
    check_awaited<256>();
    check_awaited<4'096>();
}

// Where a slab of the frame pool begins, and beyond. Fibers would need stacks of several times that.
TEST_CASE("coroutines_keep_alignments_larger_than_a_slab") {
    for (const unsigned workers : {1U, 2U}) {
        bf::runtime rt{roomy_runtime(workers)};
        check_larger_than_a_slab<32'768>(rt);
        check_larger_than_a_slab<65'536>(rt);
        check_larger_than_a_slab<131'072>(rt);
        check_larger_than_a_slab<1'048'576>(rt);
        check_values<65'536>(rt);
    }
}

TEST_CASE("scopes_keep_every_alignment") {
    check_scope<32>();
    check_scope<64>();
    check_scope<4'096>();
}

TEST_CASE("other_places_of_the_frame_pool_keep_every_alignment") {
    bf::runtime rt{small_runtime(1)};
    rt.run([] {
        static bf::task_local<aligned<256>> key;
        CHECK(key.emplace().right());
        bf::future_set<keeps_one<64>> set;
        for (int n = 0; n < 8; ++n) set.add(keeps_one<64>{});
        while (auto got = bf::await(set.next())) CHECK(got->value().right());
        bf::unbounded_channel<aligned<64>> values;
        for (int n = 0; n < 100; ++n) (void)values.send(aligned<64>{});
        for (int n = 0; n < 100; ++n) CHECK(bf::await(values.recv())->right());
    });
}

TEST_CASE("shutdown_finds_tasks_whose_frames_are_aligned") {
    bf::runtime rt{small_runtime(1)};
    std::vector<bf::join_handle<bool>> all;
    const auto wait = [](auto local) -> bf::task<bool> {
        auto kept = local;
        co_await bf::pending();
        co_return kept.right();
    };
    for (int n = 0; n < rounds; ++n) {
        all.push_back(rt.spawn(wait, aligned<64>{}));
        all.push_back(rt.spawn(wait, aligned<1'024>{}));
    }
    rt.run([] { bf::await(bf::yield_now()); });
    (void)rt.shutdown(std::chrono::steady_clock::time_point::max());
    for (auto& one : all) CHECK(one.done());
}
