// race, try_race and select over arms that send and receive, under tasks that are polled by hand: one arm acts, the
// others have done nothing, and no value is lost or doubled whichever wins.
#include "hand_task.hpp"
#include "token.hpp"

#include <bifilar/channel/channel.hpp>
#include <bifilar/channel/unbounded_channel.hpp>
#include <bifilar/combine/race.hpp>

#include <array>
#include <memory>
#include <optional>
#include <set>
#include <variant>

namespace {

using namespace fuzz;
using channel = bf::channel<token>;
using many = bf::unbounded_channel<token>;
using send_arm = channel::send_future;
using recv_arm = channel::recv_future;
using many_arm = many::recv_future;

using two_recv = bf::race_future<false, recv_arm, recv_arm>;
using two_send = bf::race_future<false, send_arm, send_arm>;
using both_ways = bf::race_future<false, recv_arm, send_arm, many_arm>;
using maybe = bf::race_future<true, send_arm, bf::when_future<recv_arm>>;

class scene {
public:
    explicit scene(input& from)
        : in_{from},
          channels_{std::make_unique<channel>(static_cast<std::uint32_t>(in_.below(3))),
                    std::make_unique<channel>(static_cast<std::uint32_t>(in_.below(3)))} {}

    void run() {
        for (int steps = 0; !in_.empty() && steps < 300; ++steps) step();
        finish();
    }

private:
    // The caller's own futures, of which select waits for the first.
    struct kept_pair {
        kept_pair(channel& one, channel& other) : first{one.recv()}, second{other.recv()} {}
        recv_arm first;
        recv_arm second;
    };
    struct actor {
        hand_task task;
        std::variant<std::monostate, two_recv, two_send, both_ways, maybe, send_arm, recv_arm, kept_pair> wait;
        std::array<std::size_t, 2> ids{};  // Of what the arms would send; 0: it receives, or is over.
        bool has_begun = false;

        [[nodiscard]] bool is_idle() const { return std::holds_alternative<std::monostate>(wait); }
        [[nodiscard]] bool sleeps() const { return has_begun && !task.is_woken(); }
    };

    channel& some() { return *channels_[in_.below(channels_.size())]; }
    token made(std::size_t& id) {
        token value{office_};
        id = value.id();
        return value;
    }

    void step() {
        actor& one = actors_[in_.below(actors_.size())];
        const std::size_t what = in_.below(16);
        if (what == 0) return sent_now();
        if (what == 1) return received_now();
        if (what == 2 && in_.below(16) == 0) return close_all();
        if (one.is_idle()) return begin(one, what);
        if (what < 5) return give_up(one);
        if (one.sleeps() && what < 12) return;
        poll(one);
    }

    void begin(actor& one, std::size_t what) {
        one.ids = {};
        one.has_begun = false;
        switch (what % 7) {
            case 0:
                one.wait.emplace<two_recv>(some().recv(), some().recv());
                break;
            case 1:
                one.wait.emplace<two_send>(some().send(made(one.ids[0])), some().send(made(one.ids[1])));
                break;
            case 2:
                one.wait.emplace<both_ways>(some().recv(), some().send(made(one.ids[1])), many_.recv());
                break;
            case 3:
                one.wait.emplace<maybe>(some().send(made(one.ids[0])), bf::when(in_.flag(), some().recv()));
                break;
            case 4:
                one.wait.emplace<send_arm>(some().send(made(one.ids[0])));
                break;
            case 5:
                one.wait.emplace<recv_arm>(some().recv());
                break;
            default:
                one.wait.emplace<kept_pair>(some(), some());
        }
        poll(one);
    }

    void poll(actor& one) {
        const bool over = std::visit([&](auto& future) { return poll_one(one, future); }, one.wait);
        one.has_begun = true;
        if (over) one.wait = std::monostate{};
    }

