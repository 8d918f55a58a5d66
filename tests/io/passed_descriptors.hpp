// Descriptors that travel to another socket without the library.
#pragma once

#include "catch.hpp"

#include <array>
#include <cstddef>
#include <cstring>
#include <sys/socket.h>
#include <sys/uio.h>

namespace tests {

/// Sends one byte with the descriptors, and does not wait.
template <std::size_t Count>
void send_past(int socket, const std::array<int, Count>& passed) {
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof passed)> room{};
    char byte = 'x';
    iovec part{&byte, 1};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = room.data();
    message.msg_controllen = room.size();
    cmsghdr* const head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof passed);
    std::memcpy(CMSG_DATA(head), passed.data(), sizeof passed);
    REQUIRE(::sendmsg(socket, &message, MSG_DONTWAIT) == 1);
}

}  // namespace tests
