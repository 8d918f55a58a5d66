// oneshot and its two handles, every order of sending, closing, receiving, waiting for the end and giving up.
#include "hand_task.hpp"
#include "token.hpp"

#include <bifilar/channel/oneshot.hpp>

#include <optional>

namespace {

using namespace fuzz;
using bf::try_recv_error;

enum class is : unsigned char { empty, full, taken, closed };

class scene {
public:
    explicit scene(input& from) : in_{from} {
        auto [sender, receiver] = bf::make_oneshot<token>();
        sender_.emplace(std::move(sender));
        receiver_.emplace(std::move(receiver));
    }
    ~scene() {
        end_.reset();
        wait_.reset();
    }

    void step() {
        switch (in_.below(10)) {
            case 0:
                return send();
            case 1:
                return close_receiver();
            case 2:
                return try_recv();
            case 3:
            case 4:
                return poll_wait();
            case 5:
                wait_.reset();
                return;
            case 6:
                return poll_end();
            case 7:
                end_.reset();
                return;
            case 8:
                return drop_sender();
            default:
                return drop_receiver();
        }
    }

private:
    [[nodiscard]] bool is_over() const { return at_ != is::empty; }
    // Whoever waits is told when it is over.
    void told() {
        require(!wait_ || recv_task_.is_woken(), "the receiver sleeps, and it is over");
        require(!end_ || end_task_.is_woken(), "the sender sleeps, and it is over");
    }

    void send() {
        if (!sender_) return;
        token value{office_};
        const std::size_t id = value.id();
        const bool sent = sender_->send(std::move(value)).has_value();
        require(sent == !is_over(), "a send says something else than whether it was in time");
        if (!sent) return;
        at_ = is::full;
        id_ = id;
        told();
    }
    void close_receiver() {
        if (!receiver_) return;
        receiver_->close();
        if (is_over()) return;
        at_ = is::closed;
        told();
    }
    void try_recv() {
        if (!receiver_ || wait_) return;
        auto got = receiver_->try_recv();
        if (got) return taken(*got);
        require(at_ != is::full, "a value is there, and try_recv gives none");
        require((got.error() == try_recv_error::empty) == !is_over(), "empty and closed are taken for each other");
    }
    void taken(const token& value) {
        require(at_ == is::full && value.id() == id_, "a receive gives another value than the one that was sent");
        at_ = is::taken;
    }
    void poll_wait() {
        if (!receiver_) return;
        if (!wait_) wait_.emplace(receiver_->recv());
        auto answer = recv_task_.poll(*wait_);
        if (!answer) return require(!is_over(), "a receive waits, and it is over");
        const std::optional<token> got = answer.take();
        require(is_over(), "a receive has ended too early");
        if (got)
            taken(*got);
        else
            require(at_ != is::full, "a value is there, and a receive gives none");
        wait_.reset();
    }
    void poll_end() {
        if (!sender_) return;
        if (!end_) end_.emplace(sender_->closed());
        if (end_task_.poll(*end_)) {
            require(is_over(), "the end has come too early");
            end_.reset();
        } else {
            require(!is_over(), "the end is waited for, and it is over");
        }
    }
    void drop_sender() {
        end_.reset();
        if (!sender_) return;
        sender_.reset();
        if (is_over()) return;
        at_ = is::closed;
        told();
    }
    void drop_receiver() {
        wait_.reset();
        if (!receiver_) return;
        receiver_.reset();
        if (at_ == is::full) require(!office_.is_alive(id_), "a value that nobody can take any more is still there");
        if (at_ == is::full) at_ = is::taken;
        if (is_over()) return;
        at_ = is::closed;
        told();
    }

    input& in_;
    token_office office_;
    std::optional<bf::oneshot_sender<token>> sender_;
    std::optional<bf::oneshot_receiver<token>> receiver_;
    hand_task recv_task_;
    hand_task end_task_;
    std::optional<bf::oneshot<token>::recv_future> wait_;
    std::optional<decltype(std::declval<bf::oneshot_sender<token>&>().closed())> end_;
    is at_ = is::empty;
    std::size_t id_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
    input in{bytes, count};
    for (int rounds = 0; !in.empty() && rounds < 50; ++rounds) {
        scene one{in};
        for (int steps = 0; !in.empty() && steps < 20; ++steps) one.step();
    }
    return 0;
}
