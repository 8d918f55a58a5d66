// Whose turn it is to make the value of a once_cell: when makings are given up, come late or are brought to rest. Each
// task is polled by hand.
#include "catch.hpp"
#include "fuzz/hand_task.hpp"
#include <bifilar/bifilar.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace bf = bifilar;

namespace {

using cell = bf::once_cell<int>;

// Makes 7 once the event is set.
class make_after {
public:
    explicit make_after(bf::event& go) noexcept : go_{&go} {}
    auto operator()() const {
        return bf::map(go_->wait(), [] { return 7; });
    }

private:
    bf::event* go_;
};

// A task that wants the value.
class asker {
public:
    asker(cell& of, bf::event& go) : wait_{of.get_or_init(make_after{go})} {}

    // The value, if it is there.
    std::optional<int> poll() {
        auto answer = task_.poll(*wait_);
        if (!answer) return std::nullopt;
        return *answer.take();
    }
    [[nodiscard]] bool is_woken() const noexcept { return task_.is_woken(); }
    void leave() noexcept { wait_.reset(); }

private:
    fuzz::hand_task task_;
    std::optional<bf::once_cell<int>::init_future<make_after>> wait_;
};

// Calls a function in the moment in which it is woken.
class alarmed_task : public bf::detail::task_header {
public:
    explicit alarmed_task(std::function<void()> call) : task_header{kind, 0}, call_{std::move(call)} {}

private:
    static bf::detail::run_result run(task_header&, bf::context&) noexcept { return bf::detail::run_result::done; }
    static void schedule(task_header& task) noexcept { static_cast<alarmed_task&>(task).call_(); }
    static void destroy(task_header&) noexcept {}
    static constexpr bf::detail::operations kind{&run, &schedule, &destroy};

    std::function<void()> call_;
};

}  // namespace

TEST_CASE("a_once_cell_destroys_its_value") {
    const auto value = std::make_shared<int>(1);
    {
        bf::once_cell<std::shared_ptr<int>> filled;
        CHECK(filled.emplace(value));
        CHECK(value.use_count() == 2);
        const bf::once_cell<std::shared_ptr<int>> empty;
    }
    CHECK(value.use_count() == 1);
}

TEST_CASE("the_turn_to_make_a_value_goes_to_the_oldest_that_still_wants_it") {
    cell of;
    bf::event go;
    asker maker{of, go};
    asker first{of, go};
    asker second{of, go};
    for (asker* const each : {&maker, &first, &second}) CHECK_FALSE(each->poll());
    maker.leave();
    CHECK(first.is_woken());
    {
        // It was never polled, so it has no turn to pass on.
        const asker fresh{of, go};
    }
    CHECK_FALSE(second.is_woken());
    first.leave();
    CHECK(second.is_woken());
    CHECK_FALSE(second.poll());
    go.set();
    CHECK(second.poll() == 7);
    CHECK(*of.get() == 7);
}

TEST_CASE("who_makes_a_value_out_of_turn_is_not_in_the_line_any_more") {
    cell of;
    bf::event go;
    asker maker{of, go};
    asker called{of, go};
    asker early{of, go};
    for (asker* const each : {&maker, &called, &early}) CHECK_FALSE(each->poll());
    maker.leave();
    // Its task comes for another reason, before the one that was called.
    CHECK_FALSE(early.poll());
    CHECK_FALSE(called.poll());
    early.leave();
    CHECK(called.is_woken());
    go.set();
    CHECK(called.poll() == 7);
}

// More wait than are woken under one hold of the lock.
TEST_CASE("who_finds_the_value_before_its_wake_is_not_woken_any_more") {
    constexpr std::size_t woken_together = 64;
    cell of;
    bf::event go;
    asker maker{of, go};
    CHECK_FALSE(maker.poll());
    asker last{of, go};
    std::optional<int> found;
    alarmed_task first{[&] { found = last.poll(); }};
    auto first_wait = of.get_or_init(make_after{go});
    bf::context cx{first};
    CHECK_FALSE(first_wait.poll(cx));
    (void)first.state_.end_pending();
    std::vector<std::unique_ptr<asker>> others;
    while (others.size() + 1 < woken_together) {
        others.push_back(std::make_unique<asker>(of, go));
        CHECK_FALSE(others.back()->poll());
    }
    CHECK_FALSE(last.poll());
    go.set();
    CHECK(maker.poll() == 7);
    CHECK(found == 7);
    CHECK_FALSE(last.is_woken());
    for (auto& each : others) CHECK(each->poll() == 7);
    CHECK(first_wait.poll(cx));
}

namespace {

// Ready when the future is at rest.
template <bf::future F>
class rest_of {
public:
    using output = void;
    explicit rest_of(F& of) noexcept : of_{&of} {}
    bf::polled<void> poll(bf::context& cx) { return bf::poll_cancel(*of_, cx); }

private:
    F* of_;
};

}  // namespace

TEST_CASE("a_making_that_is_cancelled_is_brought_to_rest") {
    cell of;
    bf::event go;
    {
        auto making = of.get_or_init([&go] { return bf::shield(make_after{go}()); });
        rest_of rest{making};
        fuzz::hand_task task;
        CHECK_FALSE(task.poll(making));
        CHECK_FALSE(task.poll(rest));
        go.set();
        CHECK(task.poll(rest));
    }
    CHECK_FALSE(of.is_set());
    CHECK(of.emplace(8));
}
