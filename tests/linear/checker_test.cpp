// The checker itself: histories that are known to be good or bad, and channels with a fault planted in them, which it
// must find.
#include "channels.hpp"
#include "histories.hpp"
#include "lock_models.hpp"

#include <atomic>

using namespace linear;

namespace {

constexpr int give = static_cast<int>(channel_call::send);
constexpr int try_give = static_cast<int>(channel_call::try_send);
constexpr int take = static_cast<int>(channel_call::recv);
constexpr int try_take = static_cast<int>(channel_call::try_recv);
constexpr int close_it = static_cast<int>(channel_call::close);
constexpr std::uint64_t open_end = operation::unanswered;

bool is_channel(std::size_t room, const history& given) { return is_linearizable(channel_model{room}, given); }
bool is_rendezvous(const history& given) { return is_linearizable(rendezvous_model{}, given); }

}  // namespace

// Each call: actor, kind, argument, result, from, to.
TEST_CASE("calls_one_after_the_other_are_as_the_model_says") {
    CHECK(is_channel(1, {}));
    CHECK(is_channel(1, {{0, give, 7, 1, 0, 1}, {1, take, 0, 7, 2, 3}}));
    CHECK_FALSE(is_channel(1, {{0, give, 7, 1, 0, 1}, {1, take, 0, 8, 2, 3}}));
    CHECK_FALSE(is_channel(1, {{0, give, 7, 1, 0, 1}, {1, try_take, 0, not_now, 2, 3}}));
    CHECK_FALSE(is_channel(1, {{0, give, 7, 1, 0, 1}, {1, try_give, 8, 1, 2, 3}}));
    CHECK(is_channel(1, {{0, give, 7, 1, 0, 1}, {1, try_give, 8, not_now, 2, 3}}));
}

TEST_CASE("a_receive_before_its_send_is_refused") {
    CHECK_FALSE(is_channel(1, {{1, take, 0, 7, 0, 1}, {0, give, 7, 1, 2, 3}}));
    CHECK(is_channel(1, {{1, take, 0, 7, 0, 3}, {0, give, 7, 1, 1, 2}}));
}

TEST_CASE("values_of_one_sender_in_another_order_are_refused") {
    CHECK_FALSE(is_channel(2, {{0, give, 7, 1, 0, 1}, {0, give, 8, 1, 2, 3}, {1, take, 0, 8, 4, 5}}));
    // Sends at one time have no order.
    CHECK(is_channel(2, {{0, give, 7, 1, 0, 2}, {1, give, 8, 1, 1, 3}, {2, take, 0, 8, 4, 5}, {2, take, 0, 7, 6, 7}}));
    // But all see the same.
    CHECK_FALSE(is_channel(9, {{0, give, 7, 1, 0, 2},
                               {1, give, 8, 1, 1, 3},
                               {2, take, 0, 8, 4, 5},
                               {0, give, 9, 1, 6, 7},
                               {2, take, 0, 9, 8, 9},
                               {2, take, 0, 7, 10, 11}}));
}

TEST_CASE("a_value_that_was_lost_or_doubled_is_refused") {
    CHECK_FALSE(is_channel(2, {{0, give, 7, 1, 0, 1}, {0, close_it, 0, 1, 2, 3}, {1, take, 0, closed, 4, 5}}));
    CHECK_FALSE(is_channel(2, {{0, give, 7, 1, 0, 1}, {1, take, 0, 7, 2, 3}, {1, take, 0, 7, 4, 5}}));
    CHECK_FALSE(is_channel(2, {{0, close_it, 0, 1, 0, 1}, {1, give, 7, 1, 2, 3}}));
}

TEST_CASE("a_call_without_an_answer_may_have_had_its_effect_or_not") {
    const operation sends{0, give, 7, 0, 0, open_end};
    CHECK(is_channel(1, {sends, {1, try_take, 0, not_now, 1, 2}}));
    CHECK(is_channel(1, {sends, {1, take, 0, 7, 1, 2}}));
    CHECK(is_channel(1, {sends, {1, try_take, 0, not_now, 1, 2}, {1, take, 0, 7, 3, 4}}));
    CHECK_FALSE(is_channel(1, {sends, {1, take, 0, 7, 1, 2}, {1, take, 0, 7, 3, 4}}));
}

TEST_CASE("a_rendezvous_has_both_sides_at_one_time") {
    CHECK(is_rendezvous({{0, give, 7, 1, 0, 2}, {1, take, 0, 7, 1, 3}}));
    CHECK(is_rendezvous({{0, give, 7, 1, 1, 3}, {1, take, 0, 7, 0, 2}}));
    CHECK_FALSE(is_rendezvous({{0, give, 7, 1, 0, 1}, {1, take, 0, 7, 2, 3}}));
    CHECK_FALSE(is_rendezvous({{0, give, 7, 1, 0, 5}, {1, take, 0, 7, 1, 2}, {2, take, 0, 7, 3, 4}}));
}

