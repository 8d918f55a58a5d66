// Connections that come, are served once and go, beside a healthy one whose latencies are the result.
// One loop over epoll, in one thread: the healthy connection first, then at most one step of every other kind.
#include <netinet/in.h>
#include <sys/epoll.h>

#include <cmath>
#include <cstdint>
#include <harness/histogram.hpp>
#include <thread>
#include <vector>

#include "client.hpp"

namespace bifilar::experiments {

namespace {

using clock_type = std::chrono::steady_clock;

// Steps that are due so many times a second, whatever came of the earlier ones.
class pace {
public:
    explicit pace(std::size_t per_second)
        : step_{std::chrono::nanoseconds{per_second == 0 ? 0 : 1'000'000'000 / static_cast<std::int64_t>(per_second)}} {
    }
    void begin(clock_type::time_point now) noexcept { next_ = now; }
    [[nodiscard]] bool due(clock_type::time_point now) noexcept {
        if (step_ == clock_type::duration{0} || now < next_) return false;
        next_ += step_;
        return true;
    }

private:
    clock_type::duration step_;
    clock_type::time_point next_;
};

struct passing {  // A connection that comes and goes.
    int descriptor = -1;
    std::size_t number = 0;
    std::size_t received = 0;
    bool sent = false;
};

struct slow_sender {
    socket_owner connection;
    std::uint8_t sent = 0;  // Both count modulo 256, which are the bytes as well.
    std::uint8_t received = 0;
};

class churn {
public:
    explicit churn(const load_options& given)
        : given_{given},
          epoll_{::epoll_create1(EPOLL_CLOEXEC)},
          arrivals_{given.churn_per_second},
          slow_bytes_{given.slow},
          healthy_{connect_to(given.server)},
          places_(max_at_once) {
        for (std::size_t n = 0; n < places_.size(); ++n) free_.push_back(n);
        const message half = message_of(1);
        for (std::size_t n = 0; n < given.half_open; ++n)
            half_open_.push_back(served(given.server, half.data(), half.size() / 2, false));
        slow_.reserve(given.slow);
        for (std::size_t n = 0; n < given.slow; ++n) {
            const char zero = 0;
            slow_.push_back({served(given.server, &zero, 1), 1, 1});
            watch(slow_.back().connection.get(), EPOLLIN, kind::slow, n);
        }
        watch(healthy_.get(), EPOLLIN, kind::healthy, 0);
        request();
    }
    ~churn() {
        for (const passing& one : places_)
            if (one.descriptor >= 0) ::close(one.descriptor);
        ::close(epoll_);
    }
    churn(const churn&) = delete;
    churn& operator=(const churn&) = delete;

    // The healthy connection, and with `arriving` all the others. The latencies of an earlier run are forgotten.
    void run(double seconds, bool arriving) {
        latencies_ = histogram{};
        const auto began = clock_type::now();
        const auto length = std::chrono::duration_cast<clock_type::duration>(std::chrono::duration<double>{seconds});
        arrivals_.begin(began);
        slow_bytes_.begin(began);
        for (auto now = began; now < began + length; now = clock_type::now()) {
            // One of each at most in a turn, so that the load itself delays the healthy connection little.
            if (arriving && arrivals_.due(now)) arrive();
            if (arriving && slow_bytes_.due(now)) send_slowly();
            if (arriving && half_way_.done == 0 && now >= began + length / 2) half_way_due_ = true;
            turn();
        }
    }

    // What is still under way comes to its end.
    void finish() {
        const auto end = clock_type::now() + patience;
        while (free_.size() != places_.size()) {
            if (clock_type::now() > end) refuse("the server did not answer within 10 s");
            turn();
        }
    }

    struct moment {
        std::size_t done = 0;
        std::int64_t resident = 0;
    };

