// Reads that end before their buffer is full although more is there: at descriptors, and at urgent data.
#include "bytes.hpp"
#include "io/stream_pair.hpp"
#include "one_worker.hpp"

#include <bifilar/io/net/unix_stream.hpp>

#include <array>
#include <string>
#include <sys/socket.h>
#include <unistd.h>

namespace bf = bifilar;
using namespace std::chrono_literals;
using tests::bytes_of;

namespace {

/// What comes until there are so many bytes, or nothing more for a long time.
template <class Stream>
bf::task<std::string> read_up_to(Stream& from, std::size_t bytes) {
    std::string all;
    while (all.size() < bytes) {
        const auto got = co_await bf::timeout(from.receive(), 10s);
        if (!got || !*got || (*got)->empty()) break;
        all += tests::text_of((*got)->bytes());
    }
    co_return all;
}

}  // namespace

TEST_CASE("bytes_behind_descriptors_are_read_without_another_event") {
    tests::on_one_worker([](bf::backend model) {
        auto ends = bf::unix_stream::pair().value();
        auto reader = bf::spawn(model, read_up_to<bf::unix_stream>, std::ref(ends.second), std::size_t{2});
        tests::let_others_park();
        const std::array passed{STDIN_FILENO};
        CHECK(bf::await(ends.first.send_descriptors(bytes_of("a"), passed)).value() == 1);
        CHECK(::send(ends.first.descriptor(), "b", 1, 0) == 1);
        CHECK(bf::await(std::move(reader)) == "ab");
    });
}

TEST_CASE("bytes_behind_urgent_data_are_read_without_another_event") {
    tests::on_one_worker([](bf::backend model) {
        tests::stream_pair pair = bf::await(tests::tcp_pair());
        auto reader = bf::spawn(model, read_up_to<bf::tcp_stream>, std::ref(pair.far), std::size_t{4});
        tests::let_others_park();
        const int to = pair.near.descriptor();
        CHECK(::send(to, "ab", 2, 0) == 2);
        CHECK(::send(to, "!", 1, MSG_OOB) == 1);
        CHECK(::send(to, "cd", 2, 0) == 2);
        CHECK(bf::await(std::move(reader)) == "abcd");
    });
}
