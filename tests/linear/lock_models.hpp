// Permits, which are a mutex, a shared mutex and a semaphore; and a watch: doing one call after the other.
#pragma once

#include "channel_models.hpp"

#include <array>

namespace linear {

enum class permit_call : int { acquire, try_acquire, release, close };

/// The argument says how many; what was acquired has the result 1. In which order those who wait come in is left open.
class permits_model {
public:
    struct state {
        std::int64_t free = 0;
        bool is_closed = false;
        friend auto operator<=>(const state&, const state&) = default;
    };

    explicit permits_model(std::int64_t all) noexcept : all_{all} {}

    [[nodiscard]] state start() const { return {all_, false}; }
    [[nodiscard]] static bool may_return(const state&, const operation&) { return true; }
    [[nodiscard]] static const char* name(int kind) {
        constexpr const char* names[] = {"acquire", "try_acquire", "release", "close"};
        return names[kind];
    }

    [[nodiscard]] bool apply(state& in, const operation& call, const around& others) const {
        switch (static_cast<permit_call>(call.kind)) {
            case permit_call::acquire:
                if (call.result == closed) return in.is_closed;
                break;
            case permit_call::try_acquire:
                // Too few, or they are for somebody who waits.
                if (call.result == not_now)
                    return in.is_closed || in.free < call.argument ||
                           others.under_way(static_cast<int>(permit_call::acquire), call) != 0;
                break;
            case permit_call::release:
                in.free += call.argument;
                return in.free <= all_;
            case permit_call::close:
                return in.is_closed = true;
        }
        if (in.is_closed || in.free < call.argument) return false;
        in.free -= call.argument;
        return true;
    }

private:
    std::int64_t all_;
};

enum class watch_call : int { send, get, changed, close };

/// Each actor is a watcher. `changed` has the result 1, or `closed` where nothing is new and nothing will be.
class watch_model {
public:
    static constexpr std::uint32_t max_actors = 5;
    struct state {
        std::int64_t value = 0;
        bool is_closed = false;
        std::array<bool, max_actors> is_new{};
        friend auto operator<=>(const state&, const state&) = default;
    };

    [[nodiscard]] static state start() { return {}; }
    [[nodiscard]] static bool may_return(const state&, const operation&) { return true; }
    [[nodiscard]] static const char* name(int kind) {
        constexpr const char* names[] = {"send", "get", "changed", "close"};
        return names[kind];
    }

    [[nodiscard]] static bool apply(state& in, const operation& call, const around&) {
        switch (static_cast<watch_call>(call.kind)) {
            case watch_call::send:
                if (call.result == closed) return in.is_closed;
                if (in.is_closed) return false;
                in.value = call.argument;
                in.is_new.fill(true);
                return true;
            case watch_call::get:
                in.is_new[call.actor] = false;
                return in.value == call.result;
            case watch_call::changed:
                return call.result == closed ? in.is_closed && !in.is_new[call.actor] : in.is_new[call.actor];
            case watch_call::close:
                return in.is_closed = true;
        }
        return false;
    }
};

enum class queue_call : int { push, pop, steal };

/// A worker's own queue, first in, first out. A theft moves several at once: its result has a digit to the base of 16
/// for each, the oldest first.
class run_queue_model {
public:
    using state = std::vector<std::int64_t>;
    static constexpr std::int64_t base = 16;

    explicit run_queue_model(std::size_t room) noexcept : room_{room} {}

    [[nodiscard]] static state start() { return {}; }
    [[nodiscard]] static bool may_return(const state&, const operation&) { return true; }
    [[nodiscard]] static const char* name(int kind) {
        constexpr const char* names[] = {"push", "pop", "steal"};
        return names[kind];
    }

    [[nodiscard]] bool apply(state& in, const operation& call, const around& others) const {
        constexpr int steal = static_cast<int>(queue_call::steal);
        switch (static_cast<queue_call>(call.kind)) {
            case queue_call::push:
                // The room of a theft that has not ended is not free yet.
                if (call.result == not_now) return in.size() >= room_ || others.under_way(steal, call) != 0;
                if (in.size() >= room_) return false;
                in.push_back(call.argument);
                return true;
            case queue_call::pop:
                if (call.result == not_now) return in.empty();
                if (in.empty() || in.front() != call.result) return false;
                in.erase(in.begin());
                return true;
            case queue_call::steal:
                break;
        }
        if (call.result == not_now) return in.empty() || others.under_way(steal, call) != 0;
        // Half of what there was when the thief looked, rounded up; since then there may be more.
        std::size_t count = 0;
        for (std::int64_t left = call.result; left != 0; left /= base) ++count;
        if (count > (in.size() + 1) / 2) return false;
        std::int64_t oldest = 0;
        for (std::size_t at = 0; at < count; ++at) oldest = oldest * base + in[at];
        if (oldest != call.result) return false;
        in.erase(in.begin(), in.begin() + static_cast<std::ptrdiff_t>(count));
        return true;
    }

private:
    std::size_t room_;
};

}  // namespace linear
