// What other systems promise in their tests, tried on bifilar: one body a case, compiled once as coroutines and once as
// fibers, and run with one, two and four workers. The name of a case says whose promise it is and where that system
// tests it; bodies are our own.
#pragma once

#include "catch.hpp"
#include <bifilar/bifilar.hpp>
#include <chrono>

// In a body or a task of it: waits for a future; calls another body; leaves. A coroutine needs at least one of them.
// What is waited for goes into a variable before it is checked.
#if defined(PORTS_AS_FIBERS)
#define AWAIT(...) ::bifilar::await(__VA_ARGS__)
#define CALL(...) __VA_ARGS__
#define RETURN return
#else
#define AWAIT(...) (co_await (__VA_ARGS__))
#define CALL(...) (co_await __VA_ARGS__)
#define RETURN co_return
#endif

namespace ports {

namespace bf = bifilar;
using namespace std::chrono_literals;

/// What a task of a body returns, and the backend it is spawned on.
#if defined(PORTS_AS_FIBERS)
template <class T = void>
using task_of = T;
constexpr bf::backend on = bf::backend::stackful;
#else
template <class T = void>
using task_of = bf::task<T>;
constexpr bf::backend on = bf::backend::stackless;
#endif

/// Starts a task of the body's own model.
template <class F, class... Args>
auto go(F&& f, Args&&... args) {
    return bf::spawn(on, std::forward<F>(f), std::forward<Args>(args)...);
}

/// On the simulated clock: ready when every other task waits for something.
inline auto all_wait() { return bf::sleep_for(1ms); }

enum class clock { real, simulated };

/// Runs a body in a fresh runtime for each number of workers.
inline void run(task_of<> (*body)(), clock which) {
    for (const unsigned workers : {1U, 2U, 4U}) {
        INFO("workers: " << workers);
        bf::simulated_clock time;
        bf::runtime_options options;
        options.workers = workers;
        options.stack_bytes = 64 * 1024;
        if (which == clock::simulated) options.clock = &time;
        bf::runtime rt{options};
        rt.run(body);
    }
}

}  // namespace ports

#define PORT_OF(name, time, promise)                                  \
    static ::ports::task_of<> name();                                 \
    TEST_CASE(promise) { ::ports::run(&name, ::ports::clock::time); } \
    static ::ports::task_of<> name()

/// A case on the simulated clock: time passes when nothing else can run.
#define PORT(promise) PORT_OF(INTERNAL_CATCH_UNIQUE_NAME(port), simulated, promise)
/// A case with I/O, on the real clock.
#define PORT_OF_IO(promise) PORT_OF(INTERNAL_CATCH_UNIQUE_NAME(port), real, promise)
