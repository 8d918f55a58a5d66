// Values whose copies throw, in the two channels that copy: the exception comes out, and nothing is lost by it.
#include "one_worker.hpp"

#include <stdexcept>
#include <utility>

using namespace both;
using tests::let_others_park;

namespace {

struct copying {
    int failures = 0;  // How many of the next copies throw.
    int made = 0;
};

// Moves without a fault.
class brittle {
public:
    brittle(int number, copying& how) noexcept : number_{number}, how_{&how} {}
    brittle(const brittle& other) : number_{other.number_}, how_{other.how_} {
        if (how_->failures != 0) {
            --how_->failures;
            throw std::runtime_error{"no copy"};
        }
        ++how_->made;
    }
    brittle& operator=(const brittle&) = delete;
    brittle(brittle&&) noexcept = default;
    brittle& operator=(brittle&&) noexcept = default;
    ~brittle() = default;

    [[nodiscard]] int number() const noexcept { return number_; }

private:
    int number_;
    copying* how_;
};

}  // namespace

TEST_CASE("what_copying_a_broadcast_value_throws_comes_out_and_the_value_stays") {
    in_each_model([](model m, bf::runtime& rt) {
        copying how;
        bf::broadcast<brittle> news{4};
        auto one = news.subscribe();
        auto two = news.subscribe();
        CHECK(news.send(brittle{1, how}).value() == 2);
        CHECK(news.send(brittle{2, how}).value() == 2);
        CHECK(how.made == 0);
        how.failures = 2;
        CHECK_THROWS_WITH(await_in(m, rt, [&] { return one.recv(); }), "no copy");
        CHECK_THROWS_WITH(one.try_recv(), "no copy");
        CHECK(await_in(m, rt, [&] { return one.recv(); })->number() == 1);
        CHECK(two.try_recv()->number() == 1);
        CHECK(one.try_recv()->number() == 2);
        CHECK(await_in(m, rt, [&] { return two.recv(); })->number() == 2);
        CHECK(how.made == 4);  // One for each value that came.
    });
}

TEST_CASE("a_subscriber_that_waits_gets_the_exception_and_the_others_the_value") {
    tests::on_one_worker([](bf::backend model) {
        using subscription = bf::broadcast<brittle>::subscription;
        copying how;
        bf::broadcast<brittle> news{4};
        auto one = news.subscribe();
        auto two = news.subscribe();
        const auto receive = [](subscription& from) -> bf::task<int> {
            const auto got = co_await from.recv();
            co_return got->number();
        };
        auto first = bf::spawn(model, receive, std::ref(one));
        auto second = bf::spawn(model, receive, std::ref(two));
        let_others_park();
        how.failures = 1;
        CHECK(news.send(brittle{1, how}).value() == 2);
        const auto of_first = bf::await(first.outcome());
        const auto of_second = bf::await(second.outcome());
        // One of them, whoever came first.
        CHECK(of_first.has_value() != of_second.has_value());
        const auto& got = of_first.has_value() ? of_first : of_second;
        const auto& not_got = of_first.has_value() ? of_second : of_first;
        CHECK(got.value() == 1);
        REQUIRE_FALSE(not_got.has_value());
        CHECK_THROWS_WITH(std::rethrow_exception(not_got.error().exception()), "no copy");
        subscription& again = of_first.has_value() ? two : one;
        CHECK(again.try_recv()->number() == 1);
    });
}

TEST_CASE("what_copying_a_watched_value_throws_comes_out_and_the_value_stays_unseen") {
    in_each_model([](model m, bf::runtime& rt) {
        copying how;
        bf::watch<brittle> state{brittle{1, how}};
        auto one = state.subscribe();
        auto two = state.subscribe();
        CHECK(state.send(brittle{2, how}).has_value());
        how.failures = 2;
        CHECK(await_in(m, rt, [&] { return one.changed(); }));  // Copies nothing.
        CHECK_THROWS_WITH(one.get(), "no copy");
        CHECK_THROWS_WITH(state.get(), "no copy");
        CHECK(one.has_changed());
        CHECK(await_in(m, rt, [&] { return one.changed(); }));
        CHECK(how.made == 0);
        CHECK(one.get().number() == 2);
        CHECK_FALSE(one.has_changed());
        CHECK(two.has_changed());
        CHECK(two.get().number() == 2);
        CHECK(state.get().number() == 2);
        // The lock was left each time.
        CHECK(state.send(brittle{3, how}).has_value());
        CHECK(await_in(m, rt, [&] { return two.changed(); }));
        CHECK(two.get().number() == 3);
        CHECK(how.made == 4);
    });
}
