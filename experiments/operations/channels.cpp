// Rows of channels, from one thread or task and without a wait.
#include "rows.hpp"
#include <harness/measure.hpp>

namespace bifilar::experiments {

namespace {

constexpr std::uint64_t n = channel_operations;
constexpr auto capacity = static_cast<std::uint32_t>(channel_operations);

sample send_into_empty() {
    const pinned here{1};
    channel<std::uint64_t> to{capacity};
    std::uint64_t sent = 0;
    const stopwatch watch;
    for (std::uint64_t at = 0; at < n; ++at) sent += to.try_send(at) ? 1 : 0;
    return watch.stop(n, sent);
}

sample receive_from_full() {
    const pinned here{1};
    channel<std::uint64_t> from{capacity};
    for (std::uint64_t at = 0; at < n; ++at) (void)from.try_send(1);
    std::uint64_t sum = 0;
    const stopwatch watch;
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
    const stopwatch watch;
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
    const stopwatch watch;
    for (std::uint64_t at = 0; at < n; ++at) (void)to.send(1);
    for (auto& from : subscribers)
        for (std::uint64_t at = 0; at < n; ++at) sum += *from.try_recv();
    return watch.stop(n, sum / 4);
}

}  // namespace

std::vector<row> channel_rows() {
    const std::string count = std::to_string(n);
    const std::string many = std::to_string(direct_operations);
    std::vector<row> rows;
    rows.push_back({"channel_send",
                    "channel of 100,000: send into the empty one",
                    n,
                    n,
                    {{"direct", send_into_empty}},
                    every_channel({"op", "send", count})});
    rows.push_back({"channel_recv",
                    "channel of 100,000: receive from the full one",
                    n,
                    n,
                    {{"direct", receive_from_full}, {"direct, 256 at a time", receive_in_batches}},
                    every_channel({"op", "recv", count})});
    rows.push_back({"channel_roundtrip",
                    "channel of 1: send and receive",
                    direct_operations,
                    direct_operations,
                    {{"direct", round_trips}},
                    every_channel({"op", "roundtrip", many})});
    rows.push_back({"oneshot",
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
                    go_and_tokio({"op", "oneshot", many})});
    rows.push_back({"broadcast",
                    "broadcast to 4 subscribers: one send, four receives",
                    n,
                    n,
                    {{"direct", broadcast_to_four}},
                    go_and_tokio({"op", "broadcast", count})});
    rows.push_back({"watch",
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
                    go_and_tokio({"op", "watch", many})});
    return rows;
}

}  // namespace bifilar::experiments
