// What tasks say of their waits: objects and what is known of them, chains, arms, places in the code.
#include "catch.hpp"
#include "one_worker.hpp"
#include "recorded_task.hpp"
#include <bifilar/bifilar.hpp>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace bf = bifilar;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;
using bf::detail::task_header;

namespace {

// Spawns a task that waits for what `make` gives, lets it park, and asks it.
template <class Make>
tests::recorded_task ask_of_wait(bf::backend on, Make make) {
    task_header* task = nullptr;
    auto handle = bf::spawn(
        on,
        [](task_header*& own, Make& of) -> bf::task<> {
            own = co_await tests::own_task{};
            auto waits = of();
            (void)co_await waits;
        },
        std::ref(task), std::ref(make));
    tests::let_others_park();
    REQUIRE(task != nullptr);
    tests::recorded_task told = tests::ask(*task);
    handle.cancel();
    (void)bf::await(handle.outcome());
    return told;
}

std::uint64_t value_of(const tests::recorded_wait& wait, std::string_view fact) {
    INFO(fact);
    const bf::wait_fact* const found = wait.find(fact);
    REQUIRE(found != nullptr);
    return found->value();
}

std::uint64_t address(const void* of) { return reinterpret_cast<std::uintptr_t>(of); }

// Three coroutines, one in the other, of which the innermost waits.
bf::task<> inner(bf::event& e, unsigned& line) {
    line = std::source_location::current().line() + 1;
    co_await e.wait();
}
bf::task<> middle(bf::event& e, unsigned (&lines)[3]) {
    lines[1] = std::source_location::current().line() + 1;
    co_await inner(e, lines[0]);
}
bf::task<> outer(bf::event& e, unsigned (&lines)[3], task_header*& own) {
    own = co_await tests::own_task{};
    lines[2] = std::source_location::current().line() + 1;
    co_await middle(e, lines);
}

}  // namespace

TEST_CASE("a_coroutine_tells_its_chain_from_the_innermost_frame_on") {
    bf::runtime rt{both::small_runtime(1)};
    rt.run([] {
        bf::event e;
        unsigned lines[3] = {};
        task_header* task = nullptr;
        auto handle = bf::spawn(bf::backend::stackless, outer, std::ref(e), std::ref(lines), std::ref(task));
        tests::let_others_park();
        const tests::recorded_task told = tests::ask(*task);
        CHECK(told.model == "coroutine");
        CHECK(told.order == "wfff");
        REQUIRE(told.frames.size() == 3);
        for (std::size_t at = 0; at < 3; ++at) {
            CHECK(told.frames[at].line() == lines[at]);
            CHECK_THAT(told.frames[at].file_name(), Contains("describe_test.cpp"));
            CHECK(told.resume_addresses[at] != nullptr);
        }
        CHECK(value_of(told.waits.at(0), "object") == address(&e));
        e.set();
        bf::await(std::move(handle));
    });
}

TEST_CASE("a_fiber_tells_its_stack_and_the_place_of_its_await") {
    bf::runtime rt{both::small_runtime(1)};
    rt.run([] {
        bf::event e;
        task_header* task = nullptr;
        const void* local = nullptr;
        unsigned line = 0;
        auto handle = bf::spawn(bf::backend::stackful, [&] {
            const int here = 0;
            local = &here;
            task = bf::await(tests::own_task{});
            line = std::source_location::current().line() + 1;
            bf::await(e.wait());
            CHECK(local == &here);
        });
        tests::let_others_park();
        const tests::recorded_task told = tests::ask(*task);
        CHECK(told.model == "fiber");
        CHECK(told.order == "ws");
        CHECK(told.stack_at.line() == line);
        CHECK(value_of(told.waits.at(0), "object") == address(&e));
        CHECK(address(told.stack.low) < told.stack.stack_pointer);
        CHECK(told.stack.stack_pointer <= address(local));
        CHECK(address(local) < address(told.stack.top));
        CHECK(told.stack.instruction != 0);
        CHECK(told.stack.count != 0);
        e.set();
        bf::await(std::move(handle));
    });
}

TEST_CASE("a_fiber_that_yields_tells_no_wait_of_before") {
    bf::runtime rt{both::small_runtime(1)};
    rt.run([] {
        task_header* task = nullptr;
        bool stop = false;
        auto handle = bf::spawn(bf::backend::stackful, [&] {
            bf::await(bf::sleep_for(1us));
            task = bf::await(tests::own_task{});
            while (!stop) bf::this_fiber::yield();
        });
        while (task == nullptr) bf::this_fiber::yield();
        const tests::recorded_task told = tests::ask(*task);
        CHECK(told.order == "s");
        CHECK(told.stack_at.line() == 0);
        stop = true;
        bf::await(std::move(handle));
    });
}

