// Servers of the examples within a simulation: an address, a stop, and clients that try again.
#pragma once

#include "busy_body.hpp"
#include <bifilar/simulation/for_seeds.hpp>

#include <optional>
#include <string_view>

namespace tests {

/// For all four kinds of a body, by night.
inline constexpr std::uint64_t seeds_by_night = 2'500;

namespace simulation = bf::simulation;

/// Bound before its body begins, so that what can fail here fails the body at once.
class example_server {
public:
    example_server() : listener_{bf::tcp_listener::bind("127.0.0.1:0").value()} {}

    [[nodiscard]] bf::socket_address address() const { return listener_.local_address().value(); }

    /// As serve: in the model `on` with the handler for it. Ends after stop(), or when accepting fails for good.
    template <class Coroutine, class Fiber>
    bf::task<bf::serve_report> serve(bf::backend on, Coroutine coroutine, Fiber fiber) {
        bf::serve_options how;
        how.on = on;
        how.max_connections = 64;
        how.on_exhausted = [](std::error_code) {};
        bf::serve_report report;
        if (on == bf::backend::stackful) {
            auto serving = bf::serve(std::move(listener_), how, std::move(fiber), stop_.wait());
            report = co_await std::move(serving);
        } else {
            auto serving = bf::serve(std::move(listener_), how, std::move(coroutine), stop_.wait());
            report = co_await std::move(serving);
        }
        must(report.failed == 0, "a handler threw");
        must(report.cancelled == 0, "a connection did not end by itself");
        must(report.accepted == report.ended, "a connection was lost");
        co_return report;
    }
    void stop() noexcept { stop_.set(); }

private:
    bf::tcp_listener listener_;
    bf::event stop_;
};

/// Empty: it could not be had in several attempts, as in hostile weather.
inline bf::task<std::optional<bf::tcp_stream>> try_connect(bf::socket_address to) {
    for (int attempt = 0; attempt != 5; ++attempt) {
        auto made = co_await bf::tcp_stream::connect(to);
        if (made) co_return std::move(*made);
        co_await bf::sleep_for(10ms);
    }
    co_return std::nullopt;
}

/// Runs body(backend, whether nothing fails) for so many seeds in each model, in rough and in hostile weather.
template <class Body>
void in_all_weather(std::uint64_t seeds, Body body,
                    const std::vector<simulation::weather>& kinds = {simulation::weather::rough,
                                                                     simulation::weather::hostile}) {
    for (const bf::backend on : both_models)
        for (const auto kernel : kinds) {
            simulation::options how;
            how.on = on;
            how.workers = 3;
            how.kernel = kernel;
            const bool calm = kernel == simulation::weather::rough;
            INFO("backend: " << bf::to_string(on) << ", rough: " << calm);
            CHECK(simulation::for_seeds(
                      seeds, [&] { return body(on, calm); }, how)
                      .seeds == seeds);
        }
}

}  // namespace tests
