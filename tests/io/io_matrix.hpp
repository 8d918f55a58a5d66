// Every operation in both models, and what may happen to it: it ends at once, later, with a failure, is cancelled at
// each moment, timed out, destroyed in flight. Deterministic: one worker, led by a fiber. An operation adds a scene.
#pragma once

#include "descriptors.hpp"
#include "io/matrix_tally.hpp"
#include "one_worker.hpp"
#include <bifilar/drivers/contract/detail/driver.hpp>
#include <bifilar/io/streams/copy_result.hpp>

#include <array>
#include <chrono>
#include <functional>
#include <system_error>
#include <thread>
#include <type_traits>
#include <utility>

namespace tests {

namespace bf = bifilar;

/// A failure that a simulated kernel is told to answer calls of this kind with.
struct fault {
    bf::op_kind kind;
    int error;
};

/// What a scene has, which is made anew for each case:
///   name               for people
///   faults             the failures that its system call can have
///   in_time            whether let() is of use to an operation that waits already
///   exclusive          whether a second operation is refused with EBUSY while one waits
///   start()            a future of the operation; before let() it waits. Its output is an io_result
///   let()              system calls from outside after which an operation succeeds
///   succeeded(output)  whether that is how it should succeed; books what was moved
///   break_it()         where that can be done: after this it fails, with the errno that is returned
///   conserved(lossy)   whether all bytes are accounted for; `lossy`: an operation that could have moved some was
///                      cancelled, and its docstring says that they may be lost
/// And what it may have:
///   waits()            whether an operation waits for let() at all, asked before it starts. If not, it ends by itself:
///                      there is no state in which it surely waits, and what is cancelled or timed out may have ended
///   breaks             further failures; break_with(one of them) is called before the operation starts
///   in_flight          how many operations of a driver it waits for; 1 unless it says so
///   least_in_flight    with a driver that has fewer; as many unless it says so
///   calls_only_to_wait one that may end at once does so without a call that could fail
///   fails_at_start     planned failures are answered before it waits, not while it does
template <class Scene>
using output_in = bf::output_of<decltype(std::declval<Scene&>().start())>;

template <class Scene>
bf::task<output_in<Scene>> in_coroutine(Scene& scene) {
    co_return co_await scene.start();
}

template <class Scene>
output_in<Scene> in_fiber(Scene& scene) {
    return bf::await(scene.start());
}

template <class Scene>
bf::join_handle<output_in<Scene>> begin(bf::backend on, Scene& scene) {
    if (on == bf::backend::stackless) return bf::spawn(on, in_coroutine<Scene>, std::ref(scene));
    return bf::spawn(on, in_fiber<Scene>, std::ref(scene));
}

template <class Value>
std::error_code error_of(const bf::io_result<Value>& output) {
    return output ? std::error_code{} : output.error();
}
inline std::error_code error_of(const bf::copy_result& output) { return output.error; }
/// Of the direction that failed; the other one was ended for it.
inline std::error_code error_of(const bf::bidirectional_copy_result& output) {
    const bool there = output.a_to_b.error && output.a_to_b.error != std::errc::operation_canceled;
    return there ? output.a_to_b.error : output.b_to_a.error;
}

/// `error`: an errno or an enumeration of errors.
template <class Output, class Error>
bool fails_with(const Output& output, Error error) {
    if constexpr (std::is_same_v<Error, int>)
        return error_of(output) == std::errc{error};
    else
        return error_of(output) == error;
}

template <class Scene>
bool waits(const Scene& scene) {
    if constexpr (requires { scene.waits(); })
        return scene.waits();
    else
        return true;
}

/// The scene's operation, alone and in time, does what it should.
template <class Scene>
void works(bf::backend on, Scene& scene) {
    scene.let();
    output_in<Scene> output = bf::await(begin(on, scene));
    CHECK(scene.succeeded(output));
}

template <class Scene>
bf::task<> start_and_destroy(Scene& scene) {
    auto started = scene.start();
    auto turn = bf::yield_now();
    (void)co_await bf::select(started, turn);
}

template <class Scene>
void start_and_destroy_in_fiber(Scene& scene) {
    auto started = scene.start();
    auto turn = bf::yield_now();
    (void)bf::await(bf::select(started, turn));
}

template <class Scene>
bf::task<bool> in_time_in_coroutine(Scene& scene) {
    const auto answer = co_await bf::timeout(scene.start(), std::chrono::microseconds{300});
    co_return answer.has_value();
}

template <class Scene>
bool in_time_in_fiber(Scene& scene) {
    return bf::await(bf::timeout(scene.start(), std::chrono::microseconds{300})).has_value();
}

/// The cases; a member for each, so that a failure names it.
template <class Scene>
class matrix {
public:
    static void run(bf::backend on) {
        each("ends at once", on, [](bf::backend model, Scene& scene) { works(model, scene); });
        each("cancelled before its first poll", on, cancelled_before);
        each("cancelled while it waits", on, cancelled_during);
        each("cancelled after its end", on, cancelled_after);
        each("destroyed in flight", on, destroyed);
        each("timed out", on, timed_out);
        constexpr bool breaks = requires(Scene& scene) { scene.break_it(); };
        if constexpr (breaks) each("broken before", on, broken_before);
        if constexpr (breaks && Scene::in_time) each("broken while it waits", on, broken_during);
        if constexpr (Scene::in_time) {
            each("ends later", on, ends_later);
            each("let and cancelled", on, [](bf::backend model, Scene& scene) { raced(model, scene, true); });
            each("cancelled and let", on, [](bf::backend model, Scene& scene) { raced(model, scene, false); });
        }
        if constexpr (Scene::exclusive) each("busy", on, refused);
        if constexpr (requires { Scene::breaks; }) run_broken(on);
        // Where nothing holds it up, some moments are tried.
        if constexpr (requires(Scene& scene) { scene.waits(); })
            for (const int turns : {0, 1, 2, 4, 8, 32})
                each("cancelled on its way", on,
                     [turns](bf::backend model, Scene& scene) { cancelled_at(model, scene, turns); });
    }

