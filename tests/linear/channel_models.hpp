// Channels that do one call after the other: what their promises allow, and no more.
#pragma once

#include "checker.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace linear {

enum class channel_call : int { send, try_send, recv, try_recv, close };

/// Results beside 1 for a send that was taken, and a received value, which is above 0.
inline constexpr std::int64_t closed = -1;
inline constexpr std::int64_t not_now = -2;  // Full or empty.

inline const char* name_of(int kind) {
    constexpr const char* names[] = {"send", "try_send", "recv", "try_recv", "close"};
    return names[kind];
}

/// With room for values. An unbounded one has very much.
class channel_model {
public:
    struct state {
        std::vector<std::int64_t> values;  // The oldest first.
        bool is_closed = false;
        friend auto operator<=>(const state&, const state&) = default;
    };

    explicit channel_model(std::size_t room) noexcept : room_{room} {}

    [[nodiscard]] static state start() { return {}; }
    [[nodiscard]] static bool may_return(const state&, const operation&) { return true; }
    [[nodiscard]] static const char* name(int kind) { return name_of(kind); }

    [[nodiscard]] bool apply(state& in, const operation& call, const around& others) const {
        switch (static_cast<channel_call>(call.kind)) {
            case channel_call::send:
            case channel_call::try_send:
                if (call.result == closed) return in.is_closed;
                if (in.is_closed) return false;
                // Nobody overtakes a sender that waits.
                if (call.result == not_now) return in.values.size() >= room_;
                if (in.values.size() >= room_) return false;
                in.values.push_back(call.argument);
                return true;
            case channel_call::recv:
                return receive(in, call);
            case channel_call::try_recv: {
                if (call.result != not_now) return receive(in, call);
                // What is there may be kept for receivers that were woken; and in a closed channel one of them may have
                // a value that comes back.
                constexpr int recv = static_cast<int>(channel_call::recv);
                if (in.is_closed && in.values.empty()) return others.under_way(recv, call) != 0;
                return in.values.size() <= others.waiting(recv, call);
            }
            case channel_call::close:
                in.is_closed = true;
                return true;
        }
        return false;
    }

private:
    static bool receive(state& in, const operation& call) {
        if (call.result == closed) return in.is_closed && in.values.empty();
        if (in.values.empty() || in.values.front() != call.result) return false;
        in.values.erase(in.values.begin());
        return true;
    }

    std::size_t room_;
};

/// Without room: a send takes effect, and nothing else may happen until a receive has taken its value, at the same
/// moment so to speak. Only then may it return; so the two were under way at one time.
class rendezvous_model {
public:
    struct state {
        std::optional<std::int64_t> between;
        bool is_closed = false;
        friend auto operator<=>(const state&, const state&) = default;
    };

    [[nodiscard]] static state start() { return {}; }
    [[nodiscard]] static bool may_return(const state& in, const operation& call) {
        const bool sends =
            call.kind == static_cast<int>(channel_call::send) || call.kind == static_cast<int>(channel_call::try_send);
        return !sends || in.between != call.argument;
    }
    [[nodiscard]] static const char* name(int kind) { return name_of(kind); }

    [[nodiscard]] bool apply(state& in, const operation& call, const around&) const {
        const auto kind = static_cast<channel_call>(call.kind);
        const bool receives = kind == channel_call::recv || kind == channel_call::try_recv;
        if (in.between) {
            if (!receives || call.result != *in.between) return false;
            in.between.reset();
            return true;
        }
        if (kind == channel_call::close) return in.is_closed = true;
        if (call.result == closed) return in.is_closed;
        // A try that came too early for a partner, or while a value was on its way to another.
        if (call.result == not_now) return true;
        if (receives || in.is_closed) return false;
        in.between = call.argument;
        return true;
    }
};

/// A oneshot, in the same calls.
class oneshot_model {
public:
    enum class is : unsigned char { empty, full, over };
    struct state {
        is at = is::empty;
        std::int64_t value = 0;
        friend auto operator<=>(const state&, const state&) = default;
    };

    [[nodiscard]] static state start() { return {}; }
    [[nodiscard]] static bool may_return(const state&, const operation&) { return true; }
    [[nodiscard]] static const char* name(int kind) { return name_of(kind); }

    [[nodiscard]] bool apply(state& in, const operation& call, const around&) const {
        switch (static_cast<channel_call>(call.kind)) {
            case channel_call::send:
            case channel_call::try_send:
                if (call.result == closed) return in.at != is::empty;
                if (in.at != is::empty) return false;
                in = {is::full, call.argument};
                return true;
            case channel_call::recv:
            case channel_call::try_recv:
                if (call.result == not_now) return in.at == is::empty;
                if (call.result == closed) return in.at == is::over;
                if (in.at != is::full || in.value != call.result) return false;
                in = {is::over, 0};
                return true;
            case channel_call::close:
                if (in.at == is::empty) in.at = is::over;
                return true;
        }
        return false;
    }
};

}  // namespace linear
