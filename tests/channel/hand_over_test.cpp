// Who gets which value and who is woken: where those who wait are arms or leave, and where a value is on its way. Each
// task is polled by hand, so each step comes when a test says so, and nothing else happens in between.
#include "catch.hpp"
#include "fuzz/hand_task.hpp"
#include <bifilar/bifilar.hpp>

#include <cstdint>
#include <optional>

namespace bf = bifilar;

namespace {

using channel = bf::channel<int>;
using bf::try_recv_error;

// What a receiver says when nothing will come.
constexpr int nothing = -1;

class receiver {
public:
    explicit receiver(channel& from) : wait_{from.recv()} {}

    // What it received, if its wait is over.
    std::optional<int> poll() { return given(task_.poll(*wait_)); }
    std::optional<int> poll_arm() { return given(task_.poll_arm(*wait_)); }
    [[nodiscard]] bool is_woken() const noexcept { return task_.is_woken(); }
    // From here on its task does not sleep: another of its arms may be ready.
    void wake() noexcept { task_.wake(); }
    void leave() noexcept { wait_.reset(); }

private:
    static std::optional<int> given(bf::polled<std::optional<int>> answer) {
        if (!answer) return std::nullopt;
        return answer.take().value_or(nothing);
    }

    fuzz::hand_task task_;
    std::optional<channel::recv_future> wait_;
};

class sender {
public:
    sender(channel& to, int value) : wait_{to.send(value)} {}

    // Whether the value was sent.
    bool poll() { return sent(task_.poll(wait_)); }
    bool poll_arm() { return sent(task_.poll_arm(wait_)); }
    [[nodiscard]] bool is_woken() const noexcept { return task_.is_woken(); }

private:
    static bool sent(bf::polled<bf::output_of<channel::send_future>> answer) { return answer && answer.take(); }

    fuzz::hand_task task_;
    channel::send_future wait_;
};

}  // namespace

TEST_CASE("a_try_recv_without_room_takes_from_the_oldest_send_that_is_no_arm") {
    channel desk{0};
    sender arm{desk, 1};
    sender plain{desk, 2};
    CHECK_FALSE(arm.poll_arm());
    CHECK_FALSE(plain.poll());
    CHECK(desk.try_recv() == 2);
    CHECK(plain.poll());
    CHECK_FALSE(arm.is_woken());
    CHECK(desk.try_recv().error() == try_recv_error::empty);
}

TEST_CASE("a_try_recv_takes_the_value_of_a_send_that_waits_behind_a_reserved_place") {
    channel values{1};
    auto place = bf::block_on(values.reserve());
    sender waits{values, 1};
    CHECK_FALSE(waits.poll());
    CHECK(values.try_recv() == 1);
    CHECK(waits.poll());
    CHECK(place.send(2).has_value());
    CHECK(values.try_recv() == 2);
}

TEST_CASE("a_free_place_wakes_one_sender") {
    channel values{1};
    CHECK(values.try_send(0).has_value());
    sender first{values, 1};
    sender second{values, 2};
    CHECK_FALSE(first.poll_arm());
    CHECK_FALSE(second.poll_arm());
    CHECK(values.try_recv() == 0);
    CHECK(first.is_woken());
    CHECK_FALSE(second.is_woken());
    CHECK(first.poll_arm());
}

TEST_CASE("the_oldest_receiver_gets_a_value_though_it_is_an_arm_of_a_task_that_is_awake") {
    channel values{1};
    receiver oldest{values};
    receiver next{values};
    CHECK_FALSE(oldest.poll_arm());
    CHECK_FALSE(next.poll());
    oldest.wake();
    CHECK(values.try_send(1).has_value());
    CHECK_FALSE(next.is_woken());
    CHECK(oldest.poll_arm() == 1);
}

