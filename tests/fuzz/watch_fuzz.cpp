// watch against a value and its version: what watchers see, what they wait for, and when they are woken.
#include "hand_task.hpp"

#include <bifilar/channel/watch.hpp>

#include <array>
#include <memory>
#include <variant>

namespace {

using namespace fuzz;
using watch = bf::watch<std::uint32_t>;

// Its answer to one value stays the same.
struct is_multiple {
    std::uint32_t of;
    bool operator()(const std::uint32_t& value) const { return value % of == 0; }
};

class scene {
public:
    explicit scene(input& from) : in_{from}, watch_{std::make_unique<watch>(0U)} {}
    ~scene() {
        for (reader& one : readers_) end(one);
    }

    void step() {
        reader& one = readers_[in_.below(readers_.size())];
        switch (in_.below(10)) {
            case 0:
            case 1:
                return send();
            case 2:
                return modify();
            case 3:
                return subscribe(one);
            case 4:
                return get(one);
            case 5:
            case 6:
            case 7:
                return poll(one);
            case 8:
                if (one.place) one.wait = std::monostate{};
                return;
            default:
                return in_.below(16) == 0 ? close() : end(one);
        }
    }

private:
    using changed = watch::watcher::changed_future;
    using wanted = watch::watcher::wait_for_future<is_multiple>;
    struct reader {
        hand_task task;
        std::unique_ptr<watch::watcher> place;
        std::variant<std::monostate, changed, wanted> wait;
        std::uint64_t seen = 0;
        std::uint32_t of = 1;
    };

    static bool waits(const reader& one) { return !std::holds_alternative<std::monostate>(one.wait); }
    void told() {
        for (reader& one : readers_) require(!waits(one) || one.task.is_woken(), "a watcher sleeps that has to know");
    }

    void send() {
        const auto value = static_cast<std::uint32_t>(in_.below(30));
        require(watch_->send(value).has_value() == !closed_,
                "a send says something else than whether the watch is open");
        if (closed_) return;
        value_ = value;
        ++version_;
        told();
    }
    void modify() {
        const bool changes = in_.flag();
        const bool did = watch_->modify([changes](std::uint32_t& value) {
            if (changes) ++value;
            return changes;
        });
        require(did == (changes && !closed_), "modify says something else than whether it has changed the value");
        if (!did) return;
        ++value_;
        ++version_;
        told();
    }
    void subscribe(reader& one) {
        const reader& from = readers_[in_.below(readers_.size())];
        const bool copies = &from != &one && from.place != nullptr;
        end(one);
        one.place = std::make_unique<watch::watcher>(copies ? *from.place : watch_->subscribe());
        one.seen = copies ? from.seen : version_;
    }
    void get(reader& one) {
        require(watch_->get() == value_, "the value is another");
        if (!one.place || waits(one)) return;
        require(one.place->has_changed() == (one.seen != version_), "has_changed is wrong");
        require(one.place->get() == value_, "a watcher's value is another");
        one.seen = version_;
    }
    void poll(reader& one) {
        if (!one.place) return;
        if (!waits(one)) {
            one.of = 1 + static_cast<std::uint32_t>(in_.below(10));
            if (in_.flag())
                one.wait.emplace<changed>(one.place->changed());
            else
                one.wait.emplace<wanted>(one.place->wait_for(is_multiple{one.of}));
        }
        if (auto* const future = std::get_if<changed>(&one.wait)) {
            auto answer = one.task.poll(*future);
            const bool is_new = one.seen != version_;
            require(answer.is_ready() == (is_new || closed_), "a wait for a change ends too early or too late");
            if (!answer) return;
            require(answer.take() == is_new, "a wait for a change says something else than whether there is one");
        } else {
            auto answer = one.task.poll(std::get<wanted>(one.wait));
            const bool is_wanted = value_ % one.of == 0;
            require(answer.is_ready() == (is_wanted || closed_), "a wait for a value ends too early or too late");
            if (!answer) return;
            const std::optional<std::uint32_t> got = answer.take();
            require(got.has_value() == is_wanted, "a wait for a value says something else than whether it is there");
            require(!got || *got == value_, "a wait for a value gives another");
            if (got) one.seen = version_;
        }
        one.wait = std::monostate{};
    }
    static void end(reader& one) {
        one.wait = std::monostate{};
        one.place.reset();
    }
    void close() {
        watch_->close();
        closed_ = true;
        told();
    }

    input& in_;
    std::unique_ptr<watch> watch_;
    std::array<reader, 4> readers_;
    std::uint32_t value_ = 0;
    std::uint64_t version_ = 0;
    bool closed_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
    input in{bytes, count};
    scene all{in};
    for (int steps = 0; !in.empty() && steps < 500; ++steps) all.step();
    return 0;
}
