// What a blocking pool runs, apart from the pool: those who only hand in jobs need none of its threads and locks.
#pragma once

#include <bifilar/base/detail/clock.hpp>
#include <bifilar/base/detail/language.hpp>
#include <bifilar/base/detail/plain.hpp>

namespace bifilar::sched {

class blocking_pool;

/// One thing to do. Intrusive: it must live until `run` was called, which happens once, or until it was withdrawn.
class blocking_job {
public:
    blocking_job() noexcept = default;
    blocking_job(const blocking_job&) = delete;
    blocking_job& operator=(const blocking_job&) = delete;
    virtual ~blocking_job() = default;
    /// On a pool's thread. May block; the job may free itself.
    virtual void run() noexcept = 0;

    base::plain<blocking_job*> next_{nullptr};       ///< The pool's, while the job is queued.
    base::plain<base::instant_ns> queued_at_ns_{0};  ///< Likewise, where the pool measures.
};

/// blocking_pool::submit.
void submit(blocking_pool& to, blocking_job& job);

}  // namespace bifilar::sched
