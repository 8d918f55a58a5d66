// Bad input and wrong use of channels: capacities beyond all memory, closing again, and ends that were moved from.
// What cannot be answered ends with a sentence that names the object.
#include "last_words.hpp"
#include "one_worker.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <new>
#include <optional>
#include <utility>
#include <vector>

using namespace both;

namespace {

struct misuse {
    const char* sentence;
    void (*commit)();
};

template <std::size_t Count>
void check_each_dies(const misuse (&all)[Count]) {
    for (const misuse& each : all) {
        INFO(each.sentence);
        tests::check_aborts(each.sentence, each.commit);
    }
}

// Makes it where the compiler must believe that it is used, so that it cannot do without the memory.
template <class Channel>
void make(std::uint32_t capacity) {
    Channel made{capacity};
    asm volatile("" : : "r"(&made) : "memory");
}

// Polls `wait` at least once.
template <class Wait>
void begin(Wait& wait) {
    auto turn = bf::yield_now();
    (void)bf::block_on(bf::select(wait, turn));
}

}  // namespace

// The sanitizers end the process where memory is refused.
#if !defined(BIFILAR_ASAN) && !defined(BIFILAR_TSAN)
TEST_CASE("a_capacity_beyond_all_memory_is_answered_with_bad_alloc") {
    using megabyte = std::array<std::byte, std::size_t{1} << 20>;
    CHECK_THROWS_AS(make<bf::channel<megabyte>>(0xFFFFFFFE), std::bad_alloc);
    CHECK_THROWS_AS(make<bf::broadcast<megabyte>>(std::uint32_t{1} << 31), std::bad_alloc);
}
#endif

TEST_CASE("closing_again_changes_nothing") {
    bf::unbounded_channel<int> queue;
    (void)queue.send(1);
    queue.close();
    queue.close();
    CHECK(queue.is_closed());
    CHECK(queue.send(2).error().take() == 2);
    CHECK(queue.try_recv() == 1);
    queue.close();
    CHECK(queue.try_recv().error() == bf::try_recv_error::closed);

    bf::broadcast<int> news{2};
    auto early = news.subscribe();
    (void)news.send(1);
    news.close();
    news.close();
    CHECK(news.send(2).error().take() == 2);
    CHECK(early.try_recv() == 1);
    news.close();
    CHECK(early.try_recv().error().is_closed());
    CHECK(news.subscribe().try_recv().error().is_closed());

    bf::watch<int> value{0};
    auto watcher = value.subscribe();
    (void)value.send(1);
    value.close();
    value.close();
    CHECK(value.send(2).error().take() == 2);
    CHECK(bf::block_on(watcher.changed()));
    CHECK(watcher.get() == 1);
    value.close();
    CHECK_FALSE(bf::block_on(watcher.changed()));
    CHECK(value.get() == 1);

    bf::oneshot<int> shot;
    (void)shot.send(1);
    shot.close();
    shot.close();
    CHECK(shot.send(2).error().take() == 2);
    CHECK(shot.try_recv() == 1);
    shot.close();
    CHECK(shot.try_recv().error() == bf::try_recv_error::closed);

    auto [sender, receiver] = bf::make_oneshot<int>();
    receiver.close();
    receiver.close();
    CHECK(sender.send(1).error().take() == 1);
    CHECK(receiver.try_recv().error() == bf::try_recv_error::closed);
}

TEST_CASE("closing_again_ends_every_wait_once") {
    tests::on_one_worker([](bf::backend model) {
        bf::unbounded_channel<int> queue;
        bf::broadcast<int> news{1};
        bf::watch<int> value{0};
        bf::oneshot<int> shot;
        auto reader = news.subscribe();
        auto watcher = value.subscribe();
        int ended = 0;
        std::vector<bf::join_handle<void>> waits;
        const auto start = [&](auto body) { waits.push_back(bf::spawn(model, body)); };
        start([&]() -> bf::task<> {
            const auto nothing = co_await queue.recv();
            if (!nothing) ++ended;
        });
        start([&]() -> bf::task<> {
            const auto nothing = co_await reader.recv();
            if (!nothing && nothing.error().is_closed()) ++ended;
        });
        start([&]() -> bf::task<> {
            const bool changed = co_await watcher.changed();
            if (!changed) ++ended;
        });
        start([&]() -> bf::task<> {
            const auto nothing = co_await shot.recv();
            if (!nothing) ++ended;
        });
        tests::let_others_park();
        CHECK(ended == 0);
        for (int times = 0; times < 2; ++times) {
            queue.close();
            news.close();
            value.close();
            shot.close();
        }
        for (auto& wait : waits) bf::await(wait);
        CHECK(ended == 4);
    });
}