TEST_CASE("a_task_that_may_run_tells_its_model_alone") {
    tests::on_one_worker([](bf::backend on) {
        bf::event e;
        task_header* task = nullptr;
        auto handle = bf::spawn(
            on,
            [](task_header*& own, bf::event& waits) -> bf::task<> {
                own = co_await tests::own_task{};
                co_await waits.wait();
            },
            std::ref(task), std::ref(e));
        tests::let_others_park();
        tests::recorded_task told{bf::task_visitor::extent::model};
        task->kind_->describe(*task, told);
        CHECK_FALSE(told.model.empty());
        CHECK(told.order.empty());
        e.set();
        bf::await(std::move(handle));
    });
}

TEST_CASE("a_lock_names_its_holder") {
    tests::on_one_worker([](bf::backend on) {
        bf::mutex m;
        task_header* const mine = bf::await(tests::own_task{});
        {
            const bf::mutex::guard held = bf::await(m.lock());
            const auto told = ask_of_wait(on, [&] { return m.lock(); });
            CHECK_THAT(told.waits.at(0).type, Contains("mutex::lock_future"));
            CHECK(value_of(told.waits[0], "object") == address(&m));
            CHECK(value_of(told.waits[0], "holder") == static_cast<std::uint32_t>(address(mine) >> 4));
            CHECK(told.waits[0].find("holder")->what() == bf::wait_fact::kind::holder);
        }
        // Nobody says so: there is no task to be known.
        const bf::mutex::guard tried = m.try_lock();
        CHECK(value_of(ask_of_wait(on, [&] { return m.lock(); }).waits.at(0), "holder") == 0);
    });
}

TEST_CASE("channels_tell_their_fill_and_who_waits") {
    tests::on_one_worker([](bf::backend on) {
        bf::channel<int> c{2};
        const auto empty = ask_of_wait(on, [&] { return c.recv(); });
        CHECK(value_of(empty.waits.at(0), "fill") == 0);
        CHECK(value_of(empty.waits.at(0), "receivers") == 1);
        CHECK(value_of(empty.waits.at(0), "senders") == 0);
        CHECK(c.try_send(1).has_value());
        CHECK(c.try_send(2).has_value());
        const auto full = ask_of_wait(on, [&] { return c.send(3); });
        CHECK_THAT(full.waits.at(0).type, Contains("send_future"));
        CHECK(value_of(full.waits.at(0), "fill") == 2);
        CHECK(value_of(full.waits.at(0), "capacity") == 2);
        CHECK(value_of(full.waits.at(0), "senders") == 1);
        CHECK(value_of(full.waits.at(0), "object") == value_of(empty.waits.at(0), "object"));
        bf::channel<int> other{1};
        std::vector<int> values;
        const auto batch = ask_of_wait(on, [&] { return other.recv_many(values, 2); });
        CHECK_THAT(batch.waits.at(0).type, Contains("recv_many_future"));
        CHECK(value_of(batch.waits.at(0), "receivers") == 1);
    });
}

namespace {

// Asks whenever it moves, which it does under its channel's lock as well.
class curious {
public:
    explicit curious(const std::function<void()>& ask) noexcept : ask_{&ask} {}
    curious(curious&& other) noexcept : ask_{other.ask_} { (*ask_)(); }
    curious& operator=(curious&&) = delete;

private:
    const std::function<void()>* ask_;
};

}  // namespace

TEST_CASE("a_channel_whose_lock_is_held_tells_its_address_alone") {
    bf::channel<curious> values{1};
    const auto about = values.recv();
    tests::recorded_task told;
    about.describe_wait(told);
    const std::vector<bf::wait_fact> whole = told.waits.at(0).facts;
    CHECK(whole.size() > 1);
    const std::function<void()> ask = [&] { about.describe_wait(told); };
    (void)values.try_send(curious{ask});
    (void)values.try_recv();  // Else it would be asked when the channel ends.
    const auto least = std::ranges::min_element(told.waits, {}, [](const auto& one) { return one.facts.size(); });
    REQUIRE(least->facts.size() == 1);
    CHECK(value_of(*least, "object") == whole[0].value());
    about.describe_wait(told);
    CHECK(told.waits.back().facts.size() == whole.size());
}

TEST_CASE("a_join_names_the_task_and_a_timer_its_moment") {
    tests::on_one_worker([](bf::backend on) {
        bf::event e;
        task_header* child = nullptr;
        auto joined = bf::spawn(
            on,
            [](task_header*& own, bf::event& waits) -> bf::task<> {
                own = co_await tests::own_task{};
                co_await waits.wait();
            },
            std::ref(child), std::ref(e));
        tests::let_others_park();
        std::optional<bf::join_handle<void>> handle{std::move(joined)};
        const auto told = ask_of_wait(on, [&] { return std::move(*handle); });
        CHECK(value_of(told.waits.at(0), "task") == address(child));
        CHECK(told.waits[0].find("task")->what() == bf::wait_fact::kind::task);
        const auto moment = bf::now() + 1h;
        const auto asleep = ask_of_wait(on, [&] { return bf::sleep_until(moment); });
        CHECK(value_of(asleep.waits.at(0), "due") == static_cast<std::uint64_t>(moment.time_since_epoch().count()));
        e.set();
    });
}

