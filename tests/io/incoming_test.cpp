// Incoming connections of a process that has no descriptors left: an error that says so, and no connection lost.
#include <bifilar/bifilar.hpp>
#include <bifilar/drivers/contract/owned_descriptor.hpp>
#include "descriptors.hpp"
#include "one_worker.hpp"
#include "uninterrupted.hpp"

#include <cerrno>
#include <functional>
#include <sys/socket.h>
#include <utility>
#include <vector>

namespace bf = bifilar;
using namespace std::chrono_literals;

namespace {

using incoming = bf::incoming_connections<bf::tcp_stream>;

/// Clients that have their descriptors before there are none left.
class clients {
public:
    explicit clients(std::size_t count) {
        for (; count != 0; --count) {
            idle_.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
            REQUIRE(idle_.back().get() >= 0);
        }
    }
    /// So many of them connect. The kernel answers, not the listener.
    void connect(std::size_t count, const bf::socket_address& to) {
        for (; count != 0; --count) REQUIRE(tests::connect_uninterrupted(idle_[connected_++].get(), to) == 0);
    }

private:
    std::vector<bf::owned_descriptor> idle_;
    std::size_t connected_ = 0;
};

/// The connection, kept, or the error.
bf::task<int> accepts(incoming& from, std::vector<bf::tcp_stream>& into) {
    auto got = co_await from.accept();
    if (!got) co_return got.error().value();
    into.push_back(std::move(*got));
    co_return 0;
}

/// Runs test(model, incoming connections, few descriptors) on one worker in both models. Nothing is left behind.
template <class Test>
void with_few_descriptors(Test test) {
    for (const bf::backend model : tests::both_backends) {
        INFO("model: " << bf::to_string(model));
        const std::size_t before = tests::open_descriptors();
        {
            bf::runtime rt{both::small_runtime(1)};
            rt.run([&] {
                incoming all = bf::tcp_listener::bind("127.0.0.1:0").value().incoming();
                tests::few_descriptors few{24};
                test(model, all, few);
            });
        }
        CHECK(tests::open_descriptors() == before);
    }
}

}  // namespace

TEST_CASE("incoming_connections_without_descriptors_fail_as_values_and_recover") {
    with_few_descriptors([](bf::backend model, incoming& all, tests::few_descriptors& few) {
        const auto to = all.local_address().value();
        std::vector<bf::tcp_stream> accepted;
        const auto accept = [&] { return bf::spawn(model, accepts, std::ref(all), std::ref(accepted)); };
        clients them{2};
        auto waiting = accept();
        tests::let_others_park();
        few.take_all();
        them.connect(1, to);
        CHECK(bf::await(std::move(waiting)) == EMFILE);
        for (int n = 0; n < 3; ++n) CHECK(bf::await(accept()) == EMFILE);
        few.give_back_all();
        them.connect(1, to);
        for (int n = 0; n < 2; ++n) CHECK(bf::await(accept()) == 0);
        CHECK_FALSE(bf::await(bf::timeout(all.accept(), 1ms)).has_value());
        CHECK(accepted.size() == 2);
    });
}

TEST_CASE("incoming_connections_come_as_far_as_descriptors_go_and_the_others_later") {
    with_few_descriptors([](bf::backend model, incoming& all, tests::few_descriptors& few) {
        const auto to = all.local_address().value();
        std::vector<bf::tcp_stream> accepted;
        const auto accept = [&] { return bf::spawn(model, accepts, std::ref(all), std::ref(accepted)); };
        clients them{6};
        CHECK_FALSE(bf::await(bf::timeout(all.accept(), 1ms)).has_value());  // A ring accepts ahead from now on.
        few.take_all();
        few.give_back(3);
        them.connect(6, to);
        tests::let_others_park();
        for (int n = 0; n < 3; ++n) CHECK(bf::await(accept()) == 0);
        for (int n = 0; n < 2; ++n) CHECK(bf::await(accept()) == EMFILE);
        few.give_back_all();
        for (int n = 0; n < 3; ++n) CHECK(bf::await(accept()) == 0);
        CHECK(accepted.size() == 6);
    });
}

// A ring has met the shortage by itself then, and tells of it.
TEST_CASE("a_shortage_of_descriptors_that_nobody_waited_in_costs_one_error_at_most") {
    with_few_descriptors([](bf::backend model, incoming& all, tests::few_descriptors& few) {
        const auto to = all.local_address().value();
        std::vector<bf::tcp_stream> accepted;
        const auto accept = [&] { return bf::spawn(model, accepts, std::ref(all), std::ref(accepted)); };
        clients them{3};
        CHECK_FALSE(bf::await(bf::timeout(all.accept(), 1ms)).has_value());
        few.take_all();
        them.connect(3, to);
        tests::let_others_park();
        few.give_back_all();
        const int first = bf::await(accept());
        CHECK((first == 0 || first == EMFILE));
        while (accepted.size() < 3) REQUIRE(bf::await(accept()) == 0);
    });
}

TEST_CASE("incoming_connections_that_nobody_takes_in_a_shortage_of_descriptors_are_closed") {
    with_few_descriptors([](bf::backend, incoming& all, tests::few_descriptors& few) {
        const auto to = all.local_address().value();
        clients them{4};
        CHECK_FALSE(bf::await(bf::timeout(all.accept(), 1ms)).has_value());
        few.take_all();
        few.give_back(2);
        them.connect(4, to);
        tests::let_others_park();
    });
}
