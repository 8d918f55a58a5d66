// OpenSSL's queue of errors is the thread's, so that all connections of a worker have the same one: what lies in it is
// nobody's failure but that of the call that put it there.
#include "tls_pair.hpp"

#include <atomic>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <stdexcept>

namespace {

using namespace tests;

// What a careless user of OpenSSL leaves on the thread: a failed call, and an error of their own.
void leave_errors() {
    BIO_free(BIO_new_file("/nothing/here", "r"));
    ERR_raise(ERR_LIB_USER, ERR_R_INTERNAL_ERROR);
    if (ERR_peek_error() == 0) FAIL("OpenSSL keeps no errors");
}

// Between any two steps of the worker's other tasks there is an error again.
bf::task<> leave_errors_until(const std::atomic<bool>& end) {
    while (!end.load(std::memory_order_relaxed)) {  // The same thread sets it.
        leave_errors();
        co_await bf::yield_now();
    }
}

// Runs the body on one worker, whose thread everything shares, once per model of its tasks.
template <class Body>
void on_one_thread(Body body) {
    bf::runtime_options options = both::small_runtime(1);
    options.stack_bytes = 256 * 1024;
    both::in_both(body, options);
}

// Each call finds errors on the thread, at its start and after each wait.
bf::task<std::error_code> echo_all(tls& on) {
    std::array<std::byte, 500> buffer{};
    for (;;) {
        leave_errors();
        const auto got = co_await on.read(buffer);
        if (!got) co_return got.error();
        if (*got == 0) break;
        leave_errors();
        const auto wrote = co_await on.write_all(std::span{buffer}.first(*got));
        if (!wrote) co_return wrote.error();
    }
    leave_errors();
    const auto ended = co_await on.shutdown_write();
    co_return ended ? std::error_code{} : ended.error();
}

bf::task<std::error_code> echo(tls& on) {
    const std::error_code failed = co_await echo_all(on);
    if (failed) (void)on.transport().shutdown_write();  // So that the other side fails as well and does not wait.
    co_return failed;
}

bf::task<std::error_code> send_and_end(tls& on, const std::string& text) {
    leave_errors();
    const auto wrote = co_await on.write_all(bytes_of(text));
    if (!wrote) co_return wrote.error();
    leave_errors();
    const auto ended = co_await on.shutdown_write();
    co_return ended ? std::error_code{} : ended.error();
}

bf::task<bf::io_result<std::string>> read_all(tls& on) {
    std::string all;
    std::array<std::byte, 700> buffer{};
    for (;;) {
        leave_errors();
        const auto got = co_await on.read(buffer);
        if (!got) co_return std::unexpected{got.error()};
        if (*got == 0) co_return all;
        all.append(reinterpret_cast<const char*>(buffer.data()), *got);
    }
}

// A healthy conversation from the handshake to both ends.
bf::task<> converse(bf::backend model) {
    leave_errors();
    tls_ends ends = co_await shake(model);
    CHECK(ends.client.has_value());
    CHECK(ends.server.has_value());
    if (!ends.client || !ends.server) co_return;  // Not by an exception: others run beside this.
    std::string text;
    // Fits into the sockets, so that a failure ends all.
    while (text.size() < 4'000) text += "and so on, " + std::to_string(text.size());
    auto echoing = bf::spawn(model, echo, std::ref(*ends.server));
    auto reading = bf::spawn(model, read_all, std::ref(*ends.client));
    auto sending = bf::spawn(model, send_and_end, std::ref(*ends.client), std::cref(text));
    const std::error_code sent = co_await sending;
    CHECK(sent == std::error_code{});
    const std::error_code echoed = co_await echoing;
    CHECK(echoed == std::error_code{});
    const auto back = co_await reading;
    CHECK((back && *back == text));  // Not shown.
}

bf::task<bf::io_result<std::size_t>> read_some(tls& from) {
    std::array<std::byte, 8> buffer{};
    co_return co_await from.read(buffer);
}

// On a connection whose peer sends a record that no key has made.
bf::task<std::error_code> fail_by_record(bf::backend model) {
    tls_ends ends = co_await shake(model);
    const std::string forged = std::string{"\x17\x03\x03\x00\x20", 5} + std::string(32, 'x');
    (void)co_await ends.client->transport().write_all(bytes_of(forged));
    const auto got = co_await read_some(*ends.server);
    co_return got ? std::error_code{} : got.error();
}

// Of a client that does not trust the server's authority.
bf::task<std::error_code> fail_by_certificate(bf::backend model) {
    static const authority stranger{"stranger"};
    const auto server = bf::tls_context::server(options_with(stranger.issue()));
    const tls_ends ends = co_await shake(model, bf::tls_context::client(client_options()), server);
    co_return ends.client ? std::error_code{} : ends.client.error();
}

}  // namespace

TEST_CASE("errors_left_on_the_thread_are_no_connections") {
    on_one_thread([](bf::backend model) -> bf::task<> {
        std::atomic<bool> end = false;
        auto spoiling = bf::spawn(model, leave_errors_until, std::cref(end));
        co_await converse(model);
        end.store(true, std::memory_order_relaxed);
        co_await spoiling;
    });
}

TEST_CASE("errors_left_on_the_thread_are_no_contexts") {
    leave_errors();
    const auto client = bf::tls_context::client(client_options());
    leave_errors();
    const auto server = bf::tls_context::server(server_options());
    // The reason is its own, not the older one's.
    bf::tls_options wrong;
    wrong.trust.push_back(bf::tls_pem::text("no certificate"));
    leave_errors();
    CHECK_THROWS_WITH(bf::tls_context::client(wrong), Catch::Contains("no start line"));
    CHECK(ERR_peek_error() == 0);
    bf::tls_options odd;
    odd.ciphers = "NONE-SUCH";
    leave_errors();
    CHECK_THROWS_WITH(bf::tls_context::client(odd), Catch::Contains("no cipher match"));
}

TEST_CASE("one_connections_failure_is_not_its_neighbours") {
    on_one_thread([](bf::backend model) -> bf::task<> {
        for (const auto fail : {fail_by_record, fail_by_certificate}) {
            tls_ends healthy = co_await shake(model);
            // It waits for bytes while the other one fails, on the same thread.
            auto waiting = bf::spawn(model, read_some, std::ref(*healthy.server));
            const std::error_code failed = co_await fail(model);
            CHECK(failed.category() == bf::tls_category());
            CHECK(ERR_peek_error() == 0);
            const std::string text = "well";
            const auto wrote = co_await healthy.client->write_all(bytes_of(text));
            CHECK(wrote.value_or(0) == text.size());
            const auto got = co_await waiting;
            CHECK(got.value_or(0) == text.size());
            // And the next one, from its first step on.
            co_await converse(model);
        }
    });
}
