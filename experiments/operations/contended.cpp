// Rows in which tasks want the same thing at once: on two workers, with and without a suspension while they have it.
#include <atomic>

#include "rows.hpp"
#include <harness/measure.hpp>
#include <harness/worker_counts.hpp>

namespace bifilar::experiments {

namespace {

constexpr std::uint64_t n = contended_operations;

// Tasks that each run `body(count)`, spawned and joined in the timed part; the answer is what they counted.
template <class Body>
sample together(backend on, const std::vector<std::uint64_t>& counts, Body body, std::uint32_t worker_count = 2) {
    const pinned here{worker_count};
    runtime made{workers(worker_count)};
    std::atomic<std::uint64_t> counted{0};
    const auto once = [&] {
        return made.run([&]() -> task<sample> {
            std::vector<join_handle<void>> handles;
            handles.reserve(counts.size());
            const std::uint64_t before = counted;
            const counting_stopwatch watch;
            for (std::size_t at = 0; at < counts.size(); ++at)
                handles.push_back(spawn(on, body, at, counts[at], std::ref(counted)));
            for (auto& handle : handles) co_await handle;
            co_return watch.stop(counted - before, counted - before);
        });
    };
    (void)once();
    return once();
}

template <class Take>
auto critical(Take take, bool suspends) {
    return [take, suspends](std::size_t me, std::uint64_t count, std::atomic<std::uint64_t>& counted) -> task<> {
        for (std::uint64_t at = 0; at < count; ++at) {
            auto held = co_await take(me);
            counted.fetch_add(1, std::memory_order_relaxed);
            if (suspends) co_await yield_now();
        }
    };
}

peer_arguments contended_by(const std::string& operation) { return {"op", operation, std::to_string(n), "2"}; }

std::vector<peer> contended_peers(const std::string& operation) {
    std::vector<peer> peers = go_and_tokio(contended_by(operation));
    if (operation.ends_with("_suspended")) peers.push_back(by_waker(tokio(contended_by(operation + "_waker"))));
    return peers;
}

template <class Owner, class Take>
void add(std::vector<row>& rows, const std::string& id, const std::string& title, std::vector<std::uint64_t> counts,
         Take take) {
    std::uint64_t all = 0;
    for (const std::uint64_t count : counts) all += count;
    for (const bool suspends : {false, true}) {
        const std::string name = suspends ? id + "_suspended" : id;
        row made{name, suspends ? title + ", suspending inside" : title, all, all, {}, contended_peers(name), 2};
        for (const backend on : {backend::stackless, backend::stackful})
            made.contenders.push_back({on == backend::stackless ? "coroutine" : "fiber", [=] {
                                           Owner o;
                                           const auto body =
                                               critical([&](std::size_t me) { return take(o, me); }, suspends);
                                           return together(on, counts, body);
                                       }});
        rows.push_back(std::move(made));
    }
}

class two_permits {
public:
    semaphore permits{2};
};

// `suspends`: each receiver lets others run after each message.
sample mpmc(backend on, bool suspends) {
    const pinned here{2};
    runtime made{workers(2)};
    const auto once = [&] {
        return made.run([&]() -> task<sample> {
            channel<std::uint64_t> through{1000};
            std::vector<join_handle<std::uint64_t>> receivers;
            std::vector<join_handle<void>> senders;
            receivers.reserve(4);
            senders.reserve(4);
            const counting_stopwatch watch;
            for (int at = 0; at < 4; ++at) {
                senders.push_back(spawn(
                    on,
                    [](channel<std::uint64_t>& to) -> task<> {
                        for (std::uint64_t m = 0; m < n / 4; ++m) (void)co_await to.send(1);
                    },
                    std::ref(through)));
                receivers.push_back(spawn(
                    on,
                    [](channel<std::uint64_t>& from, bool yields) -> task<std::uint64_t> {
                        std::uint64_t sum = 0;
                        while (auto value = co_await from.recv()) {
                            sum += *value;
                            if (yields) co_await yield_now();
                        }
                        co_return sum;
                    },
                    std::ref(through), suspends));
            }
            for (auto& sender : senders) co_await sender;
            through.close();
            std::uint64_t sum = 0;
            for (auto& receiver : receivers) sum += co_await receiver;
            co_return watch.stop(n, sum);
        });
    };
    (void)once();
    return once();
}

sample readers_and_writers(backend on, bool suspends) {
    constexpr std::uint64_t each = 1'666;
    shared_mutex lock;
    const auto body = [&lock, suspends](std::size_t me, std::uint64_t count,
                                        std::atomic<std::uint64_t>& counted) -> task<> {
        for (std::uint64_t at = 0; at < count; ++at) {
            if (me < 4) {
                auto held = co_await lock.lock_shared();
                counted.fetch_add(1, std::memory_order_relaxed);
                if (suspends) co_await yield_now();
            } else {
                auto held = co_await lock.lock();
                counted.fetch_add(1, std::memory_order_relaxed);
                if (suspends) co_await yield_now();
            }
        }
    };
    return together(on, std::vector<std::uint64_t>(6, each), body);
}

// Eight tasks that meet n times; the leaders of the meetings are counted, one each.
sample meetings_of_eight(backend on) {
    constexpr std::uint32_t parties = 8;
    const pinned here{2};
    runtime made{workers(2)};
    const auto once = [&] {
        return made.run([&]() -> task<sample> {
            barrier at{parties};
            std::vector<join_handle<std::uint64_t>> members;
            members.reserve(parties);
            const counting_stopwatch watch;
            for (std::uint32_t m = 0; m < parties; ++m)
                members.push_back(spawn(
                    on,
                    [](barrier& meets) -> task<std::uint64_t> {
                        std::uint64_t led = 0;
                        for (std::uint64_t meeting = 0; meeting < n; ++meeting) {
                            const bool leads = co_await meets.arrive_and_wait();
                            led += leads ? 1 : 0;
                        }
                        co_return led;
                    },
                    std::ref(at)));
            std::uint64_t led = 0;
            for (auto& member : members) led += co_await member;
            co_return watch.stop(n, led);
        });
    };
    (void)once();
    return once();
}

row barrier_of_eight() {
    row made{"barrier_of_eight",
             "barrier of 8: eight tasks meet",
             n,
             n,
             {{"coroutine", [] { return meetings_of_eight(backend::stackless); }},
              {"fiber", [] { return meetings_of_eight(backend::stackful); }}},
             {tokio({"barrier8", std::to_string(n)})},
             2};
    made.unit = "ns per meeting";
    return made;
}

// Four tasks a worker that want the same mutex.
sample one_mutex(backend on, std::uint32_t worker_count) {
    mutex m;
    const std::size_t tasks = std::size_t{4} * worker_count;
    const auto body = critical([&](std::size_t) { return m.lock(); }, false);
    return together(on, std::vector<std::uint64_t>(tasks, n / tasks), body, worker_count);
}

}  // namespace

void add_by_workers(experiment& all) {
    for (const std::uint32_t count : all.options().workers) {
        workload work{"mutex_by_workers",
                      "mutex: 4 tasks a worker, " + workers_here(count),
                      "ns per operation",
                      static_cast<double>(count),
                      n / (4 * count) * (4 * count),
                      {}};
        work.contenders = {{"coroutine", [=] { return one_mutex(backend::stackless, count); }},
                           {"fiber", [=] { return one_mutex(backend::stackful, count); }}};
        all.add(std::move(work));
    }
}

std::vector<row> contended_rows() {
    std::vector<row> rows;
    for (const bool suspends : {false, true}) {
        const std::string title = "channel of 1,000: 4 senders, 4 receivers, spawn and join included";
        // A channel of Tokio has one consumer.
        const peer_arguments talk = contended_by(suspends ? "mpmc_suspended" : "mpmc");
        std::vector<peer> peers{go(talk), flume(talk), async_channel(talk)};
        if (suspends)
            for (peer (*const library)(peer_arguments) : {flume, async_channel})
                peers.push_back(by_waker(library(contended_by("mpmc_suspended_waker"))));
        rows.push_back({suspends ? "channel_mpmc_suspended" : "channel_mpmc",
                        suspends ? title + ", receivers suspending after each message" : title,
                        n,
                        n,
                        {{"coroutine", [=] { return mpmc(backend::stackless, suspends); }},
                         {"fiber", [=] { return mpmc(backend::stackful, suspends); }}},
                        std::move(peers),
                        2});
    }
    add<mutex>(rows, "mutex_contended", "mutex: 4 tasks", std::vector<std::uint64_t>(4, n / 4),
               [](mutex& m, std::size_t) { return m.lock(); });
    for (const bool suspends : {false, true})
        rows.push_back(
            {suspends ? "rwlock_contended_suspended" : "rwlock_contended",
             suspends ? "shared_mutex: 4 readers, 2 writers, suspending inside" : "shared_mutex: 4 readers, 2 writers",
             9'996,
             9'996,
             {{"coroutine", [=] { return readers_and_writers(backend::stackless, suspends); }},
              {"fiber", [=] { return readers_and_writers(backend::stackful, suspends); }}},
             contended_peers(suspends ? "rwlock_contended_suspended" : "rwlock_contended"),
             2});
    add<two_permits>(rows, "semaphore_contended", "semaphore of 2: 8 tasks", std::vector<std::uint64_t>(8, n / 8),
                     [](two_permits& s, std::size_t) { return s.permits.acquire(); });
    rows.push_back(barrier_of_eight());
    return rows;
}

}  // namespace bifilar::experiments