TEST_CASE("combinators_tell_their_arms") {
    tests::on_one_worker([](bf::backend on) {
        bf::event a;
        bf::event b;
        const auto raced = ask_of_wait(on, [&] { return bf::race(a.wait(), bf::sleep_for(1h)); });
        CHECK_THAT(raced.order, Contains("(|w|w)"));
        CHECK_THAT(raced.arm_types.at(0), Contains("race_future"));
        CHECK(value_of(raced.waits.at(0), "object") == address(&a));

        const auto joined = ask_of_wait(on, [&] { return bf::join_all(a.wait(), bf::ready(1), b.wait()); });
        CHECK_THAT(joined.order, Contains("[|w||w)"));  // The second is ready, and waits for nothing.

        const auto timed = ask_of_wait(on, [&] { return bf::timeout(a.wait(), 1h); });
        CHECK_THAT(timed.order, Contains("(|w|w)"));

        const auto many = ask_of_wait(on, [&] {
            std::vector<bf::event::wait_future> waits;
            waits.push_back(a.wait());
            waits.push_back(b.wait());
            return bf::join_all(std::move(waits));
        });
        CHECK_THAT(many.order, Contains("[|w|w)"));
        CHECK(value_of(many.waits.at(1), "object") == address(&b));

        const auto wrapped = ask_of_wait(on, [&] { return bf::map(a.wait(), [] { return 1; }); });
        CHECK(value_of(wrapped.waits.at(0), "object") == address(&a));
        const auto followed = ask_of_wait(on, [&] { return bf::and_then(a.wait(), [&b] { return b.wait(); }); });
        CHECK(value_of(followed.waits.at(0), "object") == address(&a));
        const auto follows = ask_of_wait(on, [&] { return bf::and_then(bf::ready(), [&b] { return b.wait(); }); });
        CHECK(value_of(follows.waits.at(0), "object") == address(&b));
        bf::once_cell<int> once;
        const auto made =
            ask_of_wait(on, [&] { return once.get_or_init([&a] { return bf::map(a.wait(), [] { return 1; }); }); });
        CHECK(value_of(made.waits.at(0), "object") == address(&a));
        const auto cleaned = ask_of_wait(on, [&] { return bf::finally(a.wait(), [] {}); });
        CHECK(value_of(cleaned.waits.at(0), "object") == address(&a));
    });
}

TEST_CASE("a_fiber_that_leaves_a_scope_tells_how_many_children_it_waits_for") {
    bf::runtime rt{both::small_runtime(1)};
    rt.run([] {
        bf::event e;
        task_header* task = nullptr;
        auto leaving = bf::spawn(bf::backend::stackful, [&] {
            task = bf::await(tests::own_task{});
            bf::task_scope scope;
            for (int n = 0; n < 3; ++n) scope.spawn([&e] { return e.wait(); });
        });
        tests::let_others_park();
        REQUIRE(task != nullptr);
        const auto told = tests::ask(*task);
        e.set();
        bf::await(leaving);
        CHECK(value_of(told.waits.at(0), "count") == 3);
    });
}

TEST_CASE("a_scope_that_nobody_has_polled_waits_for_nothing") {
    const auto scope = bf::with_scope([](bf::task_scope&) -> bf::task<> { co_return; });
    tests::recorded_task told;
    bf::describe_wait(scope, told);
    CHECK(told.order.empty());
}

TEST_CASE("coroutines_in_arms_tell_their_own_chains") {
    tests::on_one_worker([](bf::backend on) {
        bf::event e;
        unsigned line = 0;
        const auto told = ask_of_wait(on, [&] { return bf::race(inner(e, line), bf::sleep_for(1h)); });
        CHECK_THAT(told.order, Contains("(|wf|w)"));
        REQUIRE_FALSE(told.frames.empty());
        CHECK(told.frames[0].line() == line);
    });
}

TEST_CASE("io_tells_its_descriptor_and_its_operation") {
    tests::on_one_worker([](bf::backend on) {
        auto listener = bf::tcp_listener::bind("127.0.0.1:0").value();
        const auto told = ask_of_wait(on, [&] { return listener.accept(); });
        CHECK(value_of(told.waits.at(0), "descriptor") == static_cast<std::uint64_t>(listener.descriptor()));
        REQUIRE(told.waits[0].find("operation") != nullptr);
        CHECK(told.waits[0].find("operation")->text() == "accept");
    });
}
