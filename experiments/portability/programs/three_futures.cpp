// Not run: inlining.py reads from its disassembly how many calls compilers leave in chains of three futures that were
// written by hand, as state machines and not as coroutines.
#include <bifilar/future/future.hpp>
#include <bifilar/future/map.hpp>
#include <bifilar/future/ready.hpp>

// The library's own: a map over a map over a value that is ready. Nothing of their states can be needed.
int poll_ready_chain(bifilar::context& cx, int n) {
    auto chain =
        bifilar::map(bifilar::map(bifilar::ready(n), [](int a) { return a + 1; }), [](int a) { return a * 3; });
    return chain.poll(cx).take();
}

namespace by_hand {

// Waits for its second poll, so each of the three has states that stay.
class second_poll {
public:
    using output = int;
    explicit second_poll(int n) noexcept : n_{n} {}
    bifilar::polled<int> poll(bifilar::context& cx) noexcept {
        switch (state_) {
            case states::fresh:
                state_ = states::polled;
                cx.set_armed();
                return bifilar::not_ready;
            case states::polled:
                break;
        }
        return n_;
    }

private:
    enum class states { fresh, polled };
    states state_ = states::fresh;
    int n_;
};

// Adds what it was given to what the future within gives; keeps that one only until it is ready.
template <class Within>
class adding {
public:
    using output = int;
    adding(Within within, int more) noexcept : within_{within}, more_{more} {}
    bifilar::polled<int> poll(bifilar::context& cx) noexcept {
        if (ended_) return more_;
        bifilar::polled<int> answer = within_.poll(cx);
        if (!answer) return bifilar::not_ready;
        ended_ = true;
        more_ += answer.take();
        return more_;
    }

private:
    Within within_;
    int more_;
    bool ended_ = false;
};

using chain = adding<adding<second_poll>>;
static_assert(bifilar::future<chain>);

}  // namespace by_hand

bifilar::polled<int> poll_waiting_chain(by_hand::chain& three, bifilar::context& cx) { return three.poll(cx); }
