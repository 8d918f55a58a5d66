// Who may replace the file of a Unix socket that was left behind, and that nobody removes what another has just bound.
#include "catch.hpp"
#include "io/scratch_directory.hpp"
#include <bifilar/bifilar.hpp>
#include <bifilar/io/net/detail/bound_path.hpp>

#include <fcntl.h>
#include <string>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace bf = bifilar;

namespace {

bf::unix_bind_options replacing() {
    bf::unix_bind_options options;
    options.replace_stale = true;
    return options;
}

ino_t file_at(const std::string& path) {
    struct stat file{};
    return ::lstat(path.c_str(), &file) == 0 ? file.st_ino : 0;
}

}  // namespace

// It answers like one that nobody has any more: the second of two servers that began at the same time removed the first
// one's file, and nobody could reach that one again.
TEST_CASE("a_socket_that_does_not_listen_yet_is_not_held_for_stale") {
    const tests::scratch_directory in;
    const std::string path = in / "socket";
    const auto address = bf::socket_address::unix_path(path).value();
    const bf::owned_descriptor first{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    auto bound = bf::detail::bound_path::bind(first.get(), address, SOCK_STREAM, replacing());
    REQUIRE(bound.has_value());
    const ino_t made = file_at(path);
    // In the moment between bind(2) and listen(2).
    const auto second = bf::unix_listener::bind(path, replacing());
    REQUIRE_FALSE(second.has_value());
    CHECK(second.error() == std::errc::resource_unavailable_try_again);
    CHECK(file_at(path) == made);
    REQUIRE(::listen(first.get(), 1) == 0);
    bound->settle();
    CHECK(bf::unix_listener::bind(path, replacing()).error() == std::errc::address_in_use);
    CHECK(file_at(path) == made);
}

TEST_CASE("who_replaces_a_file_lets_go_of_the_folder") {
    const tests::scratch_directory in;
    const std::string path = in / "socket";
    for (int round = 0; round < 2; ++round) {
        auto listener = bf::unix_listener::bind(path, replacing());
        REQUIRE(listener.has_value());
        auto datagram = bf::unix_datagram::bind(in / "datagram", replacing());
        REQUIRE(datagram.has_value());
        const bf::owned_descriptor folder{::open(in.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
        CHECK(::flock(folder.get(), LOCK_EX | LOCK_NB) == 0);
    }
    CHECK(in.entries() == 0);
    // Nor does one that failed keep it.
    in.with_file("file", "text");
    CHECK(bf::unix_listener::bind(in / "file", replacing()).error() == std::errc::address_in_use);
    CHECK(bf::unix_listener::bind(path, replacing()).has_value());
}
