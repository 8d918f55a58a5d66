// channel and unbounded_channel, with every way to send and to receive, under tasks that are polled by hand, against a
// line of values. What a run ends with: everything is closed, everybody has an answer, and each value was seen once.
#include "channel_model.hpp"
#include "hand_task.hpp"

#include <bifilar/channel/channel.hpp>
#include <bifilar/channel/unbounded_channel.hpp>

#include <array>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

namespace {

using namespace fuzz;

template <class Channel>
class scene {
    static constexpr bool is_bounded = std::is_same_v<Channel, bf::channel<token>>;
    using core = std::conditional_t<is_bounded, bf::detail::channel_core<token, bf::detail::channel_ring<token>>,
                                    bf::detail::channel_core<token, bf::detail::channel_blocks<token>>>;
    using send_future = typename core::send_future;
    using recv_future = typename core::recv_future;
    using many_future = typename core::recv_many_future;
    using reserve_future = typename core::reserve_future;
    using place = typename core::place;

public:
    template <class... Given>
    explicit scene(input& from, Given... given) : in_{from}, channel_{std::make_unique<Channel>(given...)} {}

    void run() {
        for (int steps = 0; !in_.empty() && steps < 300; ++steps) {
            step();
            check();
        }
        finish();
    }

private:
    // A task with the future that it waits for, and how that is polled.
    struct actor {
        hand_task task;
        std::variant<std::monostate, send_future, recv_future, many_future, reserve_future> wait;
        std::size_t id = 0;  // Of the value to send.
        bool is_arm = false;
        bool has_begun = false;
        std::vector<token> many;

        template <class F>
        [[nodiscard]] bool waits() const {
            return std::holds_alternative<F>(wait);
        }
        [[nodiscard]] bool receives() const { return waits<recv_future>() || waits<many_future>(); }
        [[nodiscard]] bool sleeps() const { return has_begun && !task.is_woken(); }
    };

    [[nodiscard]] bool has_room() const { return channel_->capacity() != 0; }
    [[nodiscard]] std::size_t count(auto which) {
        return static_cast<std::size_t>(std::ranges::count_if(actors_, which));
    }
    // Receivers that were woken and have not polled: each may have a value, or one that is kept for it.
    [[nodiscard]] std::size_t called() {
        return count([](const actor& one) { return one.receives() && one.has_begun && one.task.is_woken(); });
    }

    void step() {
        actor& one = actors_[in_.below(actors_.size())];
        const std::size_t what = in_.below(16);
        if (what == 0) return try_send();
        if (what == 1) return try_recv();
        if (what == 2) return use_place();
        if (what == 3 && in_.below(8) == 0) return close();
        if (std::holds_alternative<std::monostate>(one.wait)) return begin(one, what);
        if (what < 6) return give_up(one);
        // A task that sleeps may poll nevertheless, as one that waits for other things as well does.
        if (one.sleeps() && what < 12) return;
        poll(one);
    }

    void begin(actor& one, std::size_t what) {
        one.is_arm = in_.flag();
        one.has_begun = false;
        if (what < 8) {
            token value{office_};
            one.id = value.id();
            // The plain send of an unbounded channel does not wait, so its core's is used.
            one.wait.template emplace<send_future>(static_cast<core&>(*channel_).send(std::move(value)));
        } else if (what < 13) {
            one.wait.template emplace<recv_future>(channel_->recv());
        } else if (what < 15) {
            one.many.clear();
            one.wait.template emplace<many_future>(channel_->recv_many(one.many, in_.below(4)));
        } else if (has_room()) {
            one.wait.template emplace<reserve_future>(channel_->reserve());
        }
        if (in_.flag() && !std::holds_alternative<std::monostate>(one.wait)) poll(one);
    }

    void poll(actor& one) {
        if (one.template waits<send_future>()) return poll_send(one);
        if (one.template waits<recv_future>()) return poll_recv(one);
        if (one.template waits<many_future>()) return poll_many(one);
        poll_reserve(one);
    }

    void poll_send(actor& one) {
        auto& future = std::get<send_future>(one.wait);
        auto answer = one.is_arm ? one.task.poll_arm(future) : one.task.poll(future);
        const bool first = !std::exchange(one.has_begun, true);
        if (!answer) {
            if (first && !one.is_arm) model_.offered(one.id);
            // An arm stays one: who polls a future both ways does not know what it wants.
            return;
        }
        const auto sent = answer.take();
        require(sent.has_value() || channel_->is_closed(), "a send has failed and the channel is not closed");
        if (!sent) require(office_.is_alive(one.id), "a send has failed and has lost its value");
        if (first || one.is_arm) {
            if (sent) model_.arrived(one.id);
        } else {
            model_.ended(one.id, sent.has_value());
        }
        one.wait = std::monostate{};
    }

    void poll_recv(actor& one) {
        auto& future = std::get<recv_future>(one.wait);
        const std::size_t in_hand = called();
        auto answer = one.is_arm ? one.task.poll_arm(future) : one.task.poll(future);
        one.has_begun = true;
        if (!answer) return;
        std::optional<token> value = answer.take();
        if (value)
            deliver(*value, in_hand);
        else
            require_drained();
        one.wait = std::monostate{};
    }

    void poll_many(actor& one) {
        auto& future = std::get<many_future>(one.wait);
        const std::size_t in_hand = called();
        auto answer = one.is_arm ? one.task.poll_arm(future) : one.task.poll(future);
        one.has_begun = true;
        if (!answer) {
            require(one.many.empty(), "a receive of many is not ready and has taken something");
            return;
        }
        require(answer.take() == one.many.size(), "a receive of many says another number than it has taken");
        for (const token& value : one.many) deliver(value, in_hand);
        one.many.clear();
        one.wait = std::monostate{};
    }