TEST_CASE("an_end_that_was_moved_from_aborts_when_it_is_used") {
    static const misuse all[] = {
        {"a subscription was used after it was moved from",
         [] {
             bf::broadcast<int> news{1};
             auto reader = news.subscribe();
             const auto moved = std::move(reader);
             (void)reader.try_recv();
         }},
        {"a subscription was used after it was moved from",
         [] {
             bf::broadcast<int> news{1};
             auto reader = news.subscribe();
             const auto moved = std::move(reader);
             (void)reader.recv();
         }},
        {"a watcher was used after it was moved from",
         [] {
             bf::watch<int> value{0};
             auto watcher = value.subscribe();
             const auto moved = std::move(watcher);
             (void)watcher.get();
         }},
        {"a watcher was used after it was moved from",
         [] {
             bf::watch<int> value{0};
             auto watcher = value.subscribe();
             const auto moved = std::move(watcher);
             (void)watcher.has_changed();
         }},
        {"a watcher was used after it was moved from",
         [] {
             bf::watch<int> value{0};
             auto watcher = value.subscribe();
             const auto moved = std::move(watcher);
             (void)watcher.changed();
         }},
        {"a oneshot_sender was used after it was moved from",
         [] {
             auto ends = bf::make_oneshot<int>();
             const auto moved = std::move(ends.first);
             (void)ends.first.send(1);
         }},
        {"a oneshot_receiver was used after it was moved from",
         [] {
             auto ends = bf::make_oneshot<int>();
             const auto moved = std::move(ends.second);
             (void)ends.second.recv();
         }},
        {"a oneshot_receiver was used after it was moved from",
         [] {
             auto ends = bf::make_oneshot<int>();
             const auto moved = std::move(ends.second);
             ends.second.close();
         }},
    };
    check_each_dies(all);
}

TEST_CASE("an_end_that_was_moved_from_may_be_given_another") {
    bf::broadcast<int> news{2};
    auto reader = news.subscribe();
    auto moved = std::move(reader);
    CHECK(news.send(1) == 1U);
    reader = moved;
    CHECK(news.send(2) == 2U);
    CHECK(reader.try_recv() == 1);
    CHECK(moved.try_recv() == 1);

    bf::watch<int> value{0};
    auto watcher = value.subscribe();
    auto other = std::move(watcher);
    watcher = other;
    (void)value.send(1);
    CHECK(watcher.get() == 1);
    CHECK(other.has_changed());

    auto ends = bf::make_oneshot<int>();
    auto sender = std::move(ends.first);
    ends.first = std::move(sender);
    CHECK(ends.first.send(1).has_value());
    auto receiver = std::move(ends.second);
    ends.second = std::move(receiver);
    CHECK(ends.second.try_recv() == 1);
}

TEST_CASE("what_a_wait_relies_on_is_not_changed_under_it") {
    static const misuse all[] = {
        {"a subscription was moved or assigned while a wait of it goes on",
         [] {
             bf::broadcast<int> news{1};
             auto reader = news.subscribe();
             auto wait = reader.recv();
             begin(wait);
             const auto moved = std::move(reader);
             (void)bf::block_on(wait);
         }},
        {"a watcher was moved or assigned while a wait of it goes on",
         [] {
             bf::watch<int> value{0};
             auto watcher = value.subscribe();
             auto wait = watcher.changed();
             begin(wait);
             const auto moved = std::move(watcher);
             (void)bf::block_on(wait);
         }},
        {"a oneshot_receiver was dropped while its recv() waits",
         [] {
             auto ends = bf::make_oneshot<int>();
             auto wait = ends.second.recv();
             begin(wait);
             const auto dropped = std::move(ends.second);
         }},
        // The wait has been told, and still refers to the oneshot.
        {"a oneshot_receiver was dropped while its recv() waits",
         [] {
             auto ends = bf::make_oneshot<int>();
             auto wait = ends.second.recv();
             begin(wait);
             (void)ends.first.send(1);
             const auto dropped = std::move(ends.second);
         }},
        {"a oneshot_receiver was dropped while its recv() waits",
         [] {
             auto ends = bf::make_oneshot<int>();
             auto wait = ends.second.recv();
             begin(wait);
             { const auto gone = std::move(ends.first); }
             const auto dropped = std::move(ends.second);
         }},
        {"a oneshot was destroyed while a task waits for its value",
         [] {
             std::optional<bf::oneshot<int>> shot{std::in_place};
             auto wait = shot->recv();
             begin(wait);
             (void)shot->send(1);
             shot.reset();
         }},
        {"two receives of one oneshot at the same time",
         [] {
             bf::oneshot<int> shot;
             (void)bf::block_on(bf::join_all(shot.recv(), shot.recv()));
         }},
    };
    check_each_dies(all);
}

TEST_CASE("a_oneshot_receive_that_was_told_and_ends_leaves_the_value_and_the_receiver_free_to_go") {
    auto ends = bf::make_oneshot<int>();
    {
        auto wait = ends.second.recv();
        begin(wait);
        CHECK(ends.first.send(1).has_value());
    }
    CHECK(ends.second.try_recv() == 1);
    {
        auto wait = ends.second.recv();
        CHECK_FALSE(bf::block_on(wait).has_value());
    }
    const auto dropped = std::move(ends.second);

    // Taken by another hand of the receiver's own meanwhile.
    auto others = bf::make_oneshot<int>();
    {
        auto wait = others.second.recv();
        begin(wait);
        CHECK(others.first.send(2).has_value());
        CHECK(others.second.try_recv() == 2);
        CHECK_FALSE(bf::block_on(wait).has_value());
    }
    const auto gone = std::move(others.second);
}
