// Bytes through rings that are too small for those who move them: receives into lent buffers, receives by one operation
// for all, sends, and calls on files. None is lost, none comes twice. The rings belong to this plain thread.
#include "bytes.hpp"
#include "catch.hpp"
#include "drivers/small_ring.hpp"
#include "io/scratch_directory.hpp"
#include "io/stream_pair.hpp"
#include "resource_limits.hpp"
#include <bifilar/bifilar.hpp>
#include <bifilar/drivers/contract/detail/file_request.hpp>
#include <bifilar/drivers/contract/owned_descriptor.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <fcntl.h>
#include <stdexcept>
#include <string>
#include <sys/socket.h>
#include <sys/stat.h>
#include <type_traits>
#include <utility>
#include <vector>

namespace bf = bifilar;
using namespace std::chrono_literals;

namespace {

constexpr std::array sizes{2U, 8U};  // Of rings.
constexpr std::size_t many = 200;    // More than a driver has buffers to lend.
constexpr std::size_t file_calls = 2'000;
constexpr int rounds = 5;

bool rings_suffice() { return tests::rings_are_usual() && tests::descriptors_suffice(2 * many + 50); }

/// Many local streams, whose far ends are bare and say a text in several pieces.
class crowd {
public:
    crowd() {
        for (std::size_t n = 0; n < many; ++n) {
            const auto ends = tests::local_stream();
            near_.emplace_back(ends[0]);
            far_.emplace_back(ends[1]);
        }
    }

    [[nodiscard]] bf::tcp_stream& near(std::size_t n) { return near_[n]; }
    [[nodiscard]] int far(std::size_t n) const { return far_[n].get(); }
    [[nodiscard]] static std::string piece(std::size_t n, int round) {
        return std::to_string(n) + " in round " + std::to_string(round) + ';';
    }
    [[nodiscard]] static std::string text(std::size_t n) {
        std::string all;
        for (int round = 0; round < rounds; ++round) all += piece(n, round);
        return all;
    }
    /// The far end's next piece, or its end.
    void say(std::size_t n) {
        if (said_[n] == rounds) {
            ::shutdown(far(n), SHUT_WR);
            return;
        }
        const std::string next = piece(n, said_[n]++);
        if (::send(far(n), next.data(), next.size(), MSG_DONTWAIT) != static_cast<ssize_t>(next.size()))
            throw std::runtime_error{"a local stream did not take a piece"};
    }
    void all_say() {
        for (std::size_t n = 0; n < many; ++n) say(n);
    }
    /// What the far end has got.
    [[nodiscard]] std::string heard(std::size_t n) const {
        std::array<char, 1024> buffer;
        const ssize_t got = ::recv(far(n), buffer.data(), buffer.size(), MSG_DONTWAIT);
        return {buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0))};
    }
    [[nodiscard]] std::vector<bf::stream_receive_future> receives() {
        std::vector<bf::stream_receive_future> made;
        made.reserve(many);
        for (bf::tcp_stream& each : near_) made.push_back(each.receive());
        return made;
    }

private:
    std::vector<bf::tcp_stream> near_;
    std::vector<bf::owned_descriptor> far_;
    std::array<int, many> said_{};
};

template <class Make>
auto of_all(Make make) {
    std::vector<decltype(make(std::size_t{}))> made;
    made.reserve(many);
    for (std::size_t n = 0; n < many; ++n) made.push_back(make(n));
    return made;
}

/// All that arrives, by one operation. Each piece has the far end say the next.
bf::task<std::string> listens(crowd& all, std::size_t n) {
    bf::receive_stream arriving = all.near(n).receive_all();
    std::string got;
    for (;;) {
        const auto piece = co_await arriving.next();
        if (!piece) co_return piece.error().message();
        if (piece->empty()) co_return got;
        got += tests::text_of(piece->bytes());
        all.say(n);
    }
}