    [[nodiscard]] const histogram& latencies() const noexcept { return latencies_; }
    [[nodiscard]] std::size_t done() const noexcept { return done_; }
    // In the middle of the run with arrivals; between two requests of the healthy connection.
    [[nodiscard]] const moment& half_way() const noexcept { return half_way_; }

private:
    enum class kind : std::uint32_t { healthy, slow, passing };
    enum class ending { orderly, reset, reset_unanswered };
    static constexpr std::size_t max_at_once = 4096;

    void watch(int descriptor, std::uint32_t events, kind what, std::size_t place) {
        epoll_event event{};
        event.events = events;
        event.data.u64 = (std::uint64_t{static_cast<std::uint32_t>(what)} << 32) | place;
        if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event) != 0)
            refuse(std::string{"epoll_ctl: "} + std::strerror(errno));
    }

    void turn() {
        std::array<epoll_event, 256> ready;
        const int found = ::epoll_wait(epoll_, ready.data(), static_cast<int>(ready.size()), 1);
        const auto each = [&](auto&& visit) {
            for (int n = 0; n < found; ++n) {
                const epoll_event& one = ready[static_cast<std::size_t>(n)];
                visit(static_cast<kind>(one.data.u64 >> 32), one.data.u64 & 0xffff'ffff, one.events);
            }
        };
        // The healthy one first: its latency shall be the server's, not that of the load's other work.
        each([&](kind what, std::size_t, std::uint32_t) {
            if (what == kind::healthy) take_answer();
        });
        each([&](kind what, std::size_t place, std::uint32_t events) {
            if (what == kind::slow) take_slowly(slow_[place]);
            if (what == kind::passing) advance(place, events);
        });
    }

    void request() {
        request_ = message_of(latencies_.count());
        answered_ = 0;
        requested_ = clock_type::now();
        send_all(healthy_.get(), request_.data(), request_.size());
    }

    void take_answer() {
        message back;
        const std::size_t got = receive(healthy_.get(), back.data(), request_.size() - answered_, MSG_DONTWAIT);
        check(back.data(), request_.data() + answered_, got);
        if ((answered_ += got) != request_.size()) return;
        latencies_.add(static_cast<std::uint64_t>(
            std::chrono::duration_cast<std::chrono::nanoseconds>(clock_type::now() - requested_).count()));
        if (std::exchange(half_way_due_, false)) half_way_ = {done_, resident_bytes(given_.process)};
        request();
    }

    void arrive() {
        if (free_.empty()) refuse("4,096 connections wait for the server's answers; it does not keep up");
        const std::size_t place = free_.back();
        passing& one = places_[place];
        one = {::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), arrived_++, 0, false};
        free_.pop_back();
        if (!bind_in_turn(one.descriptor, one.number) ||
            (::connect(one.descriptor, given_.server.generic(), sizeof given_.server.place) != 0 &&
             errno != EINPROGRESS))
            refuse(std::string{"connecting: "} + std::strerror(errno));
        watch(one.descriptor, EPOLLIN | EPOLLOUT | EPOLLET, kind::passing, place);
    }

    [[nodiscard]] ending ending_of(const passing& one) const noexcept {
        if (!given_.resets || one.number % 2 != 0) return ending::orderly;
        return one.number % 4 == 0 ? ending::reset : ending::reset_unanswered;
    }

    void advance(std::size_t place, std::uint32_t events) {
        passing& one = places_[place];
        const message own = message_of(one.number);
        if (!one.sent) {
            int code = 0;
            socklen_t bytes = sizeof code;
            ::getsockopt(one.descriptor, SOL_SOCKET, SO_ERROR, &code, &bytes);
            if (code != 0) refuse(std::string{"connecting: "} + std::strerror(code));
            if ((events & EPOLLOUT) == 0) return;
            send_all(one.descriptor, own.data(), own.size());
            one.sent = true;
            if (ending_of(one) == ending::reset_unanswered) end(place);
            return;
        }
        message back;
        const std::size_t got = receive(one.descriptor, back.data(), own.size() - one.received, MSG_DONTWAIT);
        check(back.data(), own.data() + one.received, got);
        if ((one.received += got) == own.size()) end(place);
    }

