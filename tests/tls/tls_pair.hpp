// Two ends of an encrypted connection in one process, over sockets with small buffers.
#pragma once

#include "authority.hpp"
#include <bifilar/bifilar.hpp>
#include <bifilar/tls/tls_error.hpp>
#include <bifilar/tls/tls_stream.hpp>
#include "bytes.hpp"
#include "catch.hpp"
#include "io/stream_pair.hpp"
#include "one_worker.hpp"

#include <string>

namespace tests {

namespace bf = bifilar;
using tls = bf::tls_stream<bf::tcp_stream>;

// A local pair that fills up soon.
class narrow_pair : public stream_pair {
public:
    narrow_pair() {
        for (bf::tcp_stream* const end : {&near, &far}) REQUIRE(end->set_send_buffer(8 * 1024).has_value());
    }
};

// One authority and what it signed for "localhost", made once a process.
inline const authority& house() {
    static const authority made{"house"};
    return made;
}
inline const issued& house_server() {
    static const issued made = house().issue();
    return made;
}

inline bf::tls_options client_options() {
    bf::tls_options options;
    options.trust.push_back(bf::tls_pem::text(house().root()));
    return options;
}
inline bf::tls_options options_with(const issued& own) {
    bf::tls_options options;
    options.certificate = bf::tls_pem::text(own.certificate);
    options.key = bf::tls_pem::text(own.key);
    return options;
}
inline bf::tls_options server_options() { return options_with(house_server()); }

// What both sides got of a handshake.
class tls_ends {
public:
    tls_ends(bf::io_result<tls> a, bf::io_result<tls> b) : client{std::move(a)}, server{std::move(b)} {}
    bf::io_result<tls> client;
    bf::io_result<tls> server;
};

template <class Stream>
bf::task<bf::io_result<bf::tls_stream<Stream>>> accept_tls(Stream over, bf::tls_context context) {
    co_return co_await bf::tls_accept(std::move(over), context);
}
template <class Stream>
bf::task<bf::io_result<bf::tls_stream<Stream>>> connect_tls(Stream over, bf::tls_context context, std::string host) {
    co_return co_await bf::tls_connect(std::move(over), context, std::move(host));
}

// Both sides' handshakes in tasks of that model.
inline bf::task<tls_ends> shake_over(bf::backend model, stream_pair sockets, bf::tls_context client,
                                     bf::tls_context server, std::string host = "localhost") {
    auto accepting = bf::spawn(model, accept_tls<bf::tcp_stream>, std::move(sockets.far), server);
    auto connecting = bf::spawn(model, connect_tls<bf::tcp_stream>, std::move(sockets.near), client, host);
    auto near = co_await connecting;
    auto far = co_await accepting;
    co_return tls_ends{std::move(near), std::move(far)};
}

inline bf::task<tls_ends> shake(bf::backend model, bf::tls_context client, bf::tls_context server,
                                std::string host = "localhost") {
    return shake_over(model, narrow_pair{}, std::move(client), std::move(server), std::move(host));
}

inline bf::task<tls_ends> shake(bf::backend model) {
    return shake(model, bf::tls_context::client(client_options()), bf::tls_context::server(server_options()));
}

// Runs the body once per model, with two workers and stacks that TLS fits on.
template <class Body>
void in_both(Body body) {
    bf::runtime_options options = both::small_runtime();
    options.stack_bytes = 256 * 1024;
    both::in_both(body, options);
}

}  // namespace tests
