// Ports that do not answer as one would like: with a refusal, or not at all.
#pragma once

#include "../catch.hpp"
#include "../uninterrupted.hpp"
#include <bifilar/io/address/socket_address.hpp>

#include <chrono>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace tests {

/// A port that is taken and at which nobody listens.
class silent_port {
public:
    explicit silent_port(const std::string& host = "127.0.0.1") {
        const auto any = bifilar::socket_address::parse(host + ":0").value();
        descriptor_ = ::socket(any.family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
        REQUIRE(::bind(descriptor_, any.data(), any.size()) == 0);
    }
    silent_port(const silent_port&) = delete;
    silent_port& operator=(const silent_port&) = delete;
    ~silent_port() { ::close(descriptor_); }

    [[nodiscard]] std::string address() const {
        return bifilar::socket_address::local(descriptor_).value().to_string();
    }

protected:
    [[nodiscard]] int descriptor() const noexcept { return descriptor_; }

private:
    int descriptor_ = -1;
};

/// A listener that has no room for another connection, so the kernel drops the packets that ask for one: connecting
/// takes for ever.
class full_port : public silent_port {
public:
    explicit full_port(const std::string& host = "127.0.0.1") : silent_port{host} {
        REQUIRE(::listen(descriptor(), 0) == 0);
        const auto here = bifilar::socket_address::local(descriptor()).value();
        // Room is for one.
        filler_ = ::socket(here.family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
        REQUIRE(connect_uninterrupted(filler_, here) == 0);
        while (waiting() == 0) std::this_thread::sleep_for(std::chrono::microseconds{100});
    }
    full_port(const full_port&) = delete;
    full_port& operator=(const full_port&) = delete;
    ~full_port() { ::close(filler_); }

private:
    // Connections that nobody has accepted: what a listener's tcp_info has in this place.
    [[nodiscard]] std::uint32_t waiting() const {
        tcp_info info{};
        socklen_t bytes = sizeof info;
        REQUIRE(::getsockopt(descriptor(), IPPROTO_TCP, TCP_INFO, &info, &bytes) == 0);
        return info.tcpi_unacked;
    }

    int filler_ = -1;
};

}  // namespace tests
