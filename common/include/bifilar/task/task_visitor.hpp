// What a task that stands still says of itself: its model, what it waits on and what is known of that, and the frames
// or the stack that wait. Futures say their part of it by describe_wait.
// Told to a visitor and not returned, so that nothing is allocated: whoever asks may hold up the workers meanwhile.
#pragma once

#include <bifilar/base/detail/language.hpp>
#include <bifilar/task/detail/type_name.hpp>
#include <array>
#include <cstddef>
#include <cstdint>
#include <source_location>
#include <span>
#include <string_view>

namespace bifilar {

/// One thing that is known of what a task waits on: a name and a value. Names and texts are constants.
class wait_fact {
public:
    /// What the value is.
    enum class kind : std::uint8_t {
        number,      ///< How many: what is full or free, who else waits.
        object,      ///< The address of what is waited on. Waits with the same address wait on the same thing.
        task,        ///< The address of a task whose end ends the wait.
        holder,      ///< The task that holds a lock: of its address, shifted right by 4, the lower 32 bits; 0: unknown.
        descriptor,  ///< A file descriptor.
        moment,      ///< Nanoseconds of the clock that the runtime's timers go by.
        text,        ///< A word, such as the name of an operation.
    };

    /// How many.
    [[nodiscard]] static wait_fact number(std::string_view name, std::uint64_t value) noexcept {
        return wait_fact{kind::number, name, value};
    }
    /// What is waited on: it lives at least as long as the wait.
    [[nodiscard]] static wait_fact object(const void* at) noexcept {
        return wait_fact{kind::object, "object", reinterpret_cast<std::uintptr_t>(at)};
    }
    /// A task that is waited for.
    [[nodiscard]] static wait_fact task(const void* header) noexcept {
        return wait_fact{kind::task, "task", reinterpret_cast<std::uintptr_t>(header)};
    }
    /// Who holds a lock.
    [[nodiscard]] static wait_fact holder(std::uint32_t task_word) noexcept {
        return wait_fact{kind::holder, "holder", task_word};
    }
    /// A descriptor of the process.
    [[nodiscard]] static wait_fact descriptor(int number) noexcept {
        return wait_fact{kind::descriptor, "descriptor", static_cast<std::uint64_t>(number)};
    }
    /// When the wait ends by itself.
    [[nodiscard]] static wait_fact due(std::int64_t clock_ns) noexcept {
        return wait_fact{kind::moment, "due", static_cast<std::uint64_t>(clock_ns)};
    }
    /// A word.
    [[nodiscard]] static wait_fact word(std::string_view name, std::string_view text) noexcept {
        return wait_fact{kind::text, name, 0, text};
    }

    /// What the value is.
    [[nodiscard]] kind what() const noexcept { return kind_; }
    /// What it is called.
    [[nodiscard]] std::string_view name() const noexcept { return name_; }
    /// The value; 0 of a text.
    [[nodiscard]] std::uint64_t value() const noexcept { return value_; }
    /// The text; else empty.
    [[nodiscard]] std::string_view text() const noexcept { return text_; }

private:
    wait_fact(kind what, std::string_view name, std::uint64_t value, std::string_view text = {}) noexcept
        : name_{name}, text_{text}, value_{value}, kind_{what} {}

    std::string_view name_;
    std::string_view text_;
    std::uint64_t value_;
    kind kind_;
};

/// The stack of a fiber that does not run, and with which registers it would go on. Valid as long as it stands still.
struct parked_stack {
    /// A register that is known, by its number in DWARF.
    struct saved_register {
        std::uint16_t number = 0;  ///< As the debugger's format numbers them.
        std::uint64_t value = 0;   ///< What it holds.
    };

    const std::byte* low = nullptr;              ///< The end of the stack: what lies below may not be touched.
    const std::byte* top = nullptr;              ///< Where it begins.
    std::uint64_t instruction = 0;               ///< Where it goes on.
    std::uint64_t stack_pointer = 0;             ///< With which stack pointer.
    std::size_t count = 0;                       ///< How many of the registers are known.
    std::array<saved_register, 16> registers{};  ///< The first `count` are valid.
};

/// What a task describes itself to. All calls come from the thread that asks, and must neither wait nor throw. A wait
/// comes before the frames that wait, and a frame before the one that waits for it, so that they are in the order of a
/// backtrace.
class task_visitor {
public:
    /// How many of several futures a task waits for.
    enum class arms : std::uint8_t {
        any,  ///< The first that is ready ends the wait.
        all,  ///< All have to be ready.
    };
    /// How much a task may tell.
    enum class extent : std::uint8_t {
        model,   ///< Nothing else: it may be running.
        frames,  ///< It stands still, but waits for nothing: it is queued.
        waits,   ///< It is parked: all.
    };

    /// First: "coroutine", "future", "call" or "fiber". The answer says what may be told besides: whoever asks knows
    /// the state of the task.
    [[nodiscard]] virtual extent visit_model(std::string_view model) noexcept = 0;
    /// What is waited on: the future's type, and what it knows.
    virtual void visit_wait(std::string_view type, std::span<const wait_fact> facts) noexcept = 0;
    /// A coroutine that waits: where its code goes on, and the place of the co_await at which it waits.
    virtual void visit_frame(const void* resumes_at, const std::source_location& waits_at) noexcept = 0;
    /// A fiber that waits, and the place of its await; line 0 of one that is queued.
    virtual void visit_stack(const parked_stack& stack, const std::source_location& waits_at) noexcept = 0;
    /// Several futures are waited for at once; each comes behind its own next_arm, until end_arms. The type is that of
    /// the future which combines them.
    virtual void begin_arms(std::string_view type, arms how) noexcept = 0;
    /// The next of several.
    virtual void next_arm() noexcept = 0;
    /// There are no more.
    virtual void end_arms() noexcept = 0;

protected:
    task_visitor() noexcept = default;
    task_visitor(const task_visitor&) noexcept = default;
    task_visitor& operator=(const task_visitor&) noexcept = default;
    ~task_visitor() = default;
};

/// Tells what `f`, which waits and is not polled meanwhile, waits on: what it says itself by a member of this name, or
/// else its type. Neither waits nor allocates.
template <class F>
void describe_wait(const F& f, task_visitor& to) noexcept {
    if constexpr (requires { f.describe_wait(to); })
        f.describe_wait(to);
    else
        to.visit_wait(detail::type_name<F>, {});
}

/// For futures that combine others: tells what each of `arms` waits on, as one of several. `F` is the future that asks.
template <class F, class... Arm>
void describe_arms(task_visitor& to, task_visitor::arms how, const Arm&... arms) noexcept {
    to.begin_arms(detail::type_name<F>, how);
    const auto one = [&to](const auto& arm) {
        to.next_arm();
        describe_wait(arm, to);
    };
    (one(arms), ...);
    to.end_arms();
}

namespace detail {

/// How many waits are counted where somebody asks what a task waits on: each costs a line of the cache.
inline constexpr std::size_t max_counted = 1'000;

/// For futures that know things of what they wait on.
template <class F, class... Fact>
void visit_facts(task_visitor& to, const Fact&... facts) noexcept {
    const std::array<wait_fact, sizeof...(Fact)> all{facts...};
    to.visit_wait(type_name<F>, all);
}

}  // namespace detail

}  // namespace bifilar
