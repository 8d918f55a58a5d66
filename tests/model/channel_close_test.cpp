// close() against a sender that waits, or is about to, and a receiver: the value arrives or comes back, once.
// Builds on channel/channel.hpp and the model checker.
#include "drive.hpp"
#include "engine.hpp"

#include <bifilar/channel/channel.hpp>

#include <catch2/catch.hpp>

#include <cstdint>
#include <expected>
#include <string>

using namespace bifilar;
using model::tasks;
using model::wait_for;

namespace {

constexpr int older = 10;
constexpr int newer = 1;

// Full from the beginning, so that a send waits for the receiver.
struct desk {
    explicit desk(std::uint32_t capacity) : values{capacity} {
        while (values.try_send(older)) stored += older;
    }
    channel<int> values;
    int stored = 0;
    int sent = 0;
    int returned = 0;
    int received = 0;
    tasks all;
};

// A send as it is asked where it may be given up for another: it acts in its polls alone.
class send_arm {
public:
    using output = output_of<channel<int>::send_future>;

    explicit send_arm(channel<int>& to) noexcept : send_{to.send(newer)} {}
    polled<output> poll(context& cx) noexcept { return send_.poll_arm(cx); }

private:
    channel<int>::send_future send_;
};

// A place is waited for, and then filled.
class send_into_place {
public:
    using output = output_of<channel<int>::send_future>;

    explicit send_into_place(channel<int>& to) noexcept : reserve_{to.reserve()} {}
    polled<output> poll(context& cx) noexcept {
        auto answer = reserve_.poll(cx);
        if (!answer) return not_ready;
        auto place = answer.take();
        if (!place) return output{std::unexpected{send_error<int>{newer}}};
        return place.send(newer);
    }

private:
    channel<int>::reserve_future reserve_;
};

// A place is waited for, and given back.
class take_and_give_back {
public:
    using output = output_of<channel<int>::send_future>;

    explicit take_and_give_back(channel<int>& to) noexcept : reserve_{to.reserve()} {}
    polled<output> poll(context& cx) noexcept {
        if (!reserve_.poll(cx)) return not_ready;
        return output{std::unexpected{send_error<int>{newer}}};
    }

private:
    channel<int>::reserve_future reserve_;
};

void check_end(desk& at) {
    int left = 0;
    auto rest = at.values.try_recv();
    for (; rest; rest = at.values.try_recv()) left += *rest;
    model::require(rest.error() == try_recv_error::closed, "a closed and drained channel does not say so");
    model::require(at.sent + at.returned == newer, "a send had no answer, or the value came back changed");
    model::require(at.received + left == at.stored + at.sent, "a value was lost or came twice");
}

// make_send(channel) is the future of the send.
template <class MakeSend>
void close_against(const std::string& name, MakeSend make_send, std::uint32_t least_capacity = 0) {
    for (const std::uint32_t capacity : {0U, 1U, 2U}) {
        if (capacity < least_capacity) continue;
        // Most happens where there is no room.
        const unsigned preemptions = capacity == 0 ? 3 : 2;
        model::check({.name = "close, " + name + ", capacity " + std::to_string(capacity), .preemptions = preemptions},
                     [=](model::world& world) {
                         auto* const here = world.make<desk>(capacity);
                         world.thread("sender", [=] {
                             auto f = make_send(here->values);
                             auto answer = wait_for(f, here->all[0]);
                             if (answer)
                                 here->sent = newer;
                             else
                                 here->returned = answer.error().take();
                         });
                         world.thread("receiver", [=] {
                             auto f = here->values.recv();
                             here->received = wait_for(f, here->all[1]).value_or(0);
                         });
                         world.thread("closer", [=] { here->values.close(); });
                         world.finally([=] { check_end(*here); });
                     });
    }
}

}  // namespace

TEST_CASE("a_send_that_meets_close_is_made_or_gives_its_value_back", "[channel]") {
    close_against("a send and a receive", [](channel<int>& to) { return to.send(newer); });
}

TEST_CASE("a_send_arm_that_meets_close_is_made_or_gives_its_value_back", "[channel]") {
    close_against("a send arm and a receive", [](channel<int>& to) { return send_arm{to}; });
}

TEST_CASE("a_place_that_meets_close_is_filled_or_its_value_comes_back", "[channel]") {
    close_against("a place and a receive", [](channel<int>& to) { return send_into_place{to}; }, 1);
    close_against(
        "a place that is given back and a receive", [](channel<int>& to) { return take_and_give_back{to}; }, 1);
}
