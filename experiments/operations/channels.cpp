// Rows of channels, from one thread or task and without a wait.
#include "rows.hpp"
#include <harness/measure.hpp>

#include <optional>

namespace bifilar::experiments {

namespace {

constexpr std::uint64_t n = channel_operations;
constexpr auto capacity = static_cast<std::uint32_t>(channel_operations);
// What the steps of the warm-up sent stays in the channel.
constexpr std::uint32_t capacity_with_warm_up = capacity + capacity / 10;

sample send_into_empty() {
    const pinned here{1};
    channel<std::uint64_t> to{capacity};
    std::uint64_t sent = 0;
    const counting_stopwatch watch;
    for (std::uint64_t at = 0; at < n; ++at) sent += to.try_send(at) ? 1 : 0;
    return watch.stop(n, sent);
}

sample receive_from_full() {
    const pinned here{1};
    channel<std::uint64_t> from{capacity};
    for (std::uint64_t at = 0; at < n; ++at) (void)from.try_send(1);
    std::uint64_t sum = 0;
    const counting_stopwatch watch;
    for (std::uint64_t at = 0; at < n; ++at) sum += *from.try_recv();
    return watch.stop(n, sum);
}

sample receive_in_batches() {
    const pinned here{1};
    channel<std::uint64_t> from{capacity};
    for (std::uint64_t at = 0; at < n; ++at) (void)from.try_send(1);
    std::uint64_t sum = 0;
    std::vector<std::uint64_t> batch;
    batch.reserve(256);
    const counting_stopwatch watch;
    while (sum < n) {
        batch.clear();
        sum += block_on(from.recv_many(batch, 256));
    }
    return watch.stop(n, sum);
}

sample round_trips() {
    channel<std::uint64_t> one{1};
    return direct(direct_operations, [&](std::uint64_t) {
        (void)one.try_send(1);
        return *one.try_recv();
    });
}

sample broadcast_to_four() {
    const pinned here{1};
    broadcast<std::uint64_t> to{capacity};
    broadcast<std::uint64_t>::subscription subscribers[] = {to.subscribe(), to.subscribe(), to.subscribe(),
                                                            to.subscribe()};
    std::uint64_t sum = 0;
    const counting_stopwatch watch;
    for (std::uint64_t at = 0; at < n; ++at) (void)to.send(1);
    for (auto& from : subscribers)
        for (std::uint64_t at = 0; at < n; ++at) sum += *from.try_recv();
    return watch.stop(n, sum / 4);
}

// The awaited halves: each gives the future of one step.
class send_step {
public:
    auto operator()(std::uint64_t at) { return to_.send(at); }

private:
    channel<std::uint64_t> to_{capacity_with_warm_up};
};

class receive_step {
public:
    receive_step() {
        for (std::uint32_t at = 0; at < capacity_with_warm_up; ++at) (void)from_.try_send(1);
    }
    auto operator()(std::uint64_t) { return from_.recv(); }

private:
    channel<std::uint64_t> from_{capacity_with_warm_up};
};

class round_trip_step {
public:
    auto before(std::uint64_t) { return one_.send(1); }
    auto operator()(std::uint64_t) { return one_.recv(); }

private:
    channel<std::uint64_t> one_{1};
};

class oneshot_step {
public:
    auto operator()(std::uint64_t) {
        oneshot<std::uint64_t>& shot = held_.emplace();
        keep(&shot);
        (void)shot.send(1);
        return shot.recv();
    }

private:
    std::optional<oneshot<std::uint64_t>> held_;  // Until the wait is over.
};

// A watcher waits for a change only while it has seen the newest value.
class watch_step {
public:
    auto operator()(std::uint64_t) {
        keep(seen_.get());
        (void)value_.send(1);
        return seen_.changed();
    }

private:
    watch<std::uint64_t> value_{0};
    watch<std::uint64_t>::watcher seen_ = value_.subscribe();
};

// The first step sends everything, as the direct contender does; a step is one receive.
class broadcast_step {
public:
    auto operator()(std::uint64_t at) {
        if (at == 0) begin();
        return subscribers_[at / n].recv();
    }

private:
    // New subscriptions, because the warm-up leaves values that nobody received.
    void begin() {
        for (auto& from : subscribers_) from = to_.subscribe();
        for (std::uint64_t sent = 0; sent < n; ++sent) (void)to_.send(1);
    }