    static void fail_as_injected(bf::simulated_kernel& kernel, bf::backend on) {
        constexpr bool at_start = requires { Scene::fails_at_start; };
        for (const auto& one : Scene::faults) {
            INFO(Scene::name << ", errno " << one.error << ", " << bf::to_string(on));
            tally.add_planned(one.error);
            const std::size_t before = open_descriptors();
            {
                Scene scene;
                if constexpr (!at_start) scene.let();
                if constexpr (!requires { Scene::calls_only_to_wait; }) {
                    kernel.fail(one.kind, one.error);
                    const output_in<Scene> at_once = bf::await(begin(on, scene));
                    CHECK(fails_with(at_once, one.error));
                }
                works(on, scene);
                if constexpr (Scene::in_time && !at_start) fail_later(kernel, on, one);
                CHECK(scene.conserved(false));
            }
            CHECK(open_descriptors() == before);
        }
    }

    static inline matrix_tally tally;

private:
    template <class Fault>
    static void fail_later(bf::simulated_kernel& kernel, bf::backend on, const Fault& one) {
        tally.add_case("fails while it waits, as planned");
        Scene waiting;
        auto handle = begin(on, waiting);
        let_others_park();
        kernel.fail(one.kind, one.error);
        waiting.let();
        const output_in<Scene> later = bf::await(std::move(handle));
        CHECK(fails_with(later, one.error));
        works(on, waiting);
        CHECK(waiting.conserved(false));
    }

    template <class Case>
    static void each(const char* what, bf::backend on, Case one) {
        INFO(Scene::name << ", " << what << ", " << bf::to_string(on));
        tally.add_case(what);
        const std::size_t before = open_descriptors();
        const std::uint64_t destroyed_before = bf::drivers::destroyed_in_flight();
        {
            Scene scene;
            lossy = false;
            least_destroys = max_destroys = 0;
            one(on, scene);
            CHECK(scene.conserved(lossy));
        }
        CHECK(open_descriptors() == before);
        const std::uint64_t destroyed_now = bf::drivers::destroyed_in_flight() - destroyed_before;
        CHECK(destroyed_now >= least_destroys);
        CHECK(destroyed_now <= max_destroys);
    }

    static void run_broken(bf::backend on) {
        for (const auto error : Scene::breaks) {
            INFO("error " << static_cast<int>(error));
            tally.add_real(error);
            for (const bool at_once : {true, false})
                each(at_once ? "broken, at once" : "broken, later", on,
                     [error, at_once](bf::backend model, Scene& scene) { broken_with(model, scene, error, at_once); });
        }
    }

    static void ends_later(bf::backend on, Scene& scene) {
        const bool surely_waits = waits(scene);
        auto handle = begin(on, scene);
        let_others_park();
        if (surely_waits) CHECK_FALSE(handle.done());
        scene.let();
        output_in<Scene> output = bf::await(std::move(handle));
        CHECK(scene.succeeded(output));
        works(on, scene);
    }

    static void cancelled_before(bf::backend on, Scene& scene) {
        {
            auto never_polled = scene.start();
        }
        auto handle = begin(on, scene);
        handle.cancel();  // This fiber has not parked since, so the task has not run.
        CHECK_FALSE(bf::await(handle.outcome()).has_value());
        works(on, scene);
    }

    static void cancelled_during(bf::backend on, Scene& scene) {
        const bool surely_waits = waits(scene);
        auto handle = begin(on, scene);
        let_others_park();
        handle.cancel();
        const bool ended = end_or_cancelled(handle, scene);
        if (surely_waits) CHECK_FALSE(ended);
        works(on, scene);
    }