    void end(std::size_t place) {
        passing& one = places_[place];
        if (ending_of(one) != ending::orderly) reset_on_close(one.descriptor);
        ::close(std::exchange(one.descriptor, -1));
        free_.push_back(place);
        ++done_;
    }

    void send_slowly() {
        slow_sender& one = slow_[next_slow_++ % slow_.size()];
        const auto byte = static_cast<char>(one.sent++);
        send_all(one.connection.get(), &byte, 1);
    }

    void take_slowly(slow_sender& one) {
        message back;
        const std::size_t got = receive(one.connection.get(), back.data(), back.size(), MSG_DONTWAIT);
        for (std::size_t n = 0; n < got; ++n) {
            const auto wanted = static_cast<char>(one.received++);
            check(&back[n], &wanted, 1);
        }
    }

    const load_options& given_;
    int epoll_;
    pace arrivals_;
    pace slow_bytes_;
    socket_owner healthy_;
    std::vector<passing> places_;
    std::vector<std::size_t> free_;  // Places of no connection.
    std::vector<socket_owner> half_open_;
    std::vector<slow_sender> slow_;
    std::size_t next_slow_ = 0;
    std::size_t arrived_ = 0;
    std::size_t done_ = 0;
    message request_{};
    std::size_t answered_ = 0;  // Bytes of the request that have come back.
    clock_type::time_point requested_;
    histogram latencies_;
    bool half_way_due_ = false;
    moment half_way_;
};

// The server learns of the last ends only after a while.
std::size_t descriptors_left(const load_options& given, std::size_t before) {
    const auto end = clock_type::now() + patience;
    while (open_descriptors(given.process) > before && clock_type::now() < end) std::this_thread::sleep_for(10ms);
    return open_descriptors(given.process);
}

}  // namespace

load_result measure_churn(const load_options& given) {
    const auto us = [](const histogram& all, double share) {
        return static_cast<double>(all.percentile(share)) / 1000;
    };
    warm_up(given);
    const std::size_t before = open_descriptors(given.process);
    load_result got;
    got.also["resident_before_bytes"] = static_cast<double>(resident_bytes(given.process));
    double growth = 0;
    double max_growth = 0;
    {
        churn load{given};
        load.run(0.3, false);
        got.also["p99p9_alone_us"] = us(load.latencies(), 0.999);
        load.run(given.seconds, true);
        got.value = us(load.latencies(), 0.999);
        got.also["p50_us"] = us(load.latencies(), 0.5);
        got.also["requests"] = static_cast<double>(load.latencies().count());
        load.finish();
        const auto& middle = load.half_way();
        got.also["connections"] = static_cast<double>(load.done());
        // Both readings see the same connections that stay. A frame or a stack left behind by each of those that went
        // would be more than 64 bytes; the megabyte is for pools that have not met their largest crowd yet.
        growth = static_cast<double>(resident_bytes(given.process) - middle.resident);
        max_growth = (1 << 20) + 64.0 * static_cast<double>(load.done() - middle.done);
        if (middle.done == 0) got.doubt = "no connection was done when half of the time was over";
        if (growth > max_growth)
            got.doubt = "the server grew by " + std::to_string(std::llround(growth)) + " bytes in the second half";
    }
    const std::size_t left = descriptors_left(given, before);
    if (left > before)
        got.doubt =
            "the server had " + std::to_string(before) + " descriptors before and " + std::to_string(left) + " after";
    got.also["resident_growth_in_second_half_bytes"] = growth;
    got.also["resident_after_bytes"] = static_cast<double>(resident_bytes(given.process));
    got.also["descriptors_before"] = static_cast<double>(before);
    got.also["descriptors_after"] = static_cast<double>(left);
    return got;
}

}  // namespace bifilar::experiments
