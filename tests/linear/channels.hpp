// Channels and a oneshot in the hands of actors: which calls they make, and what those come to, in the models' words.
#pragma once

#include "channel_models.hpp"
#include "play.hpp"

#include <algorithm>
#include <limits>

namespace linear {

/// Sends, receives, tries, and now and then a close. `Channel`: of std::int64_t.
template <class Channel, class Model>
class played_channel {
public:
    struct hands {};

    template <class... Given>
    explicit played_channel(Model model, Given... given) : model_{model}, channel_{given...} {}

    [[nodiscard]] const Model& model() const noexcept { return model_; }
    [[nodiscard]] static const char* name(int kind) { return Model::name(kind); }

    [[nodiscard]] std::optional<call> next(std::uint32_t actor, std::uint32_t step, hands&, draws& chance) const {
        if (step == 5) return std::nullopt;
        // Some rather send, some rather receive; else most calls would find nothing or no room.
        const bool sends = (chance.below(8) != 0) == (actor % 2 == 0);
        const std::uint32_t drawn = chance.below(60);
        if (drawn == 0) return call{static_cast<int>(channel_call::close), 0};
        const bool tries = drawn < 20;
        if (sends)
            return call{static_cast<int>(tries ? channel_call::try_send : channel_call::send), value_of(actor, step)};
        return call{static_cast<int>(tries ? channel_call::try_recv : channel_call::recv), 0};
    }

    bf::task<std::int64_t> perform(hands&, call what) {
        switch (static_cast<channel_call>(what.kind)) {
            case channel_call::send: {
                if constexpr (std::is_same_v<Channel, bf::unbounded_channel<std::int64_t>>) {
                    co_return channel_.send(what.argument) ? 1 : closed;
                } else {
                    const auto sent = co_await channel_.send(what.argument);
                    co_return sent ? 1 : closed;
                }
            }
            case channel_call::try_send: {
                const auto sent = channel_.try_send(what.argument);
                if (sent) co_return 1;
                co_return sent.error().is_closed() ? closed : not_now;
            }
            case channel_call::recv: {
                const auto got = co_await channel_.recv();
                co_return got ? *got : closed;
            }
            case channel_call::try_recv: {
                const auto got = channel_.try_recv();
                if (got) co_return *got;
                co_return got.error() == bf::try_recv_error::closed ? closed : not_now;
            }
            case channel_call::close:
                break;
        }
        channel_.close();
        co_return 1;
    }

    void end(recorder& notes, std::uint32_t actor) {
        notes.invoke(actor, static_cast<int>(channel_call::close), 0);
        channel_.close();
        notes.answer(actor, 1);
    }

private:
    Model model_;
    Channel channel_;
};

/// The first actor sends and closes, the second receives; others have no part in it.
class played_oneshot {
public:
    struct hands {};

    [[nodiscard]] static oneshot_model model() noexcept { return {}; }
    [[nodiscard]] static const char* name(int kind) { return oneshot_model::name(kind); }

    [[nodiscard]] static std::optional<call> next(std::uint32_t actor, std::uint32_t step, hands&, draws& chance) {
        if (step == 4 || actor > 1) return std::nullopt;
        if (chance.below(8) == 0) return call{static_cast<int>(channel_call::close), 0};
        if (actor == 0) return call{static_cast<int>(channel_call::send), value_of(actor, step)};
        const bool tries = chance.below(2) == 0;
        return call{static_cast<int>(tries ? channel_call::try_recv : channel_call::recv), 0};
    }

    bf::task<std::int64_t> perform(hands&, call what) {
        switch (static_cast<channel_call>(what.kind)) {
            case channel_call::send:
            case channel_call::try_send:
                co_return one_.send(what.argument) ? 1 : closed;
            case channel_call::recv: {
                const auto got = co_await one_.recv();
                co_return got ? *got : closed;
            }
            case channel_call::try_recv: {
                const auto got = one_.try_recv();
                if (got) co_return *got;
                co_return got.error() == bf::try_recv_error::closed ? closed : not_now;
            }
            case channel_call::close:
                break;
        }
        one_.close();
        co_return 1;
    }

    void end(recorder& notes, std::uint32_t actor) {
        notes.invoke(actor, static_cast<int>(channel_call::close), 0);
        one_.close();
        notes.answer(actor, 1);
    }

private:
    bf::oneshot<std::int64_t> one_;
};

}  // namespace linear
