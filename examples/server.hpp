// What the examples' servers have in common: an address, a machine, and serving until ctrl-C in the chosen model.
#pragma once

#include "options.hpp"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

inline constexpr const char* no_output = "cannot write to the standard output";

/// Throws std::system_error where what was printed cannot be written.
inline void flush_output() {
    errno = 0;
    if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return;
    throw std::system_error{errno != 0 ? errno : EIO, std::generic_category(), no_output};
}

/// The options that serve_until_ctrl_c reads, beside a server's own.
inline std::vector<std::string_view> server_options(std::vector<std::string_view> own = {}) {
    own.insert(own.end(), {"--host", "--port", "--shards", "--backend", "--driver", "--workers"});
    return own;
}

/// Says "listening on ADDRESS", gives each connection to the handler of the chosen model, and returns when ctrl-C came
/// and the connections have ended. A second ctrl-C, or the end of how.drain, cancels those that are left. Both handlers
/// are as bifilar::serve wants them. --shards N: as many listeners at the address, each with a task that accepts.
/// `beside` runs meanwhile, is never ready, and is cancelled at the end.
template <class Coroutine, class Fiber, bifilar::future Beside = bifilar::pending_future<void>>
bifilar::serve_report serve_until_ctrl_c(const options& given, std::uint16_t port, bifilar::serve_options how,
                                         Coroutine coroutine, Fiber fiber, Beside beside = bifilar::pending()) {
    bifilar::runtime_options machine;
    machine.driver = given.driver();
    machine.stack_bytes = std::size_t{64} << 10;
    machine.metrics = given.has("--metrics");
    if (given.has("--trace")) machine.trace_bytes = std::size_t{256} << 10;  // 4,096 events of each worker.
    if (given.has("--workers")) machine.workers = given.number("--workers", 1, 0, 4096);
    if (machine.workers == 0) {  // No threads: this one works.
        machine.workers.reset();
        machine.on_calling_thread = true;
    }
    how.on = given.backend();
    const std::string address =
        given.text("--host", "127.0.0.1") + ":" + std::to_string(given.number("--port", port, 0, 65535));
    auto listeners = bifilar::tcp_listener::bind_shards(address, given.number("--shards", 1, 1, 4096));
    if (!listeners)
        throw std::invalid_argument{"cannot listen on " + address + ": " + listeners.error().message() +
                                    (listeners.error() == std::errc::too_many_files_open
                                         ? "; choose fewer --shards or raise ulimit -n"
                                         : "; choose another --host or --port")};
    bifilar::signal_set signals{SIGINT, SIGTERM};  // Before the first line, so that none is lost after it.
    bifilar::runtime runtime{machine};
    std::printf("listening on %s\n", listeners->front().local_address().value().to_string().c_str());
    flush_output();
    const auto serve_with = [&](auto handler) {
        auto serving =
            bifilar::serve(std::move(*listeners), std::move(how), std::move(handler), signals.next(), signals.next());
        return std::get<0>(runtime.run(bifilar::race(std::move(serving), std::move(beside))).value());
    };
    return how.on == bifilar::backend::stackful ? serve_with(std::move(fiber)) : serve_with(std::move(coroutine));
}

/// What every example's main does around its own part: errors, among them output that could not be written, become a
/// line and the exit code 2.
template <class Body>
int run_example(const char* name, Body body) {
    try {
        const int code = body();
        flush_output();
        return code;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s: %s\n", name, error.what());
        return 2;
    }
}
