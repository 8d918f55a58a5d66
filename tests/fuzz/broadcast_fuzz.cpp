// broadcast against all that was ever sent: each subscription gets its part of it in order, or is told how much it has
// missed, and whoever waits is woken.
#include "hand_task.hpp"

#include <bifilar/channel/broadcast.hpp>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>

namespace {

using namespace fuzz;
using channel = bf::broadcast<std::uint32_t>;

class scene {
public:
    explicit scene(input& from)
        : in_{from}, channel_{std::make_unique<channel>(1 + static_cast<std::uint32_t>(in_.below(5)))} {}
    ~scene() {
        idle_.reset();
        for (reader& one : readers_) one = {};
    }

    void step() {
        reader& one = readers_[in_.below(readers_.size())];
        switch (in_.below(10)) {
            case 0:
            case 1:
            case 2:
                return send();
            case 3:
                return subscribe(one);
            case 4:
                return copy(one);
            case 5:
                return try_recv(one);
            case 6:
            case 7:
                return poll(one);
            case 8:
                return in_.flag() ? end_wait(one) : end(one);
            default:
                return in_.below(16) == 0 ? close() : poll_idle();
        }
    }

private:
    struct reader {
        std::unique_ptr<hand_task> task = std::make_unique<hand_task>();
        std::unique_ptr<channel::subscription> place;
        std::unique_ptr<channel::subscription::recv_future> wait;  // Before its place in the order of ends.
        std::uint64_t next = 0;

        reader() = default;
        reader& operator=(reader&& other) noexcept {
            wait = std::move(other.wait);
            place = std::move(other.place);
            task = std::move(other.task);
            next = other.next;
            return *this;
        }
        ~reader() { wait.reset(); }
    };

    [[nodiscard]] std::uint64_t subscribers() const {
        return static_cast<std::uint64_t>(
            std::ranges::count_if(readers_, [](const reader& one) { return one.place != nullptr; }));
    }
    [[nodiscard]] std::uint64_t oldest() const {
        return sent_ > channel_->capacity() ? sent_ - channel_->capacity() : 0;
    }
    void told() {
        for (reader& one : readers_) require(!one.wait || one.task->is_woken(), "a subscriber sleeps that has to know");
    }

    void send() {
        const auto to = channel_->send(static_cast<std::uint32_t>(sent_));
        require(to.has_value() == !closed_, "a send says something else than whether the broadcast is open");
        if (!to) return;
        require(*to == subscribers(), "a send reaches another number of subscribers than there are");
        ++sent_;
        told();
    }
    void subscribe(reader& one) {
        end(one);
        one.place = std::make_unique<channel::subscription>(channel_->subscribe());
        one.next = sent_;
    }
    void copy(reader& one) {
        reader& from = readers_[in_.below(readers_.size())];
        if (&from == &one || !from.place) return;
        end(one);
        one.place = std::make_unique<channel::subscription>(*from.place);
        one.next = from.next;
    }
    void try_recv(reader& one) {
        if (!one.place || one.wait) return;
        check(one, one.place->try_recv());
    }
    void poll(reader& one) {
        if (!one.place) return;
        if (!one.wait) one.wait = std::make_unique<channel::subscription::recv_future>(one.place->recv());
        auto answer = one.task->poll(*one.wait);
        if (!answer) return require(one.next == sent_ && !closed_, "a receive waits, and there is something to tell");
        auto got = answer.take();
        require(got.has_value() || !got.error().is_empty(), "a receive has ended with nothing");
        check(one, std::move(got));
        one.wait.reset();
    }
    void check(reader& one, std::expected<std::uint32_t, bf::broadcast_error> got) {
        if (got) {
            require(one.next >= oldest() && *got == one.next && one.next < sent_, "a value came out of its order");
            ++one.next;
        } else if (got.error().is_lagged()) {
            require(one.next < oldest() && got.error().missed() == oldest() - one.next,
                    "a wrong number of values is lost");
            one.next = oldest();
        } else {
            require(one.next == sent_, "nothing is said to be there, and there is something");
            require(got.error().is_closed() == closed_, "empty and closed are taken for each other");
        }
    }
    void end_wait(reader& one) { one.wait.reset(); }
    void end(reader& one) {
        one.wait.reset();
        if (!one.place) return;
        one.place.reset();
        if (subscribers() == 0)
            require(!idle_ || idle_task_.is_woken(), "nobody subscribes, and who waits for that sleeps");
    }
    void close() {
        channel_->close();
        closed_ = true;
        told();
    }
    void poll_idle() {
        const bool is_new = !idle_;
        if (is_new) idle_.emplace(channel_->closed());
        if (idle_task_.poll(*idle_)) {
            require(!is_new || subscribers() == 0, "the last subscriber is said to be gone, and is not");
            idle_.reset();
        } else {
            require(subscribers() != 0, "the end of subscribers is waited for, and there are none");
        }
    }

    input& in_;
    std::unique_ptr<channel> channel_;
    std::array<reader, 4> readers_;
    hand_task idle_task_;
    std::optional<channel::closed_future> idle_;
    std::uint64_t sent_ = 0;
    bool closed_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
    input in{bytes, count};
    scene all{in};
    for (int steps = 0; !in.empty() && steps < 500; ++steps) all.step();
    return 0;
}
