// 10,000 tasks in an array that the program set aside, as futures by hand and as coroutines with a promise of their
// own. All wait at once, one more is asked for and must be refused with a value, then all run to their ends.
#include <array>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <harness/measure.hpp>
#include <memory>
#include <new>
#include <numeric>
#include <optional>
#include <utility>

#include "workloads.hpp"

namespace bifilar::experiments {

namespace {

constexpr std::size_t max_tasks = 10'000;

// One worker's thread alone.
struct meeting {
    event gate;
    std::uint64_t left = 0;
};

// Numbers of free places, the last given back in front.
class free_list {
public:
    free_list() noexcept { std::iota(places_.begin(), places_.end(), 0U); }
    [[nodiscard]] std::optional<std::uint32_t> take() noexcept {
        if (taken_ == max_tasks) return std::nullopt;
        return places_[taken_++];
    }
    void give(std::uint32_t place) noexcept { places_[--taken_] = place; }

private:
    std::array<std::uint32_t, max_tasks> places_;
    std::size_t taken_ = 0;
};

class hand_visitor {
public:
    explicit hand_visitor(meeting& at) noexcept : at_{&at}, wait_{at.gate.wait()} {}
    /// Whether it has ended.
    bool poll(context& cx) noexcept {
        if (!wait_.poll(cx)) return false;
        ++at_->left;
        return true;
    }

private:
    meeting* at_;
    event::wait_future wait_;
};

class hand_visitors {
public:
    /// False: there is no place.
    bool start(meeting& at) noexcept {
        const std::optional<std::uint32_t> place = free_.take();
        if (!place) return false;
        tasks_[*place].emplace(at);
        ++alive_;
        return true;
    }
    void poll(context& cx) noexcept {
        for (std::uint32_t place = 0; place < max_tasks; ++place) {
            if (!tasks_[place] || !tasks_[place]->poll(cx)) continue;
            tasks_[place].reset();
            free_.give(place);
            --alive_;
        }
    }
    [[nodiscard]] std::size_t alive() const noexcept { return alive_; }

private:
    std::array<std::optional<hand_visitor>, max_tasks> tasks_;
    free_list free_;
    std::size_t alive_ = 0;
};

constexpr std::size_t frame_bytes = 256;  // What a coroutine here may need at most; larger frames are refused.

// Places for coroutine frames.
class frames {
public:
    void* take(std::size_t bytes) noexcept {
        if (bytes > frame_bytes) return nullptr;
        const std::optional<std::uint32_t> place = free_.take();
        if (!place) return nullptr;
        slot& chosen = slots_[*place];
        chosen.owner = this;
        chosen.place = *place;
        return chosen.frame.data();
    }
    static void give(void* frame) noexcept {
        const auto* const from =
            reinterpret_cast<const slot*>(static_cast<const std::byte*>(frame) - offsetof(slot, frame));
        from->owner->free_.give(from->place);
    }

private:
    struct slot {
        frames* owner;
        std::uint32_t place;
        alignas(std::max_align_t) std::array<std::byte, frame_bytes> frame;
    };

    std::array<slot, max_tasks> slots_;
    free_list free_;
};

// The least coroutine that can wait for an event. Empty when there was no place for its frame.
class visit {
public:
    struct promise_type;
    using handle = std::coroutine_handle<promise_type>;

    visit() noexcept = default;
    explicit visit(handle made) noexcept : made_{made} {}
    visit(visit&& other) noexcept : made_{std::exchange(other.made_, nullptr)} {}
    visit& operator=(visit&& other) noexcept {
        std::swap(made_, other.made_);
        return *this;
    }
    ~visit() {
        if (made_) made_.destroy();
    }
    [[nodiscard]] bool empty() const noexcept { return !made_; }
    /// Whether it has ended.
    bool poll(context& cx);

private:
    handle made_;
};

struct visit::promise_type {
    class leaf {
    public:
        leaf(promise_type& of, event::wait_future wait) noexcept : of_{&of}, wait_{std::move(wait)} {}
        bool await_ready() noexcept { return static_cast<bool>(wait_.poll(*of_->cx)); }
        void await_suspend(std::coroutine_handle<>) noexcept { of_->waits_for = &wait_; }
        void await_resume() noexcept { of_->waits_for = nullptr; }

    private:
        promise_type* of_;
        event::wait_future wait_;
    };