    static bool poll_one(actor&, std::monostate&) { return true; }
    bool poll_one(actor& one, send_arm& future) {
        auto answer = one.task.poll(future);
        if (!answer) return false;
        take(one, 0, answer.take());
        return true;
    }
    bool poll_one(actor& one, recv_arm& future) {
        auto answer = one.task.poll(future);
        if (!answer) return false;
        take(one, 0, answer.take());
        return true;
    }
    bool poll_one(actor& one, kept_pair& pair) {
        auto both = bf::select(pair.first, pair.second);
        auto answer = one.task.poll(both);
        if (!answer) return false;
        auto first = answer.take();
        std::visit([&](auto& value) { take(one, first.index(), std::move(value)); }, first.value());
        return true;
    }
    template <class Race>
    bool poll_one(actor& one, Race& race) {
        auto answer = one.task.poll(race);
        if (!answer) return false;
        auto first = answer.take();
        if constexpr (requires { first.has_value(); }) {
            if (!first) {
                give_up_arms(one);
                return true;
            }
            win(one, *first);
        } else {
            win(one, first);
        }
        return true;
    }
    template <class First>
    void win(actor& one, First& first) {
        std::size_t place = 0;
        std::visit([&](auto& value) { take(one, place = first.index(), std::move(value)); }, first.value());
        // The others are at rest: what they would have sent has ended with them.
        give_up_arms(one);
    }

    void take(actor& one, std::size_t place, std::optional<token> got) {
        if (!got) return require(closed_, "a receive has ended without a value, and nothing is closed");
        (void)one;
        (void)place;
        deliver(*got);
    }
    void take(actor& one, std::size_t place, std::expected<void, bf::send_error<token>> sent) {
        const std::size_t id = std::exchange(one.ids[place], 0);
        require(id != 0, "an arm has sent that had nothing to send");
        if (sent) {
            sent_.insert(id);
            return;
        }
        require(closed_, "a send has failed, and nothing is closed");
        require(sent.error().take().id() == id, "a send has failed and gives another value back");
        given_up_.insert(id);
    }

    // An arm that has not won has sent nothing: its value has ended, and nobody has seen it or will.
    void give_up_arms(actor& one) {
        for (std::size_t& id : one.ids) {
            if (id == 0) continue;
            require(!office_.is_alive(id) && !delivered_.contains(id), "an arm that has not won has sent its value");
            given_up_.insert(std::exchange(id, 0));
        }
    }

    void give_up(actor& one) {
        const bool is_plain = std::holds_alternative<send_arm>(one.wait);
        one.wait = std::monostate{};
        if (!is_plain) return give_up_arms(one);
        // A plain send may have been taken between its last poll and its end.
        const std::size_t id = std::exchange(one.ids[0], 0);
        const bool sent = office_.is_alive(id) || delivered_.contains(id);
        (sent ? sent_ : given_up_).insert(id);
    }

    void deliver(const token& value) {
        require(!given_up_.contains(value.id()), "a value came out that was given up");
        require(delivered_.insert(value.id()).second, "a value came out twice");
    }

    void sent_now() {
        std::size_t id = 0;
        token value = made(id);
        const bool sent =
            in_.flag() ? some().try_send(std::move(value)).has_value() : many_.send(std::move(value)).has_value();
        (sent ? sent_ : given_up_).insert(id);
    }
    void received_now() {
        if (auto got = some().try_recv()) deliver(*got);
    }

    void close_all() {
        closed_ = true;
        for (const auto& one : channels_) one->close();
        many_.close();
    }

    void finish() {
        close_all();
        for (int rounds = 0; rounds < 64; ++rounds)
            for (actor& one : actors_)
                if (!one.is_idle() && !one.sleeps()) poll(one);
        for (actor& one : actors_) require(one.is_idle(), "a wait at closed channels does not end");
        for (const auto& one : channels_)
            while (auto got = one->try_recv()) deliver(*got);
        while (auto got = many_.try_recv()) deliver(*got);
        require(delivered_ == sent_, "what was sent is not what came out");
    }

    input& in_;
    token_office office_;
    std::array<std::unique_ptr<channel>, 2> channels_;
    many many_;
    bool closed_ = false;
    std::set<std::size_t> sent_;
    std::set<std::size_t> given_up_;
    std::set<std::size_t> delivered_;
    std::array<actor, 5> actors_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
    input in{bytes, count};
    scene{in}.run();
    return 0;
}
