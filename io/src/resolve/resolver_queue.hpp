// Where lookups wait for a thread, and where their answers are kept: the inside of a resolver.
// Shared by the resolver, its threads and all who wait, because any of them may be the last.
#pragma once

#include <bifilar/base/detail/atomic.hpp>
#include <bifilar/base/detail/baton.hpp>
#include <bifilar/base/detail/clock.hpp>
#include <bifilar/base/detail/intrusive_list.hpp>
#include <bifilar/base/detail/thread_condition.hpp>
#include <bifilar/io/resolve/resolver.hpp>
#include <memory>
#include <mutex>
#include <string>
#include <sys/types.h>
#include <unordered_map>

namespace bifilar::detail {

/// One question, from when it is asked until its answer is forgotten. Whoever asks the same gets the same lookup.
class lookup : public base::list_link<lookup>, public std::enable_shared_from_this<lookup> {
public:
    lookup(std::string host, std::string service, std::string key, base::instant_ns asked_at)
        : host_{std::move(host)}, service_{std::move(service)}, key_{std::move(key)}, asked_at_{asked_at} {}

    /// Set once, after which answer() may be read.
    [[nodiscard]] event& answered() noexcept { return answered_; }
    [[nodiscard]] const lookup_result& answer() const noexcept { return answer_; }

private:
    // All but the answer is the queue's, under its mutex.
    friend class resolver_queue;

    enum class place : std::uint8_t {
        queued,     ///< In the queue and the table.
        under_way,  ///< A thread has it. In the table, unless it was forgotten meanwhile.
        kept,       ///< Its answer is given again. In the table and in the list of those that are kept.
        gone,       ///< Not known any more.
    };

    const std::string host_;
    const std::string service_;
    const std::string key_;  // In the queue's table.
    const base::instant_ns asked_at_;
    lookup_result answer_;  // Written before the event is set by who sets it.
    event answered_;
    // Under the queue's mutex.
    place place_ = place::queued;
    std::size_t askers_ = 1;           // Futures that wait for it, or take its answer.
    base::instant_ns kept_until_ = 0;  // Once it is kept.
};

class resolver_queue : public std::enable_shared_from_this<resolver_queue> {
public:
    /// Throws as the resolver.
    explicit resolver_queue(resolver_options options);
    resolver_queue(const resolver_queue&) = delete;
    resolver_queue& operator=(const resolver_queue&) = delete;
    ~resolver_queue();

    /// The lookup that answers the question: one that is kept, one that is on its way, or a new one. The caller is one
    /// of its askers, and leaves it later. Any thread. Throws std::bad_alloc.
    [[nodiscard]] std::shared_ptr<lookup> ask(const std::string& host, const std::string& service,
                                              base::instant_ns now);
    /// One asker less. Drops a lookup that nobody waits for, as long as no thread has it. Any thread.
    void leave(lookup& one) noexcept;

    [[nodiscard]] const resolver_options& options() const noexcept { return options_; }
    void clear() noexcept;
    [[nodiscard]] resolver_stats stats() const noexcept;
    /// The resolver ends: so do idle threads, and others with the last lookup.
    void close() noexcept;

private:
    [[nodiscard]] bool in_forked_child() const noexcept;
    [[nodiscard]] lookup_result answer_to(const lookup& one) const noexcept;
    void serve() noexcept;
    void finish(lookup& one, lookup_result answer) noexcept;

    // All under the mutex.
    [[nodiscard]] std::shared_ptr<lookup> find(const std::string& key, base::instant_ns now) noexcept;
    [[nodiscard]] bool queue(lookup& one) noexcept;
    void start_thread();
    void keep(lookup& one) noexcept;
    void forget(lookup& one) noexcept;

    const resolver_options options_;
    // The process whose threads these are; 0 before it asked. Written by who asks first, and read by all, before the
    // mutex is taken, since a fork may have copied one that is taken.
    base::atomic<pid_t> process_{0};
    base::baton* const simulation_ = base::baton::here();  // That it was made in; null: none.
    mutable std::mutex mutex_;                             // Guards all below.
    base::thread_condition work_;
    std::unordered_map<std::string, std::shared_ptr<lookup>> known_;
    base::intrusive_list<lookup> queue_;
    base::intrusive_list<lookup> kept_;  // Oldest first.
    resolver_stats counts_;
    std::uint32_t idle_ = 0;  // Threads in wait; queued lookups that will wake one are not subtracted.
    bool closed_ = false;
};

}  // namespace bifilar::detail