TEST_CASE("a_lock_that_two_hold_is_refused") {
    constexpr int acquire = static_cast<int>(permit_call::acquire);
    constexpr int release = static_cast<int>(permit_call::release);
    const permits_model one{1};
    CHECK_FALSE(is_linearizable(one, {{0, acquire, 1, 1, 0, 1}, {1, acquire, 1, 1, 2, 3}, {0, release, 1, 1, 4, 5}}));
    CHECK(is_linearizable(one, {{0, acquire, 1, 1, 0, 1}, {1, acquire, 1, 1, 2, 5}, {0, release, 1, 1, 3, 6}}));
    CHECK_FALSE(is_linearizable(one, {{0, acquire, 1, 1, 0, 1}, {1, acquire, 1, 1, 2, 4}, {0, release, 1, 1, 5, 6}}));
}

TEST_CASE("a_watch_that_shows_an_older_value_is_refused") {
    constexpr int set = static_cast<int>(watch_call::send);
    constexpr int get = static_cast<int>(watch_call::get);
    constexpr int changed = static_cast<int>(watch_call::changed);
    const watch_model one;
    CHECK(is_linearizable(one, {{0, set, 7, 1, 0, 1}, {1, changed, 0, 1, 2, 3}, {1, get, 0, 7, 4, 5}}));
    CHECK_FALSE(is_linearizable(one, {{0, set, 7, 1, 0, 1}, {1, get, 0, 0, 2, 3}}));
    CHECK_FALSE(is_linearizable(one, {{1, changed, 0, 1, 0, 1}, {0, set, 7, 1, 2, 3}}));
    CHECK_FALSE(is_linearizable(one, {{0, set, 7, 1, 0, 1}, {1, get, 0, 7, 2, 3}, {1, changed, 0, 1, 4, 5}}));
}

TEST_CASE("a_theft_takes_the_older_half_in_one") {
    constexpr int push = static_cast<int>(queue_call::push);
    constexpr int pop = static_cast<int>(queue_call::pop);
    constexpr int steal = static_cast<int>(queue_call::steal);
    const run_queue_model queue{4};
    const history filled{{0, push, 1, 1, 0, 1}, {0, push, 2, 1, 2, 3}, {0, push, 3, 1, 4, 5}};
    const auto with = [&filled](std::initializer_list<operation> more) {
        history all{filled};
        all.insert(all.end(), more);
        return all;
    };
    CHECK(is_linearizable(queue, with({{1, steal, 0, 0x12, 6, 7}, {0, pop, 0, 3, 8, 9}})));
    CHECK_FALSE(is_linearizable(queue, with({{1, steal, 0, 0x123, 6, 7}})));
    CHECK_FALSE(is_linearizable(queue, with({{1, steal, 0, 0x12, 6, 7}, {0, pop, 0, 2, 8, 9}})));
    CHECK_FALSE(is_linearizable(queue, with({{1, steal, 0, not_now, 6, 7}})));
}

namespace {

// Now and then two values change places, or one is lost.
enum class fault { reorder, lose };

template <fault Fault>
class faulty_channel : public bf::channel<std::int64_t> {
public:
    using bf::channel<std::int64_t>::channel;

    std::expected<std::int64_t, bf::try_recv_error> try_recv() {
        auto first = bf::channel<std::int64_t>::try_recv();
        if (!first || (calls_.fetch_add(1) + 1) % 10 != 0) return first;
        auto second = bf::channel<std::int64_t>::try_recv();
        if constexpr (Fault == fault::reorder) {
            if (second && bf::channel<std::int64_t>::try_send(*first)) return second;
        }
        return second ? second : first;
    }

private:
    static inline std::atomic<unsigned> calls_{0};
};

template <fault Fault>
bool is_found() {
    using faulty = played_channel<faulty_channel<Fault>, channel_model>;
    const std::uint64_t seed = tests::seed_of_this_run("planted fault");
    const std::string wrong = first_wrong_history(
        by_night, seed, [](std::uint64_t) { return std::make_unique<faulty>(channel_model{3}, 3U); });
    return !wrong.empty();
}

}  // namespace

TEST_CASE("a_channel_that_now_and_then_reorders_two_values_is_found") { CHECK(is_found<fault::reorder>()); }
TEST_CASE("a_channel_that_now_and_then_loses_a_value_is_found") { CHECK(is_found<fault::lose>()); }
