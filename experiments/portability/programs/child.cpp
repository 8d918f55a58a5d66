// Not run: inlining.py reads from its disassembly how many allocations compilers leave where a child coroutine is
// awaited at once. Three kinds of coroutine, from the library's to one that needs no runtime at all.
#include <bifilar/stackless/task.hpp>
#include <coroutine>
#include <exception>
#include <utility>

// The library's coroutine: a parent awaits a child that gives a number back without ever waiting.
static bifilar::task<int> library_child(int n) { co_return n + 1; }
bifilar::task<int> library_parent(int n) { co_return co_await library_child(n) + 1; }

namespace bare {

// The least that a lazy coroutine with a value needs: a frame from operator new, a continuation, and nothing else.
class [[nodiscard]] task {
public:
    struct promise_type {
        struct final_awaiter {
            [[nodiscard]] static bool await_ready() noexcept { return false; }
            static std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> ended) noexcept {
                return ended.promise().continuation;
            }
            static void await_resume() noexcept {}
        };
        task get_return_object() noexcept { return task{std::coroutine_handle<promise_type>::from_promise(*this)}; }
        [[nodiscard]] static std::suspend_always initial_suspend() noexcept { return {}; }
        [[nodiscard]] static final_awaiter final_suspend() noexcept { return {}; }
        void return_value(int n) noexcept { value = n; }
        static void unhandled_exception() noexcept { std::terminate(); }

        std::coroutine_handle<> continuation;
        int value = 0;
    };

    task(task&& other) noexcept : frame_{std::exchange(other.frame_, nullptr)} {}
    task& operator=(task&&) = delete;
    ~task() {
        if (frame_) frame_.destroy();
    }

    [[nodiscard]] static bool await_ready() noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> parent) noexcept {
        frame_.promise().continuation = parent;
        return frame_;
    }
    int await_resume() noexcept { return frame_.promise().value; }

private:
    explicit task(std::coroutine_handle<promise_type> frame) noexcept : frame_{frame} {}

    std::coroutine_handle<promise_type> frame_;
};

}  // namespace bare

static bare::task bare_child(int n) { co_return n + 1; }
bare::task bare_parent(int n) { co_return co_await bare_child(n) + 1; }

namespace bare {

// A coroutine that a plain function makes, runs and destroys: the case that compilers were taught first. It shows that
// the count can be zero.
class [[nodiscard]] numbers {
public:
    struct promise_type {
        numbers get_return_object() noexcept {
            return numbers{std::coroutine_handle<promise_type>::from_promise(*this)};
        }
        [[nodiscard]] static std::suspend_always initial_suspend() noexcept { return {}; }
        [[nodiscard]] static std::suspend_always final_suspend() noexcept { return {}; }
        std::suspend_always yield_value(int n) noexcept {
            value = n;
            return {};
        }
        static void return_void() noexcept {}
        static void unhandled_exception() noexcept { std::terminate(); }

        int value = 0;
    };

    numbers(numbers&&) = delete;
    ~numbers() { frame_.destroy(); }

    bool next() {
        frame_.resume();
        return !frame_.done();
    }
    [[nodiscard]] int value() const noexcept { return frame_.promise().value; }

private:
    explicit numbers(std::coroutine_handle<promise_type> frame) noexcept : frame_{frame} {}

    std::coroutine_handle<promise_type> frame_;
};

}  // namespace bare

static bare::numbers count_to(int most) {
    for (int n = 1; n <= most; ++n) co_yield n;
}
int generator_user(int most) {
    int sum = 0;
    bare::numbers all = count_to(most);
    while (all.next()) sum += all.value();
    return sum;
}