/// Sends each piece back.
bf::task<std::string> answers(crowd& all, std::size_t n) {
    std::string back;
    for (;;) {
        const auto piece = co_await all.near(n).receive();
        if (!piece) co_return piece.error().message();
        if (piece->empty()) co_return back;
        const auto wrote = co_await all.near(n).write_all(piece->bytes());
        if (!wrote) co_return wrote.error().message();
        back += all.heard(n);
        all.say(n);
    }
}

/// A call on a file as a ring makes it. On a worker a file's future makes it so; on a plain thread that blocks instead.
class call_in_ring {
public:
    using output = int;
    call_in_ring(bf::drivers::uring_driver& in, const bf::drivers::file_request& what) : driver_{&in}, request_{what} {}
    bf::polled<int> poll(bf::context& cx) {
        using phase = bf::drivers::op::phase;
        if (op_.settle() == phase::completed) {
            // Signals (hardship/run) keep the kernel from a thread for the call, or interrupt that.
            const bool as_files_do = op_.result == -ECANCELED || op_.result == -EINTR || op_.result == -EAGAIN;
            return as_files_do ? bf::drivers::make_call(request_) : int{op_.result};
        }
        if (op_.now() == phase::in_flight || !cx.take_budget()) return bf::not_ready;
        op_.arguments = bf::drivers::call_arguments::of_request(request_);
        if (!driver_->submit_file(op_, cx.borrow())) return bf::drivers::make_call(request_);
        return bf::not_ready;
    }

private:
    bf::drivers::uring_driver* driver_;
    bf::drivers::file_request request_;
    bf::drivers::op op_{bf::op_kind::file_call};
};

/// Fills a stream. How many bytes it took.
std::size_t fill(int descriptor) {
    const std::array<char, 4096> chunk{};
    std::size_t sum = 0;
    for (;;) {
        const ssize_t took = ::send(descriptor, chunk.data(), chunk.size(), MSG_DONTWAIT);
        if (took <= 0) return sum;
        sum += static_cast<std::size_t>(took);
    }
}

}  // namespace

TEST_CASE("no_receive_into_a_pooled_buffer_is_lost_in_a_tiny_ring") {
    if (!rings_suffice()) return;
    for (const unsigned entries : sizes) {
        INFO("entries: " << entries);
        const tests::small_ring ring{entries};
        crowd all;
        for (int round = 0; round < rounds; ++round) {
            const auto got = bf::block_on(tests::let_later{bf::join_all(all.receives()), [&] { all.all_say(); }, many});
            for (std::size_t n = 0; n < many; ++n)
                CHECK(tests::text_of(got[n].value().bytes()) == crowd::piece(n, round));
        }
    }
}

TEST_CASE("no_piece_of_many_receive_streams_is_lost_in_a_tiny_ring") {
    if (!rings_suffice()) return;
    for (const unsigned entries : sizes) {
        INFO("entries: " << entries);
        const tests::small_ring ring{entries};
        crowd all;
        auto tasks = of_all([&](std::size_t n) { return listens(all, n); });
        const auto got = bf::block_on(tests::let_later{bf::join_all(std::move(tasks)), [&] { all.all_say(); }, many});
        for (std::size_t n = 0; n < many; ++n) CHECK(got[n] == crowd::text(n));
    }
}

TEST_CASE("no_answer_is_lost_in_a_tiny_ring") {
    if (!rings_suffice()) return;
    for (const unsigned entries : sizes) {
        INFO("entries: " << entries);
        const tests::small_ring ring{entries};
        crowd all;
        auto tasks = of_all([&](std::size_t n) { return answers(all, n); });
        const auto got = bf::block_on(tests::let_later{bf::join_all(std::move(tasks)), [&] { all.all_say(); }, many});
        for (std::size_t n = 0; n < many; ++n) CHECK(got[n] == crowd::text(n));
    }
}