TEST_CASE("who_comes_while_a_value_is_on_its_way_overtakes_nobody") {
    channel desk{0};
    receiver first{desk};
    receiver second{desk};
    CHECK_FALSE(first.poll());
    CHECK_FALSE(second.poll());
    CHECK(desk.try_send(1).has_value());
    sender waits{desk, 2};
    CHECK_FALSE(waits.poll());
    CHECK(desk.try_recv().error() == try_recv_error::empty);
    receiver late{desk};
    CHECK_FALSE(late.poll());
    // With the value the turn comes to those that wait, whichever of them is asked next.
    CHECK(first.poll() == 1);
    CHECK(second.is_woken());
    CHECK(waits.poll());
    CHECK(second.poll() == 2);
    CHECK_FALSE(late.is_woken());
}

TEST_CASE("a_value_that_comes_back_is_the_next_receivers_at_once") {
    for (const std::uint32_t capacity : {0U, 1U}) {
        CAPTURE(capacity);
        channel values{capacity};
        receiver leaves{values};
        receiver next{values};
        CHECK_FALSE(leaves.poll());
        CHECK_FALSE(next.poll());
        CHECK(values.try_send(1).has_value());
        leaves.leave();
        CHECK(values.len() == 0);
        CHECK(next.is_woken());
        CHECK(next.poll() == 1);
    }
}

TEST_CASE("a_value_that_comes_back_without_room_is_not_overtaken") {
    channel desk{0};
    receiver leaves{desk};
    receiver next{desk};
    CHECK_FALSE(leaves.poll());
    CHECK_FALSE(next.poll_arm());
    CHECK(desk.try_send(1).has_value());
    // An arm whose task is awake is handed nothing: the value stays, and is its own.
    next.wake();
    leaves.leave();
    CHECK(desk.len() == 1);
    sender waits{desk, 2};
    CHECK_FALSE(waits.poll());
    CHECK(desk.try_recv().error() == try_recv_error::empty);
    CHECK(next.poll_arm() == 1);
    CHECK(desk.try_recv() == 2);
    CHECK(waits.poll());
}

TEST_CASE("a_value_that_comes_back_is_received_before_younger_ones") {
    channel values{2};
    receiver leaves{values};
    receiver second{values};
    receiver third{values};
    for (receiver* const each : {&leaves, &second, &third}) CHECK_FALSE(each->poll());
    CHECK(values.try_send(1).has_value());
    CHECK(values.try_send(2).has_value());
    CHECK(second.is_woken());
    CHECK_FALSE(third.is_woken());
    leaves.leave();
    CHECK(third.is_woken());
    CHECK(second.poll() == 1);
    CHECK(third.poll() == 2);
}

TEST_CASE("a_value_that_was_kept_for_a_receiver_that_leaves_wakes_the_next") {
    channel values{2};
    receiver first{values};
    receiver leaves{values};
    receiver next{values};
    for (receiver* const each : {&first, &leaves, &next}) CHECK_FALSE(each->poll());
    CHECK(values.try_send(1).has_value());
    CHECK(values.try_send(2).has_value());
    CHECK(leaves.is_woken());
    CHECK_FALSE(next.is_woken());
    leaves.leave();
    CHECK(next.is_woken());
    CHECK(first.poll() == 1);
    CHECK(next.poll() == 2);
}

TEST_CASE("who_takes_the_last_value_of_a_closed_channel_tells_those_that_wait") {
    channel values{2};
    receiver first{values};
    receiver second{values};
    CHECK_FALSE(first.poll());
    CHECK_FALSE(second.poll());
    CHECK(values.try_send(1).has_value());
    CHECK(values.try_send(2).has_value());
    values.close();
    CHECK(first.poll() == 1);
    // The value that is left is kept for the second, which may still leave it to these.
    receiver third{values};
    receiver fourth{values};
    CHECK_FALSE(third.poll());
    CHECK_FALSE(fourth.poll());
    CHECK(second.poll() == 2);
    CHECK(third.is_woken());
    CHECK(third.poll() == nothing);
    CHECK(fourth.is_woken());
    CHECK(fourth.poll() == nothing);
}