    broadcast<std::uint64_t> to_{capacity};
    broadcast<std::uint64_t>::subscription subscribers_[4] = {to_.subscribe(), to_.subscribe(), to_.subscribe(),
                                                              to_.subscribe()};
};

// From figures a receive to figures a send, which is received four times.
sample per_send(sample receives) {
    receives.value *= 4;
    receives.answer /= 4;
    for (auto& [name, figure] : receives.also) figure *= 4;
    return receives;
}

template <class Step>
void add_awaited(std::vector<contender>& to, std::uint64_t operations) {
    to.push_back({"coroutine", [=] {
                      Step step;
                      return in_coroutine(operations, step);
                  }});
    to.push_back({"fiber", [=] {
                      Step step;
                      return in_fiber(operations, step);
                  }});
}

// Rust's libraries once more, with the half that waits. A peer's arguments are library, "op", name and count.
std::vector<peer> with_awaited(std::vector<peer> peers) {
    const std::size_t tried = peers.size();
    for (std::size_t at = 0; at < tried; ++at) {
        peer awaited = peers[at];
        if (awaited.column == "Go") continue;
        awaited.column += ", awaited";
        awaited.arguments.at(2) += "_awaited";
        peers.push_back(std::move(awaited));
    }
    return peers;
}

std::vector<row> queue_rows() {
    const std::string count = std::to_string(n);
    std::vector<row> rows;
    rows.push_back({"channel_send",
                    "channel of 100,000: send into the empty one",
                    n,
                    n,
                    {{"direct", send_into_empty}},
                    with_awaited(every_channel({"op", "send", count}))});
    add_awaited<send_step>(rows.back().contenders, n);
    rows.push_back({"channel_recv",
                    "channel of 100,000: receive from the full one",
                    n,
                    n,
                    {{"direct", receive_from_full}, {"direct, 256 at a time", receive_in_batches}},
                    with_awaited(every_channel({"op", "recv", count}))});
    add_awaited<receive_step>(rows.back().contenders, n);
    rows.push_back({"channel_roundtrip",
                    "channel of 1: send and receive",
                    direct_operations,
                    direct_operations,
                    {{"direct", round_trips}},
                    with_awaited(every_channel({"op", "roundtrip", std::to_string(direct_operations)}))});
    add_awaited<round_trip_step>(rows.back().contenders, direct_operations);
    return rows;
}

row oneshot_row() {
    row made{"oneshot",
             "oneshot: construct, send, receive",
             direct_operations,
             direct_operations,
             {{"direct",
               [] {
                   return direct(direct_operations, [](std::uint64_t) {
                       oneshot<std::uint64_t> shot;
                       keep(&shot);
                       (void)shot.send(1);
                       return *shot.try_recv();
                   });
               }},
              {"direct, with handles",
               [] {
                   return direct(direct_operations, [](std::uint64_t) {
                       auto [sender, receiver] = make_oneshot<std::uint64_t>();
                       (void)sender.send(1);
                       return *receiver.try_recv();
                   });
               }}},
             with_awaited(go_and_tokio({"op", "oneshot", std::to_string(direct_operations)}))};
    add_awaited<oneshot_step>(made.contenders, direct_operations);
    return made;
}

row broadcast_row() {
    row made{"broadcast",
             "broadcast to 4 subscribers: one send, four receives",
             n,
             n,
             {{"direct", broadcast_to_four}},
             with_awaited(go_and_tokio({"op", "broadcast", std::to_string(n)}))};
    made.contenders.push_back({"coroutine", [] {
                                   broadcast_step step;
                                   return per_send(in_coroutine(4 * n, step));
                               }});
    made.contenders.push_back({"fiber", [] {
                                   broadcast_step step;
                                   return per_send(in_fiber(4 * n, step));
                               }});
    return made;
}

row watch_row() {
    row made{"watch",
             "watch: send and look",
             direct_operations,
             direct_operations,
             {{"direct",
               [] {
                   watch<std::uint64_t> value{0};
                   return direct(direct_operations, [&](std::uint64_t) {
                       (void)value.send(1);
                       return value.get();
                   });
               }}},
             with_awaited(go_and_tokio({"op", "watch", std::to_string(direct_operations)}))};
    add_awaited<watch_step>(made.contenders, direct_operations);
    return made;
}

}  // namespace

std::vector<row> channel_rows() {
    std::vector<row> rows = queue_rows();
    rows.push_back(oneshot_row());
    rows.push_back(broadcast_row());
    rows.push_back(watch_row());
    return rows;
}

}  // namespace bifilar::experiments