TEST_CASE("no_send_that_waits_is_lost_in_a_tiny_ring") {
    if (!rings_suffice()) return;
    for (const unsigned entries : sizes) {
        INFO("entries: " << entries);
        const tests::small_ring ring{entries};
        crowd all;
        std::vector<std::size_t> left = of_all([&](std::size_t n) {
            tests::hold_little(all.near(n));
            return fill(all.near(n).descriptor());
        });
        const std::string late = "late";
        const auto drain = [&] {
            for (std::size_t n = 0; n < many; ++n) left[n] -= tests::bare_stream_pair::drain(all.far(n));
        };
        auto writes = of_all([&](std::size_t n) { return all.near(n).write_all(tests::bytes_of(late)); });
        const auto wrote = bf::block_on(tests::let_later{bf::join_all(std::move(writes)), drain, many});
        CHECK(std::all_of(wrote.begin(), wrote.end(), [&](const auto& one) { return one == late.size(); }));
        CHECK(std::all_of(left.begin(), left.end(), [](std::size_t bytes) { return bytes == 0; }));
        for (std::size_t n = 0; n < many; ++n) CHECK(all.heard(n) == late);
    }
}

TEST_CASE("receives_that_are_given_up_in_a_full_ring_lose_nothing") {
    if (!rings_suffice()) return;
    for (const unsigned entries : sizes) {
        INFO("entries: " << entries);
        const tests::small_ring ring{entries};
        crowd one_by_one;
        crowd at_once;
        auto arriving = of_all([&](std::size_t n) { return at_once.near(n).receive_all(); });
        const auto nexts = [&] { return of_all([&](std::size_t n) { return arriving[n].next(); }); };
        for (int round = 0; round < 2; ++round) {
            CHECK_FALSE(bf::block_on(bf::timeout(bf::join_all(one_by_one.receives()), 10ms)).has_value());
            CHECK_FALSE(bf::block_on(bf::timeout(bf::join_all(nexts()), 10ms)).has_value());
            one_by_one.all_say();
            at_once.all_say();
            const auto received = bf::block_on(bf::join_all(one_by_one.receives()));
            const auto came = bf::block_on(bf::join_all(nexts()));
            for (std::size_t n = 0; n < many; ++n) {
                CHECK(tests::text_of(received[n].value().bytes()) == crowd::piece(n, round));
                CHECK(tests::text_of(came[n].value().bytes()) == crowd::piece(n, round));
            }
        }
    }
}

TEST_CASE("no_call_on_a_file_is_lost_in_a_tiny_ring") {
    if (!tests::rings_are_usual()) return;
    using bf::file_op;
    const tests::scratch_directory here;
    const std::string path = here.with_file("file", "");
    const bf::owned_descriptor file{::open(path.c_str(), O_RDWR | O_CLOEXEC)};
    for (const unsigned entries : sizes) {
        INFO("entries: " << entries);
        tests::small_ring ring{entries};
        const auto make_all = [&](file_op kind, int descriptor, auto& buffers) {
            std::vector<call_in_ring> calls;
            calls.reserve(buffers.size());
            for (auto& each : buffers) {
                bf::drivers::file_request what{.kind = kind, .descriptor = descriptor, .path = path.c_str()};
                if constexpr (std::is_same_v<decltype(each), struct statx&>) {
                    what.status = &each;
                } else {
                    what.buffer = &each;
                    what.bytes = sizeof each;
                    what.offset = static_cast<std::uint64_t>(&each - buffers.data()) * sizeof each;
                }
                calls.emplace_back(ring.driver(), what);
            }
            return bf::block_on(bf::join_all(std::move(calls)));
        };
        const auto all_are = [](const std::vector<int>& results, std::size_t what) {
            return std::all_of(results.begin(), results.end(), [&](int one) { return one == static_cast<int>(what); });
        };
        std::vector<std::uint64_t> numbers(file_calls);
        for (std::size_t n = 0; n < file_calls; ++n) numbers[n] = n * entries;
        std::vector<std::uint64_t> back(file_calls);
        std::vector<struct statx> seen(100);
        CHECK(all_are(make_all(file_op::write, file.get(), numbers), sizeof numbers[0]));
        CHECK(all_are(make_all(file_op::read, file.get(), back), sizeof back[0]));
        CHECK(back == numbers);
        CHECK(all_are(make_all(file_op::status, AT_FDCWD, seen), 0));
        for (const auto& one : seen) CHECK(one.stx_size == file_calls * sizeof numbers[0]);
    }
}