    // The coroutine's arguments follow the size.
    static void* operator new(std::size_t bytes, frames& from, meeting&) noexcept { return from.take(bytes); }
    static void operator delete(void* frame) noexcept { frames::give(frame); }
    static visit get_return_object_on_allocation_failure() noexcept { return {}; }

    visit get_return_object() noexcept { return visit{handle::from_promise(*this)}; }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() noexcept { std::terminate(); }
    leaf await_transform(event::wait_future wait) noexcept { return leaf{*this, std::move(wait)}; }

    context* cx = nullptr;  // Of the poll under way.
    event::wait_future* waits_for = nullptr;
};

bool visit::poll(context& cx) {
    promise_type& promise = made_.promise();
    if (promise.waits_for != nullptr && !promise.waits_for->poll(cx)) return false;
    promise.cx = &cx;
    made_.resume();
    return made_.done();
}

visit coroutine_visitor([[maybe_unused]] frames& from, meeting& at) {
    co_await at.gate.wait();
    ++at.left;
}

class coroutine_visitors {
public:
    /// False: there is no place.
    bool start(meeting& at) {
        visit made = coroutine_visitor(frames_, at);
        if (made.empty()) return false;
        tasks_[alive_++] = std::move(made);
        return true;
    }
    void poll(context& cx) {
        for (std::size_t n = 0; n < alive_;) {
            if (!tasks_[n].poll(cx)) {
                ++n;
                continue;
            }
            std::swap(tasks_[n], tasks_[--alive_]);
            tasks_[alive_] = visit{};
        }
    }
    [[nodiscard]] std::size_t alive() const noexcept { return alive_; }

private:
    frames frames_;
    std::array<visit, max_tasks> tasks_;
    std::size_t alive_ = 0;
};

// Starts them all, asks for one more, lets all of them end, and starts one in a place that came back. `Visitors` are
// all there is to each task: the runtime knows of this one alone.
template <class Visitors>
class crowd {
public:
    using output = sample;
    crowd(meeting& at, Visitors& all) noexcept : at_{&at}, all_{&all} {}

    polled<sample> poll(context& cx) {
        switch (stage_) {
            case stage::start:
                before_ = allocations();
                for (std::size_t n = 0; n < max_tasks; ++n) started_ += all_->start(*at_) ? 1U : 0U;
                refused_ = !all_->start(*at_);
                stage_ = stage::wait;
                [[fallthrough]];
            case stage::wait:
                all_->poll(cx);
                if (cx.yielding()) return not_ready;  // Some were refused for want of budget and do not wait yet.
                stage_ = stage::end;
                at_->gate.set();  // Wakes this task, which is all of them.
                return not_ready;
            case stage::end:
                all_->poll(cx);
                if (all_->alive() != 0) return not_ready;
                calls_ = allocations().calls - before_.calls;
                left_ = at_->left;
                started_again_ = all_->start(*at_);
                stage_ = stage::again;
                [[fallthrough]];
            case stage::again:
                all_->poll(cx);
                if (all_->alive() != 0) return not_ready;
        }
        return sample{static_cast<double>(calls_),
                      left_,
                      {{"refused", refused_ ? 1 : 0},
                       {"started", static_cast<double>(started_)},
                       {"started_again", started_again_ ? 1 : 0},
                       {"array_bytes", static_cast<double>(sizeof(Visitors))}}};
    }

private:
    enum class stage : unsigned char { start, wait, end, again };

    meeting* at_;
    Visitors* all_;
    allocation_count before_;
    std::uint64_t calls_ = 0;
    std::uint64_t left_ = 0;
    std::uint64_t started_ = 0;
    stage stage_ = stage::start;
    bool refused_ = false;
    bool started_again_ = false;
};

template <class Visitors>
sample preallocated() {
    meeting at;
    const auto all = std::make_unique<Visitors>();  // The array, set aside before the count begins.
    runtime made{workers(1)};
    return made.run(crowd<Visitors>{at, *all});
}

}  // namespace

void add_preallocated(experiment& all) {
    workload work{"preallocated",    "10,000 tasks in an array that was set aside",
                  "calls of malloc", static_cast<double>(max_tasks),
                  max_tasks,        {}};
    work.isolated = true;
    work.warm_up = 0;
    work.contenders = {{"future by hand", preallocated<hand_visitors>},
                       {"coroutine", preallocated<coroutine_visitors>}};
    all.add(std::move(work));
}

}  // namespace bifilar::experiments
