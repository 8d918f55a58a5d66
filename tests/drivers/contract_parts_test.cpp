// What drivers share, each by itself: operations that are used again, buffers that are lent, calls that are cut, and
// descriptors that epoll watches.
#include "catch.hpp"
#include "io/stream_pair.hpp"
#include "operations/short_transfer.hpp"
#include "time/sleeper_task.hpp"
#include <bifilar/drivers/contract/detail/buffer_pool.hpp>
#include <bifilar/drivers/contract/detail/driver.hpp>

#include <array>
#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace bf = bifilar;
namespace drivers = bf::drivers;

namespace {

/// How many descriptors epoll instances of this process watch.
std::size_t watched_descriptors() {
    std::size_t count = 0;
    for (const auto& each : std::filesystem::directory_iterator{"/proc/self/fd"}) {
        std::error_code gone;
        if (std::filesystem::read_symlink(each.path(), gone) != "anon_inode:[eventpoll]") continue;
        std::ifstream in{"/proc/self/fdinfo/" + each.path().filename().string()};
        for (std::string line; std::getline(in, line);) count += line.starts_with("tfd:") ? 1 : 0;
    }
    return count;
}

}  // namespace

TEST_CASE("each_call_of_an_operation_can_be_cancelled") {
    tests::sleeper_task task;
    const auto ends = tests::local_stream();
    const bf::owned_descriptor far{ends[1]};
    const auto source = drivers::make_source(bf::owned_descriptor{ends[0]});
    drivers::op one{bf::op_kind::recv, *source};
    for (int call = 0; call < 2; ++call) {
        CHECK_FALSE(one.cancel_asked());
        one.begin(bf::waker_ref{task});
        CHECK(one.ask_cancel());
        CHECK_FALSE(one.ask_cancel());
        CHECK(one.cancel_asked());
        bf::wake_batch batch;
        one.complete(-ECANCELED, batch);
        one.rewind();
    }
}

TEST_CASE("received_bytes_that_are_assigned_to_give_their_buffer_back") {
    const auto pool = drivers::buffer_pool::make();
    const int first = pool->take();
    const int second = pool->take();
    bf::received_bytes one = pool->lend(static_cast<std::uint32_t>(first), 3);
    one = pool->lend(static_cast<std::uint32_t>(second), 5);
    CHECK(one.size() == 5);
    const int next = pool->take();
    CHECK(next == first);  // The newest is lent first.
    const bf::received_bytes other = pool->lend(static_cast<std::uint32_t>(next), 7);
}

TEST_CASE("a_cut_call_tells_what_the_kernel_wrote_into_the_header") {
    const auto ends = tests::local_stream();
    const bf::owned_descriptor far{ends[1]};
    const auto source = drivers::make_source(bf::owned_descriptor{ends[0]});
    REQUIRE(::send(far.get(), "12345", 5, 0) == 5);
    std::array<char, 4> bytes{};
    std::array<iovec, 2> buffers{iovec{bytes.data(), 2}, iovec{bytes.data() + 2, 2}};
    sockaddr_storage name{};
    std::array<std::byte, 64> control{};
    msghdr header{};
    header.msg_name = &name;
    header.msg_namelen = sizeof name;
    header.msg_iov = buffers.data();
    header.msg_iovlen = buffers.size();
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    drivers::op one{bf::op_kind::recv_message, *source};
    one.arguments = drivers::call_arguments::of_message(header);
    {
        const drivers::short_transfer cut{one, 1};
        CHECK(::recvmsg(source->descriptor(), &one.arguments.message(), MSG_DONTWAIT) == 1);
    }
    CHECK(&one.arguments.message() == &header);
    CHECK(header.msg_iov == buffers.data());
    CHECK(header.msg_iovlen == buffers.size());
    CHECK(header.msg_namelen == 0);
    CHECK(header.msg_controllen == 0);
}

// A copy of the descriptor, in a child process maybe, keeps the kernel's file open, and a registration with it.
TEST_CASE("epoll_forgets_a_closed_stream_of_whose_descriptor_there_is_a_copy") {
    const auto own = drivers::make_driver(bf::driver_kind::epoll);
    tests::sleeper_task task;
    const auto ends = tests::local_stream();
    const bf::owned_descriptor far{ends[1]};
    const bf::owned_descriptor copy{::dup(ends[0])};
    auto source = drivers::make_source(bf::owned_descriptor{ends[0]});
    const std::size_t before = watched_descriptors();
    std::array<std::byte, 1> buffer{};
    drivers::op one{bf::op_kind::recv, *source};
    one.arguments = drivers::call_arguments::of_bytes(buffer.data(), buffer.size());
    REQUIRE(!own->start(one, bf::waker_ref{task}));
    if (watched_descriptors() != before + 1) {
        WARN("skipped: this kernel does not tell what epoll watches");
        own->cancel(one);
        return;
    }
    own->cancel(one);
    source.reset();
    CHECK(watched_descriptors() == before);
}
