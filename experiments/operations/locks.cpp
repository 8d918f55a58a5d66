// Rows of locks and of what is built like one: taken and given back without contention.
#include "rows.hpp"
#include <harness/measure.hpp>

#include <optional>

namespace bifilar::experiments {

namespace {

constexpr std::uint64_t n = direct_operations;

// A row with three contenders: the try_ half, and the awaited half in both models. `Owner` is made once.
template <class Owner, class Once, class Step>
row three(std::string id, std::string title, Once once, Step step, std::vector<peer> peers) {
    return {std::move(id),
            std::move(title),
            n,
            n,
            {{"direct",
              [=] {
                  Owner o;
                  return direct(n, [&](std::uint64_t) { return once(o); });
              }},
             {"coroutine",
              [=] {
                  Owner o;
                  auto s = [&](std::uint64_t) { return step(o); };
                  return in_coroutine(n, s);
              }},
             {"fiber",
              [=] {
                  Owner o;
                  auto s = [&](std::uint64_t) { return step(o); };
                  return in_fiber(n, s);
              }}},
            std::move(peers)};
}

// Tokio has the half that never waits of its locks as well.
std::vector<peer> with_direct(const std::string& name) {
    const std::string count = std::to_string(n);
    std::vector<peer> peers = go_and_tokio({"op", name, count});
    peers.push_back(tokio({"op", name + "_try", count}));
    peers.back().column = "Tokio, direct";
    return peers;
}

class ten_permits {
public:
    semaphore permits{10};
};
class filled_cell {
public:
    filled_cell() { (void)cell.emplace(std::uint64_t{1}); }
    once_cell<std::uint64_t> cell;
};
class barrier_of_one {
public:
    barrier here{1};
};

// What each step makes anew; it has to stay until the step's wait is over.
template <class T>
class renewed {
public:
    template <class... Given>
    T& make(Given... given) {
        T& fresh = held_.emplace(given...);
        keep(&fresh);
        return fresh;
    }

private:
    std::optional<T> held_;
};
using renewed_cell = renewed<once_cell<std::uint64_t>>;
using renewed_notify = renewed<notify>;
using renewed_barrier = renewed<barrier>;

constexpr auto one = [] { return std::uint64_t{1}; };

// What is made once and then taken and given back.
std::vector<row> plain_locks() {
    std::vector<row> rows;
    rows.push_back(three<mutex>(
        "mutex", "mutex: lock and unlock", [](mutex& m) { return std::uint64_t{m.try_lock() ? 1U : 0U}; },
        [](mutex& m) { return m.lock(); }, with_direct("mutex")));
    rows.push_back(three<shared_mutex>(
        "rwlock_read", "shared_mutex: reader's lock and unlock",
        [](shared_mutex& m) { return std::uint64_t{m.try_lock_shared() ? 1U : 0U}; },
        [](shared_mutex& m) { return m.lock_shared(); }, with_direct("rwlock_read")));
    rows.push_back(three<shared_mutex>(
        "rwlock_write", "shared_mutex: writer's lock and unlock",
        [](shared_mutex& m) { return std::uint64_t{m.try_lock() ? 1U : 0U}; }, [](shared_mutex& m) { return m.lock(); },
        with_direct("rwlock_write")));
    rows.push_back(three<ten_permits>(
        "semaphore", "semaphore of 10: acquire and release",
        [](ten_permits& s) { return std::uint64_t{s.permits.try_acquire().count()}; },
        [](ten_permits& s) { return s.permits.acquire(); }, with_direct("semaphore")));
    return rows;
}

// Cells, notices and barriers, of which most are made for each use.
std::vector<row> small_things() {
    const std::string count = std::to_string(n);
    std::vector<row> rows;
    std::vector<peer> once = go_and_tokio({"op", "once_get", count});
    once.push_back(tokio({"op", "once_get_awaited", count}));
    once.back().column = "Tokio, awaited";
    rows.push_back(three<filled_cell>(
        "oncecell_get", "once_cell: get of a value that is there",
        [](filled_cell& c) {
            keep(&c);
            return *c.cell.get();
        },
        [](filled_cell& c) { return c.cell.get_or_init(one); }, std::move(once)));
    rows.push_back(three<renewed_cell>(
        "oncecell_set", "once_cell: construct and set",
        [](renewed_cell&) {
            once_cell<std::uint64_t> cell;
            const bool set = cell.emplace(std::uint64_t{1});
            keep(&cell);
            return std::uint64_t{set ? 1U : 0U};
        },
        [](renewed_cell& c) { return c.make().get_or_init(one); }, go_and_tokio({"op", "once_set", count})));
    rows.push_back(three<notify>(
        "notify", "notify: notify_one and a wait that finds it",
        [](notify& e) {
            e.notify_one();
            return std::uint64_t{e.try_wait() ? 1U : 0U};
        },
        [](notify& e) {
            e.notify_one();
            return e.wait();
        },
        go_and_tokio({"op", "notify", count})));
    rows.push_back(three<renewed_notify>(
        "notify_made", "the same, construction included",
        [](renewed_notify&) {
            notify e;
            keep(&e);
            e.notify_one();
            return std::uint64_t{e.try_wait() ? 1U : 0U};
        },
        [](renewed_notify& m) {
            notify& e = m.make();
            e.notify_one();
            return e.wait();
        },
        go_and_tokio({"op", "notify_made", count})));
    return rows;
}

std::vector<row> barriers() {
    const std::string count = std::to_string(n);
    std::vector<row> rows;
    rows.push_back(three<renewed_barrier>(
        "barrier", "barrier of 1: construct and pass as the leader",
        [](renewed_barrier&) {
            barrier b{1};
            keep(&b);
            return std::uint64_t{b.try_arrive() ? 1U : 0U};
        },
        [](renewed_barrier& m) { return m.make(1U).arrive_and_wait(); }, {tokio({"op", "barrier", count})}));
    rows.push_back(three<barrier_of_one>(
        "barrier_pass", "barrier of 1: pass as the leader",
        [](barrier_of_one& b) { return std::uint64_t{b.here.try_arrive() ? 1U : 0U}; },
        [](barrier_of_one& b) { return b.here.arrive_and_wait(); }, {tokio({"op", "barrier_pass", count})}));
    rows.push_back({"barrier_made",
                    "barrier of 1: construct",
                    n,
                    n,
                    {{"direct",
                      [] {
                          return direct(n, [](std::uint64_t) {
                              barrier b{1};
                              keep(&b);
                              return std::uint64_t{b.parties()};
                          });
                      }}},
                    {tokio({"op", "barrier_made", count})}});
    return rows;
}

}  // namespace

std::vector<row> lock_rows() {
    std::vector<row> rows = plain_locks();
    for (auto make : {&small_things, &barriers})
        for (row& each : make()) rows.push_back(std::move(each));
    return rows;
}

}  // namespace bifilar::experiments
