// timer_queue against std::multimap: what fires is what is due, never earlier and not later, in both precisions.
#include "hand_task.hpp"

#include <bifilar/time/detail/timer_queue.hpp>

#include <array>
#include <map>
#include <optional>

namespace {

using namespace fuzz;
using bf::base::instant_ns;
using bf::base::never;
using bf::detail::timer_node;
using bf::detail::timer_queue;
__extension__ using ticks = __int128;  // Neither the last moment rounded up nor one behind it wraps.

constexpr std::size_t timer_count = 12;

class scene {
public:
    explicit scene(input& from)
        : in_{from}, bits_{from.flag() ? 16U : 0U}, queue_{static_cast<timer_queue::precision>(bits_)} {}
    ~scene() {
        for (timer& one : timers_)
            if (one.node) (void)queue_.remove(*one.node);
        require(queue_.next_deadline() == never, "an empty queue has something to do");
    }

    void step() {
        timer& one = timers_[in_.below(timer_count)];
        switch (in_.below(5)) {
            case 0:
            case 1:
                return one.node ? renew(one) : insert(one);
            case 2:
                return remove(one);
            case 3:
                return fire();
            default:
                return look();
        }
    }

private:
    struct timer {
        std::array<hand_task, 2> tasks;
        std::size_t task = 0;  // The one that waits.
        std::optional<timer_node> node;
        std::multimap<ticks, timer*>::iterator place;  // While it waits.
        bool waits = false;
    };

    // Rounded up to ticks; behind all time for what never comes.
    [[nodiscard]] ticks due(instant_ns deadline) const {
        if (deadline == never) return ticks{1} << 100;
        const ticks tick = ticks{1} << bits_;
        return deadline <= 0 ? 0 : (ticks{deadline} + tick - 1) / tick;
    }
    // Deadlines lie where slots of the wheel begin and end, as often as anywhere.
    [[nodiscard]] instant_ns moment() {
        const auto drawn = in_.number<instant_ns>();
        const bool is_near = in_.flag();
        if (!is_near) return drawn;
        return drawn > 0 && now_ > never - drawn ? never : now_ + drawn / 2;
    }

    void insert(timer& one) {
        one.node.emplace();
        const instant_ns deadline = moment();
        bf::context cx{one.tasks[one.task]};
        queue_.insert(*one.node, deadline, now_, cx);
        one.place = model_.emplace(due(deadline), &one);
        one.waits = true;
    }
    void renew(timer& one) {
        bf::context cx{one.tasks[one.task ^= 1]};
        require(queue_.renew(*one.node, cx) == one.waits, "renew says something else than whether the timer waits");
        if (!one.waits) one.task ^= 1;
    }
    void remove(timer& one) {
        if (!one.node) return;
        require(queue_.remove(*one.node) != one.waits, "remove says something else than whether the timer had fired");
        if (one.waits) model_.erase(one.place);
        one.waits = false;
        one.node.reset();
    }
    void fire() {
        const instant_ns to = moment();
        if (to < now_) return;  // Time does not go back.
        now_ = to;
        queue_.fire(now_);
        while (!model_.empty() && model_.begin()->first <= ticks{now_ >> bits_}) {
            timer& one = *model_.begin()->second;
            require(one.node->where() == timer_node::place::fired, "a timer that is due has not fired");
            require(one.tasks[one.task].is_woken(), "a timer has fired and its task sleeps");
            one.waits = false;
            model_.erase(model_.begin());
            // The wake is used up.
            one.node.reset();
            (void)one.tasks[one.task].poll(ready_);
        }
        for (const auto& [when, one] : model_)
            require(one->node->where() == timer_node::place::waiting, "a timer has fired before it was due");
        for (timer& one : timers_)
            for (hand_task& task : one.tasks) require(!task.is_woken(), "a task was woken that no timer is for");
    }
    void look() {
        const instant_ns next = queue_.next_deadline();
        if (model_.empty()) return require(next == never, "an empty queue has something to do");
        const ticks first = model_.begin()->first;
        const ticks when = first << bits_;
        require(when > never ? true : ticks{next} <= when, "the queue would be asked too late");
        if (bits_ == 0) return;
        const ticks shared = queue_.next_shared_deadline();
        require(when > never || shared <= when + bf::detail::busy_timer_tick_ns,
                "a shared wake comes later than it may");
    }

    struct ready_future {
        using output = void;
        bf::polled<void> poll(bf::context&) { return bf::done; }
    };

    input& in_;
    unsigned bits_;
    timer_queue queue_;
    std::array<timer, timer_count> timers_;
    std::multimap<ticks, timer*> model_;
    instant_ns now_ = 0;
    ready_future ready_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
    input in{bytes, count};
    scene all{in};
    for (int steps = 0; !in.empty() && steps < 500; ++steps) all.step();
    return 0;
}
