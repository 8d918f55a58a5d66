// Runs one wait in each of the three models: a coroutine, a fiber, a plain thread. The body of a test is written once.
#pragma once

#include "catch.hpp"
#include <bifilar/bifilar.hpp>
#include <functional>
#include <string>
#include <utility>

namespace both {

namespace bf = bifilar;

enum class model { coroutine, fiber, thread };

inline const char* name(model m) {
    switch (m) {
        case model::coroutine:
            return "coroutine";
        case model::fiber:
            return "fiber";
        case model::thread:
            return "thread";
    }
    return "?";
}

inline bf::runtime_options small_runtime(unsigned workers = 2) {
    bf::runtime_options options;
    options.workers = workers;
    options.stack_bytes = 64 * 1024;
    return options;
}

// Makes a future. By its kind alone: else each wait of a test would be compiled as a coroutine and a fiber of its own.
template <bf::future F>
using maker = std::move_only_function<F()>;

template <bf::future F>
bf::output_of<F> await_made(model m, bf::runtime& rt, maker<F> make) {
    switch (m) {
        case model::coroutine:
            return rt.spawn([](maker<F>& of) -> bf::task<bf::output_of<F>> { co_return co_await of(); }, std::ref(make))
                .join();
        case model::fiber:
            return rt.spawn(bf::backend::stackful, [](maker<F>& of) { return bf::await(of()); }, std::ref(make)).join();
        case model::thread:
            break;
    }
    return bf::await(make());
}

// What the factory makes is awaited by the model; its output comes back.
template <class Factory>
auto await_in(model m, bf::runtime& rt, Factory factory) {
    return await_made<decltype(factory())>(m, rt, std::move(factory));
}

// Calls the test once per model, each time with a fresh runtime.
template <class Test>
void in_each_model(Test test, unsigned workers = 2) {
    for (const model m : {model::coroutine, model::fiber, model::thread}) {
        INFO("model: " << name(m));
        bf::runtime rt{small_runtime(workers)};
        test(m, rt);
    }
}

// Runs body(backend) as a fiber or a coroutine, whichever it is, once per backend of the tasks that it spawns.
template <class Body>
void in_both(Body body, const bf::runtime_options& options = small_runtime()) {
    for (const bf::backend on : {bf::backend::stackless, bf::backend::stackful}) {
        INFO("model: " << bf::to_string(on));
        bf::runtime rt{options};
        rt.run(body, on);
    }
}

}  // namespace both
