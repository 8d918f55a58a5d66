// Many connections that answer at the same moment: over a ring their sends go to the kernel together, and not one by
// one.
#include "bytes.hpp"
#include "io/stream_pair.hpp"
#include "one_worker.hpp"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <functional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/uio.h>
#include <vector>

namespace bf = bifilar;
using namespace std::chrono_literals;
using tests::bytes_of;

namespace {

constexpr std::size_t crowd = 16;  // Of which one look at the kernel brings all.

const std::string answer = "here";

// Each task waits for a byte and answers as `respond` does, all at once. Then `after(pair)` looks at each connection.
template <class Respond, class After>
void all_at_once(Respond respond, After after, bool peers_leave = false) {
    tests::on_one_worker([=](bf::backend model) {
        std::vector<tests::bare_stream_pair> pairs(crowd);
        bf::task_scope scope;
        for (tests::bare_stream_pair& pair : pairs)
            scope.spawn(
                model,
                [](tests::bare_stream_pair& mine, Respond reply) -> bf::task<> {
                    const auto asked = co_await mine.near.receive();
                    if (asked.value().size() == 1) co_await reply(mine);
                },
                std::ref(pair), respond);
        tests::let_others_park();
        for (tests::bare_stream_pair& pair : pairs) {
            if (::send(pair.far, "?", 1, MSG_NOSIGNAL) != 1) throw std::runtime_error{"send"};
            if (peers_leave) pair.close_far();
        }
        bf::await(scope.join());
        for (tests::bare_stream_pair& pair : pairs) after(pair);
    });
}

}  // namespace

TEST_CASE("a_crowd_that_answers_at_once_is_heard_to_the_last_byte") {
    all_at_once(
        [](tests::bare_stream_pair& mine) -> bf::task<> {
            const auto sent = co_await mine.near.write_all(bytes_of(answer));
            if (sent.value() != answer.size()) throw std::runtime_error{"not all was sent"};
        },
        [](tests::bare_stream_pair& pair) { CHECK(tests::bare_stream_pair::drain(pair.far) == answer.size()); });
}

TEST_CASE("a_crowd_sends_what_is_in_several_buffers") {
    all_at_once(
        [](tests::bare_stream_pair& mine) -> bf::task<> {
            std::array<iovec, 2> parts{iovec{const_cast<char*>(answer.data()), 1},
                                       iovec{const_cast<char*>(answer.data()) + 1, answer.size() - 1}};
            const auto sent = co_await mine.near.write_all_vectored(parts);
            if (sent.value() != answer.size()) throw std::runtime_error{"not all was sent"};
        },
        [](tests::bare_stream_pair& pair) { CHECK(tests::bare_stream_pair::drain(pair.far) == answer.size()); });
}

// Whether a send that is given up has been made is for the kernel to say; the one behind it is whole.
TEST_CASE("a_crowd_that_gives_its_answers_up_can_still_send") {
    all_at_once(
        [](tests::bare_stream_pair& mine) -> bf::task<> {
            (void)co_await bf::timeout(mine.near.write_all(bytes_of(answer)), 0ns);
            const auto sent = co_await mine.near.write_all(bytes_of(answer));
            if (sent.value() != answer.size()) throw std::runtime_error{"not all was sent"};
        },
        [](tests::bare_stream_pair& pair) {
            const std::size_t got = tests::bare_stream_pair::drain(pair.far);
            CHECK((got == answer.size() || got == 2 * answer.size()));
        });
}

// Two writes of one stream are a misuse while one of them waits. These need not.
TEST_CASE("of_two_answers_of_one_connection_none_is_lost_and_none_overtakes") {
    static const std::string next = "and now";
    static const char* const driver = std::getenv("BIFILAR_DRIVER");
    static const bool waits = driver != nullptr && std::string_view{driver} == "simulated";
    all_at_once(
        [](tests::bare_stream_pair& mine) -> bf::task<> {
            auto [first, second] =
                co_await bf::join_all(mine.near.write_all(bytes_of(answer)), mine.near.write_all(bytes_of(next)));
            if (first.value() != answer.size()) throw std::runtime_error{"the first was not sent"};
            if (!waits && second.value() != next.size()) throw std::runtime_error{"the second was not sent"};
        },
        [](tests::bare_stream_pair& pair) {
            std::array<char, 32> buffer;
            const ssize_t got = ::recv(pair.far, buffer.data(), buffer.size(), MSG_DONTWAIT);
            REQUIRE(got > 0);
            const std::string text{buffer.data(), static_cast<std::size_t>(got)};
            CHECK((text == answer + next || (waits && text == answer)));
        });
}

TEST_CASE("a_crowd_whose_peers_have_left_is_told_so") {
    all_at_once(
        [](tests::bare_stream_pair& mine) -> bf::task<> {
            const auto sent = co_await mine.near.write_all(bytes_of(answer));
            if (sent || (sent.error().value() != EPIPE && sent.error().value() != ECONNRESET))
                throw std::runtime_error{"sent to nobody"};
        },
        [](tests::bare_stream_pair&) {}, true);
}