    void poll_reserve(actor& one) {
        auto answer = one.task.poll(std::get<reserve_future>(one.wait));
        one.has_begun = true;
        if (!answer) return;
        place got = answer.take();
        require(static_cast<bool>(got) || channel_->is_closed(), "no place, and the channel is not closed");
        if (got) places_.push_back(std::move(got));
        one.wait = std::monostate{};
    }

    void deliver(const token& value, std::size_t in_hand) { model_.delivered(value.id(), in_hand, has_room()); }

    void require_drained() {
        require(channel_->is_closed(), "a receive has ended without a value, and the channel is not closed");
        require(channel_->len() == 0, "a receive has ended without a value, and there is one");
    }

    void give_up(actor& one) {
        const bool offers = one.template waits<send_future>() && one.has_begun && !one.is_arm;
        const bool keeps = one.template waits<send_future>() && (!one.has_begun || one.is_arm);
        one.wait = std::monostate{};
        if (keeps) require(!office_.is_alive(one.id), "an arm was given up, and its value is still there");
        if (!offers) return;
        // Its value has ended with it, or is in the channel or with a receiver.
        const bool sent = office_.is_alive(one.id) || model_.was_delivered(one.id);
        model_.ended(one.id, sent);
    }

    void try_send() {
        token value{office_};
        const std::size_t id = value.id();
        const auto sent = channel_->try_send(std::move(value));
        if (sent) return model_.arrived(id);
        require(office_.is_alive(id), "a try_send has failed and has lost its value");
        require(sent.error().is_closed() == channel_->is_closed(),
                "try_send says closed, or does not, against the fact");
        if (sent.error().is_full() && has_room())
            require(channel_->len() + kept_room(true) >= channel_->capacity(),
                    "try_send found no room where there is some");
    }
    // Room that may be kept for somebody: places, and senders that were woken; or also those that sleep, whom nobody
    // overtakes.
    [[nodiscard]] std::size_t kept_room(bool with_sleepers) {
        return places_.size() + count([with_sleepers](const actor& one) {
                   const bool sends = one.template waits<send_future>() || one.template waits<reserve_future>();
                   return sends && one.has_begun && (with_sleepers || one.task.is_woken());
               });
    }

    void try_recv() {
        const std::size_t in_hand = called();
        auto got = channel_->try_recv();
        if (got) return deliver(*got, in_hand);
        if (got.error() == bf::try_recv_error::closed) return require_drained();
        require(channel_->len() <= in_hand, "try_recv has found nothing, and there is a value for nobody");
        require(!channel_->is_closed() || channel_->len() != 0 || in_hand != 0,
                "try_recv says empty of a channel that is closed and drained");
    }

    void use_place() {
        if (places_.empty()) return;
        const std::size_t at = in_.below(places_.size());
        place used = std::move(places_[at]);
        places_.erase(places_.begin() + static_cast<std::ptrdiff_t>(at));
        if (in_.flag()) return used.give_back();
        token value{office_};
        const std::size_t id = value.id();
        const auto sent = used.send(std::move(value));
        require(sent.has_value() != channel_->is_closed(), "a place was no good, or good in a closed channel");
        if (sent) model_.arrived(id);
    }

    void close() {
        channel_->close();
        for (actor& one : actors_)
            require(std::holds_alternative<std::monostate>(one.wait) || !one.sleeps(),
                    "close has left somebody asleep");
    }

    // Nobody sleeps over what is there for him.
    void check() {
        if constexpr (is_bounded)
            require(channel_->len() <= channel_->capacity() + 1U, "more values than there is room for");
        if (channel_->is_closed()) return;
        const std::size_t receivers = count([](const actor& one) { return one.receives() && one.sleeps(); });
        const std::size_t senders =
            count([](const actor& one) { return one.template waits<send_future>() && one.sleeps(); });
        if (receivers != 0)
            require(channel_->len() <= called(), "a value is there, and a receiver sleeps that nobody has called");
        if (has_room() && senders != 0)
            require(channel_->len() + kept_room(false) >= channel_->capacity(),
                    "there is room, and a sender sleeps that nobody has called");
        const bool nobody_called = count([](const actor& one) { return one.has_begun && one.task.is_woken(); }) == 0;
        const std::size_t plain =
            count([](const actor& one) { return one.template waits<send_future>() && one.sleeps() && !one.is_arm; });
        if (receivers != 0 && plain != 0 && places_.empty())
            require(!nobody_called, "a sender and a receiver sleep beside each other");
    }

    void finish() {
        close();
        places_.clear();
        // Each round ends somebody's wait, or nobody is left.
        for (int rounds = 0; rounds < 64; ++rounds)
            for (actor& one : actors_)
                if (!std::holds_alternative<std::monostate>(one.wait) && !one.sleeps()) poll(one);
        for (actor& one : actors_)
            require(std::holds_alternative<std::monostate>(one.wait), "a wait at a closed channel does not end");
        while (auto got = channel_->try_recv()) deliver(*got, 0);
        require(model_.size() == 0, "a value was sent and never came out");
        channel_.reset();
    }

    input& in_;
    token_office office_;
    channel_model model_;
    std::unique_ptr<Channel> channel_;
    std::vector<place> places_;
    std::array<actor, 6> actors_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
    input in{bytes, count};
    const std::size_t kind = in.below(6);
    if (kind == 5)
        scene<bf::unbounded_channel<token>>{in}.run();
    else
        scene<bf::channel<token>>{in, static_cast<std::uint32_t>(kind)}.run();
    return 0;
}
