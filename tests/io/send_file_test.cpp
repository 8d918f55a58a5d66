// Files into sockets: all of it, parts, ends, a peer that does not read, a peer that is gone.
#include <bifilar/io/files/file.hpp>
#include <bifilar/io/net/send_file.hpp>
#include "both/in_each_model.hpp"
#include "descriptors.hpp"
#include "io/pattern.hpp"
#include "io/scratch_directory.hpp"
#include "io/stream_pair.hpp"

#include <array>
#include <csignal>
#include <fcntl.h>
#include <vector>

namespace bf = bifilar;
using tests::pattern;
using tests::scratch_directory;

namespace {

struct body {
    static bf::task<bf::io_result<std::uint64_t>> send(bf::tcp_stream& to, const bf::file& from, std::uint64_t offset,
                                                       std::uint64_t bytes) {
        auto sent = co_await bf::send_file(to, from, offset, bytes);
        (void)to.shutdown_write();
        co_return sent;
    }
    static bf::task<std::string> receive(bf::tcp_stream& from) {
        std::string all;
        std::vector<std::byte> buffer(100'000);
        while (const std::size_t got = (co_await from.read(buffer)).value_or(0))
            all.append(reinterpret_cast<const char*>(buffer.data()), got);
        co_return all;
    }
};

bf::file open_now(const std::string& path) { return bf::block_on(bf::file::open(path)).value(); }

constexpr bf::backend each_backend[] = {bf::backend::stackless, bf::backend::stackful};

}  // namespace

TEST_CASE("a_file_arrives_whole_or_in_part") {
    const scratch_directory here;
    const std::string text = pattern(5'000'000);
    const bf::file from = open_now(here.with_file("large", text));
    for (const bf::backend on : each_backend)
        for (const bool cold : {false, true}) {
            const auto check = [&](std::uint64_t offset, std::uint64_t bytes, std::size_t expected) {
                INFO("offset " << offset << ", bytes " << bytes << ", cold " << cold);
                if (cold) {
                    ::fsync(from.descriptor());
                    ::posix_fadvise(from.descriptor(), 0, 0, POSIX_FADV_DONTNEED);
                }
                bf::runtime rt{both::small_runtime()};
                tests::stream_pair pair;
                auto sends = rt.spawn(on, body::send, std::ref(pair.near), std::cref(from), offset, bytes);
                auto receives = rt.spawn(on, body::receive, std::ref(pair.far));
                CHECK(sends.join().value() == expected);
                CHECK(receives.join() == text.substr(std::min<std::size_t>(offset, text.size()), expected));
                // Blocking in the kernel's eyes, as before.
                CHECK((::fcntl(pair.near.descriptor(), F_GETFL) & O_NONBLOCK) == 0);
            };
            check(0, text.size(), text.size());
            check(1'234'567, 2'000'000, 2'000'000);
            check(4'999'990, UINT64_MAX, 10);
            check(6'000'000, 10, 0);
            check(0, 0, 0);
        }
}

TEST_CASE("a_peer_that_is_gone_is_a_value_and_no_signal") {
    const scratch_directory here;
    const bf::file from = open_now(here.with_file("large", pattern(100'000)));
    bf::runtime rt{both::small_runtime()};
    for (const bf::backend on : each_backend) {
        tests::stream_pair pair;
        pair.far.close();
        auto sends =
            rt.spawn(on, body::send, std::ref(pair.near), std::cref(from), std::uint64_t{0}, std::uint64_t{100'000});
        CHECK(sends.join().error() == std::errc::broken_pipe);
    }
    // On a plain thread too.
    tests::stream_pair pair;
    pair.far.close();
    CHECK(bf::block_on(bf::send_file(pair.near, from, 0, 10)).error() == std::errc::broken_pipe);
}

TEST_CASE("a_signal_that_the_thread_keeps_back_stays_its_own") {
    const scratch_directory here;
    const bf::file from = open_now(here.with_file("small", pattern(10)));
    sigset_t pipe;
    sigset_t before;
    ::sigemptyset(&pipe);
    ::sigaddset(&pipe, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe, &before);
    for (const bool raised : {false, true}) {
        INFO("raised before: " << raised);
        if (raised) ::raise(SIGPIPE);
        tests::stream_pair pair;
        pair.far.close();
        CHECK(bf::block_on(bf::send_file(pair.near, from, 0, 10)).error() == std::errc::broken_pipe);
        const timespec at_once{};
        CHECK(::sigtimedwait(&pipe, nullptr, &at_once) == (raised ? SIGPIPE : -1));
    }
    sigset_t after;
    ::pthread_sigmask(SIG_SETMASK, &before, &after);
    CHECK(::sigismember(&after, SIGPIPE) == 1);
}

TEST_CASE("a_peer_that_goes_within_a_call_is_no_signal_either") {
    // The call that was at work then has sent a part, and says so instead of EPIPE.
    const scratch_directory here;
    const bf::file from = open_now(here.with_file("large", pattern(5'000'000)));
    bf::runtime rt{both::small_runtime()};
    for (const bf::backend on : each_backend)
        for (std::size_t before_it_goes = 0; before_it_goes < 100; ++before_it_goes) {
            tests::stream_pair pair;
            auto sends = rt.spawn(on, body::send, std::ref(pair.near), std::cref(from), std::uint64_t{0},
                                  std::uint64_t{5'000'000});
            std::vector<std::byte> some(1 + 20'000 * before_it_goes);
            (void)bf::block_on(pair.far.read_exact(some));
            pair.far.close();
            (void)sends.join();
        }
}

TEST_CASE("a_send_to_a_peer_that_never_reads_is_cancelled") {
    const scratch_directory here;
    const bf::file from = open_now(here.with_file("large", pattern(5'000'000)));
    const std::size_t before = tests::open_descriptors();
    for (const bf::backend on : each_backend) {
        bf::runtime rt{both::small_runtime()};
        tests::stream_pair pair;
        tests::hold_little(pair.near);
        auto sends =
            rt.spawn(on, body::send, std::ref(pair.near), std::cref(from), std::uint64_t{0}, std::uint64_t{5'000'000});
        // Once bytes are there, the send is under way; its peer has no room for all.
        std::array<char, 1> byte{};
        while (::recv(pair.far.descriptor(), byte.data(), 1, MSG_PEEK) != 1) continue;
        sends.cancel();
        CHECK_FALSE(rt.spawn(sends.outcome()).join().has_value());
        CHECK((::fcntl(pair.near.descriptor(), F_GETFL) & O_NONBLOCK) == 0);
    }
    CHECK(tests::open_descriptors() <= before);
}