    static void cancelled_at(bf::backend on, Scene& scene, int turns) {
        scene.let();
        auto handle = begin(on, scene);
        for (int turn = 0; turn < turns; ++turn) bf::this_fiber::yield();
        handle.cancel();
        end_or_cancelled(handle, scene);
        works(on, scene);
    }

    // Whether it has ended, with success.
    static bool end_or_cancelled(bf::join_handle<output_in<Scene>>& handle, Scene& scene) {
        auto outcome = bf::await(handle.outcome());
        if (outcome.has_value())
            CHECK(scene.succeeded(*outcome));
        else
            lossy = true;
        return outcome.has_value();
    }

    static void raced(bf::backend on, Scene& scene, bool let_first) {
        auto handle = begin(on, scene);
        let_others_park();
        if (let_first) scene.let();
        handle.cancel();
        if (!let_first) scene.let();
        end_or_cancelled(handle, scene);
        works(on, scene);
    }

    static void cancelled_after(bf::backend on, Scene& scene) {
        scene.let();
        auto handle = begin(on, scene);
        while (!handle.done()) {
            std::this_thread::yield();  // A thread of the pool may have to end it.
            bf::this_fiber::yield();
        }
        handle.cancel();
        auto outcome = bf::await(handle.outcome());
        REQUIRE(outcome.has_value());
        CHECK(scene.succeeded(*outcome));
        works(on, scene);
    }

    static void destroyed(bf::backend on, Scene& scene) {
        max_destroys = 1;
        if constexpr (requires { Scene::in_flight; }) max_destroys = Scene::in_flight;
        if (waits(scene))
            least_destroys = max_destroys;
        else
            lossy = true;
        if constexpr (requires { Scene::least_in_flight; }) least_destroys = Scene::least_in_flight;
        if (on == bf::backend::stackless)
            bf::await(bf::spawn(on, start_and_destroy<Scene>, std::ref(scene)));
        else
            bf::await(bf::spawn(on, start_and_destroy_in_fiber<Scene>, std::ref(scene)));
        works(on, scene);
    }

    static void timed_out(bf::backend on, Scene& scene) {
        const bool surely_waits = waits(scene);
        const bool in_time = on == bf::backend::stackless
                                 ? bf::await(bf::spawn(on, in_time_in_coroutine<Scene>, std::ref(scene)))
                                 : bf::await(bf::spawn(on, in_time_in_fiber<Scene>, std::ref(scene)));
        if (surely_waits)
            CHECK_FALSE(in_time);
        else
            lossy = true;
        works(on, scene);
    }

    static void broken_before(bf::backend on, Scene& scene) {
        const int error = scene.break_it();
        tally.add_real(error);
        const output_in<Scene> output = bf::await(begin(on, scene));
        CHECK(fails_with(output, error));
        lossy = true;
    }

    static void broken_during(bf::backend on, Scene& scene) {
        auto handle = begin(on, scene);
        let_others_park();
        const int error = scene.break_it();
        tally.add_real(error);
        const output_in<Scene> output = bf::await(std::move(handle));
        CHECK(fails_with(output, error));
        lossy = true;
    }

    template <class Error>
    static void broken_with(bf::backend on, Scene& scene, Error error, bool at_once) {
        scene.break_with(error);
        if (at_once) scene.let();
        auto handle = begin(on, scene);
        if (!at_once) {
            let_others_park();
            scene.let();
        }
        const output_in<Scene> output = bf::await(std::move(handle));
        CHECK(fails_with(output, error));
        lossy = true;
    }

    static void refused(bf::backend on, Scene& scene) {
        auto first = begin(on, scene);
        let_others_park();
        const output_in<Scene> second = bf::await(begin(on, scene));
        CHECK(fails_with(second, EBUSY));
        first.cancel();
        CHECK_FALSE(bf::await(first.outcome()).has_value());
        works(on, scene);
    }

    static inline bool lossy = false;
    static inline std::uint64_t least_destroys = 0;
    static inline std::uint64_t max_destroys = 0;
};

/// All cases of an operation on the driver that BIFILAR_DRIVER names; on a simulated one, its failures as well.
template <class Scene>
void run_matrix() {
    bf::runtime_options options = both::small_runtime(1);
    options.max_blocking_threads = 1;  // So that a scene can hold up what needs one.
    bf::runtime rt{options};
    rt.run([] {
        for (const bf::backend on : both_backends) matrix<Scene>::run(on);
    });
    if (rt.driver() != bf::driver_kind::simulated)
        return matrix<Scene>::tally.write(Scene::name, bf::to_string(rt.driver()));
    bf::simulated_kernel kernel;
    options.driver = bf::driver_kind::simulated;
    options.simulation = &kernel;
    bf::runtime faulty{options};
    faulty.run(
        [](bf::simulated_kernel& with) {
            for (const bf::backend on : both_backends) matrix<Scene>::fail_as_injected(with, on);
        },
        std::ref(kernel));
    matrix<Scene>::tally.write(Scene::name, "simulated");
}

}  // namespace tests
