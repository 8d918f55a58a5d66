// Rows that threads have as well, by what C++ or POSIX gives them for it.
// Without contention on one pinned thread, like "direct"; else a thread for each task, on the workers' processors.
#include <semaphore.h>

#include <atomic>
#include <barrier>
#include <condition_variable>
#include <future>
#include <harness/locked_queue.hpp>
#include <harness/measure.hpp>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <thread>

#include "rows.hpp"

namespace bifilar::experiments {

namespace {

constexpr std::uint64_t n = direct_operations;
constexpr auto capacity = static_cast<std::size_t>(channel_operations);

// Not std::counting_semaphore: with that of libstdc++ 12 a thread may sleep for ever beside free permits (GCC's bug
// 104928), which eight threads at two permits soon do.
class thread_semaphore {
public:
    explicit thread_semaphore(unsigned permits) { (void)sem_init(&permits_, 0, permits); }
    thread_semaphore(const thread_semaphore&) = delete;
    thread_semaphore& operator=(const thread_semaphore&) = delete;
    ~thread_semaphore() { (void)sem_destroy(&permits_); }

    // For std::lock_guard. Nothing interrupts a wait here: no signal has a handler.
    void lock() { (void)sem_wait(&permits_); }
    void unlock() { (void)sem_post(&permits_); }

private:
    sem_t permits_;
};

class thread_notify {
public:
    void notify_one() {
        {
            const std::lock_guard held{lock_};
            told_ = true;
        }
        heard_.notify_one();
    }
    void wait() {
        std::unique_lock held{lock_};
        heard_.wait(held, [this] { return told_; });
        told_ = false;
    }

private:
    std::mutex lock_;  // Guards told_.
    std::condition_variable heard_;
    bool told_ = false;
};

std::uint64_t notify_and_wait(thread_notify& of) {
    keep(&of);
    of.notify_one();
    of.wait();
    return 1;
}

template <class Lock>
std::uint64_t lock_and_unlock(Lock& of) {
    const std::lock_guard held{of};
    keep(&of);
    return 1;
}

sample shared_lock_and_unlock() {
    std::shared_mutex of;
    return direct(n, [&](std::uint64_t) {
        const std::shared_lock held{of};
        return std::uint64_t{held.owns_lock() ? 1U : 0U};
    });
}

// A step takes what was made once.
template <class Owner, class Once, class... Given>
sample made_once(Once once, Given... given) {
    Owner o{given...};
    return direct(n, [&](std::uint64_t) { return once(o); });
}

std::uint64_t pass(std::barrier<>& at) {
    keep(&at);
    at.arrive_and_wait();
    return 1;
}

// A tenth of the others' oneshots, because each takes two allocations; each counts for ten.
sample oneshots() {
    sample tenth = direct(n / 10, [](std::uint64_t) {
        std::promise<std::uint64_t> sender;
        std::future<std::uint64_t> receiver = sender.get_future();
        sender.set_value(1);
        return receiver.get();
    });
    tenth.answer *= 10;
    return tenth;
}

// Fills a queue, then empties it; `sends`: the first half is the figure.
sample half_of_queue(bool sends) {
    const pinned here{1};
    locked_queue<std::uint64_t> through{capacity};
    const counting_stopwatch sending;
    for (std::uint64_t at = 0; at < capacity; ++at) through.send(1);
    sample sent = sending.stop(capacity, 0);
    const counting_stopwatch receiving;
    for (std::uint64_t at = 0; at < capacity; ++at) sent.answer += *through.recv();
    const sample received = receiving.stop(capacity, sent.answer);
    return sends ? sent : received;
}

// As together() in contended.cpp, with a thread a task. What the threads want is made anew for each time.
template <class Wanted, class Body>
sample together(std::size_t threads, std::uint64_t operations, Body body) {
    const pinned here{2};
    const auto once = [&] {
        Wanted wanted;
        std::atomic<std::uint64_t> counted{0};
        std::vector<std::jthread> all;
        all.reserve(threads);
        const counting_stopwatch watch;
        for (std::size_t me = 0; me < threads; ++me) all.emplace_back([&, me] { body(wanted, me, counted); });
        for (std::jthread& one : all) one.join();
        return watch.stop(operations, counted);
    };
    (void)once();
    return once();
}

struct two_permits : thread_semaphore {
    two_permits() : thread_semaphore{2} {}
};

// Of what suspends, threads do a tenth, because each of their suspensions is a switch of the kernel's.
constexpr std::uint64_t share(std::uint64_t operations, bool suspends) {
    return suspends ? operations / 10 : operations;
}

// hold(wanted, me, inside) calls inside() while it has what is wanted.
template <class Wanted, class Hold>
sample contend(std::size_t threads, bool suspends, Hold hold) {
    const std::uint64_t whole = contended_operations / threads;
    const std::uint64_t each = share(whole, suspends);
    const auto body = [=](Wanted& wanted, std::size_t me, std::atomic<std::uint64_t>& counted) {
        const auto inside = [&] {
            counted.fetch_add(1, std::memory_order_relaxed);
            if (suspends) std::this_thread::yield();
        };
        for (std::uint64_t at = 0; at < each; ++at) hold(wanted, me, inside);
    };
    sample got = together<Wanted>(threads, each * threads, body);
    got.answer = got.answer * whole / each;
    return got;
}

template <class Wanted>
sample contend_for(std::size_t threads, bool suspends) {
    return contend<Wanted>(threads, suspends, [](Wanted& wanted, std::size_t, const auto& inside) {
        const std::lock_guard held{wanted};
        inside();
    });
}

sample readers_and_writers(bool suspends) {
    return contend<std::shared_mutex>(6, suspends, [](std::shared_mutex& lock, std::size_t me, const auto& inside) {
        if (me < 4) {
            const std::shared_lock held{lock};
            inside();
        } else {
            const std::lock_guard held{lock};
            inside();
        }
    });
}

struct conversation {
    locked_queue<std::uint64_t> through{1000};
    std::atomic<int> sending{4};  // The last one closes.
};

sample mpmc(bool suspends) {
    const std::uint64_t messages = share(contended_operations, suspends);
    const auto talk = [=](conversation& in, std::size_t me, std::atomic<std::uint64_t>& counted) {
        if (me % 2 == 0) {
            for (std::uint64_t m = 0; m < messages / 4; ++m) in.through.send(1);
            if (in.sending.fetch_sub(1) == 1) in.through.close();
            return;
        }
        std::uint64_t sum = 0;
        while (const auto value = in.through.recv()) {
            sum += *value;
            if (suspends) std::this_thread::yield();
        }
        counted += sum;
    };
    sample got = together<conversation>(8, messages, talk);
    got.answer = got.answer * contended_operations / messages;
    return got;
}

constexpr std::size_t parties = 8;

struct barrier_of_eight {
    std::barrier<> here{parties};
};

// A tenth of the others' meetings, because a meeting of threads takes so long; each counts for ten.
sample meetings_of_eight() {
    constexpr std::uint64_t meetings = contended_operations / 10;
    const auto meet = [](barrier_of_eight& at, std::size_t, std::atomic<std::uint64_t>& counted) {
        for (std::uint64_t meeting = 0; meeting < meetings; ++meeting) at.here.arrive_and_wait();
        counted += meetings;
    };
    sample met = together<barrier_of_eight>(parties, meetings, meet);
    met.answer = met.answer / parties * 10;
    return met;
}

using by_row = std::map<std::string, std::function<sample()>>;

by_row without_contention() {
    return {
        {"mutex", [] { return made_once<std::mutex>(lock_and_unlock<std::mutex>); }},
        {"rwlock_read", shared_lock_and_unlock},
        {"rwlock_write", [] { return made_once<std::shared_mutex>(lock_and_unlock<std::shared_mutex>); }},
        {"semaphore", [] { return made_once<thread_semaphore>(lock_and_unlock<thread_semaphore>, 10U); }},
        {"notify", [] { return made_once<thread_notify>(notify_and_wait); }},
        {"notify_made",
         [] {
             return direct(n, [](std::uint64_t) {
                 thread_notify made;
                 return notify_and_wait(made);
             });
         }},
        {"barrier",
         [] {
             return direct(n, [](std::uint64_t) {
                 std::barrier<> made{1};
                 return pass(made);
             });
         }},
        {"barrier_pass", [] { return made_once<std::barrier<>>(pass, 1); }},
        {"channel_send", [] { return half_of_queue(true); }},
        {"channel_recv", [] { return half_of_queue(false); }},
        {"channel_roundtrip",
         [] {
             return made_once<locked_queue<std::uint64_t>>(
                 [](locked_queue<std::uint64_t>& one) {
                     one.send(1);
                     return *one.recv();
                 },
                 1U);
         }},
        {"oneshot", oneshots},
    };
}

by_row with_contention() {
    by_row rows{{"barrier_of_eight", meetings_of_eight}};
    for (const bool suspends : {false, true}) {
        const std::string end = suspends ? "_suspended" : "";
        rows["channel_mpmc" + end] = [=] { return mpmc(suspends); };
        rows["mutex_contended" + end] = [=] { return contend_for<std::mutex>(4, suspends); };
        rows["rwlock_contended" + end] = [=] { return readers_and_writers(suspends); };
        rows["semaphore_contended" + end] = [=] { return contend_for<two_permits>(8, suspends); };
    }
    return rows;
}

}  // namespace

void add_threads(std::vector<row>& rows) {
    by_row all = without_contention();
    all.merge(with_contention());
    for (row& one : rows) {
        const auto found = all.find(one.id);
        if (found != all.end()) one.contenders.push_back({"thread", found->second});
    }
}

}  // namespace bifilar::experiments
