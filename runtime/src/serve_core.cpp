// The counts and the messages of a server, and what the errors of accept(2) mean.
#include <bifilar/runtime/detail/serve_core.hpp>

#include <bifilar/local/detail/local_store.hpp>
#include <bifilar/runtime/spawn.hpp>
#include <bifilar/sched/detail/scheduler.hpp>
#include <bifilar/task/outcome.hpp>
#include <bifilar/time/now.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <mutex>
#include <stdexcept>
#include <string>
#include <sys/resource.h>
#include <utility>

namespace bifilar::detail {
namespace {

serve_options check(serve_options options, std::size_t listeners) {
    if (listeners == 0) throw std::invalid_argument{"serve() was given no listener; give it at least one"};
    if (options.max_connections < listeners)
        throw std::invalid_argument{
            "serve_options::max_connections is " + std::to_string(options.max_connections) + " for " +
            std::to_string(listeners) +
            " listeners; each keeps one for its next connection, so give at least as many as there are listeners"};
    if (options.max_connections > semaphore::max_permits)
        throw std::invalid_argument{"serve_options::max_connections is " + std::to_string(options.max_connections) +
                                    "; give at most " + std::to_string(semaphore::max_permits)};
    return options;
}

}  // namespace

std::uint32_t connections_within_limit() noexcept {
    // Half of the descriptors, see serve_options::max_connections.
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) limit.rlim_cur = 1024;  // What systems begin with.
    return static_cast<std::uint32_t>(std::clamp<rlim_t>(limit.rlim_cur / 2, 1, semaphore::max_permits));
}

accept_failure judge_accept(std::error_code error) noexcept {
    // Categories are told apart by their addresses; UBSan cannot look into those of the standard library.
    if (&error.category() != &std::generic_category() && &error.category() != &std::system_category())
        return accept_failure::fatal;
    switch (error.value()) {
        case EMFILE:
        case ENFILE:
        case ENOBUFS:
        case ENOMEM:
        case ENOSPC:  // No more watches of epoll: fs.epoll.max_user_watches.
            return accept_failure::exhausted;
        case EBADF:
        case EFAULT:
        case EINVAL:
        case ENOTSOCK:
        case EBUSY:  // Another task accepts there.
            return accept_failure::fatal;
        default:
            // ECONNABORTED, EPROTO, EPERM of a firewall, and the errors of the network that Linux passes on.
            return accept_failure::passing;
    }
}

serve_core::serve_core(serve_options options, std::size_t listeners)
    : options_{check(std::move(options), listeners)},
      listeners_{listeners},
      room_{options_.max_connections},
      budget_{options_.budget_bytes} {}

spawn_options serve_core::connection_task() const {
    spawn_options how;
    how.on = options_.on;
    how.stack_bytes = options_.stack_bytes;
    how.name = options_.name;
    return how;
}

spawn_options serve_core::accepting_task(std::size_t n) const {
    spawn_options how;
    // Spread over the workers, so that the drivers of several wait for connections.
    if (listeners_ > 1) how.worker = static_cast<std::uint32_t>(n % current_scheduler("serve").workers());
    if (!options_.name.name().empty()) how.name = options_.name.name() + " (accepting)";
    return how;
}

void serve_core::fail(std::error_code error) noexcept {
    {
        const std::lock_guard guard{lock_};
        if (!error_) error_ = error;
    }
    // Outside of the lock, and behind the error, which whoever this wakes will tell.
    broken_.set();
}

void serve_core::note_exhausted(std::error_code error) noexcept {
    exhausted_.fetch_add(1, base::relaxed);               // Relaxed: a count, read when its writers have ended.
    constexpr base::instant_ns quiet_ns = 2'000'000'000;  // A second of success, and a pause before it.
    // A simulated clock may stand at 0, which means "never" here.
    const base::instant_ns now = std::max<base::instant_ns>(timer_now_ns(), 1);
    // Relaxed: decides about a message, orders nothing.
    const base::instant_ns before = exhausted_at_.exchange(now, base::relaxed);
    if (before != 0 && now - before < quiet_ns) return;
    if (options_.on_exhausted)
        options_.on_exhausted(error);
    else
        std::fprintf(stderr,
                     "bifilar: serve: cannot accept: %s; new connections wait until others end; raise the limit "
                     "(ulimit -n), or lower max_connections\n",
                     error.message().c_str());
}

// Relaxed, all: counts, read when their writers have ended.
void serve_core::note_accepted() noexcept { accepted_.fetch_add(1, base::relaxed); }
void serve_core::note_refused() noexcept { refused_.fetch_add(1, base::relaxed); }
void serve_core::note_ended() noexcept { ended_.fetch_add(1, base::relaxed); }
void serve_core::note_failed() noexcept { failed_.fetch_add(1, base::relaxed); }
// Relaxed: a number, no more.
std::uint64_t serve_core::next_number() noexcept { return numbered_.fetch_add(1, base::relaxed) + 1; }

void serve_core::report(std::exception_ptr error) const noexcept {
    // One connection's failure does not end the server.
    if (options_.on_error) {
        options_.on_error(std::move(error));
        return;
    }
    const std::string& name = options_.name.name();
    const char* const who = name.empty() ? "a connection" : name.c_str();
    try {
        std::rethrow_exception(std::move(error));
    } catch (const std::exception& known) {
        std::fprintf(stderr, "bifilar: serve: %s ended with an exception: %s\n", who, known.what());
    } catch (...) {
        std::fprintf(stderr, "bifilar: serve: %s ended with an exception of unknown type\n", who);
    }
}

serve_report serve_core::finish(std::vector<task_description> left) {
    serve_report made;
    // Relaxed, all: the writers have ended, and the wait for that has ordered what they wrote.
    made.accepted = accepted_.load(base::relaxed);
    made.ended = ended_.load(base::relaxed);
    made.failed = failed_.load(base::relaxed);
    // What ended in neither way was cancelled.
    made.cancelled = made.accepted - made.ended - made.failed;
    made.refused = refused_.load(base::relaxed);
    made.exhausted = exhausted_.load(base::relaxed);
    const std::lock_guard guard{lock_};
    made.error = error_;
    made.left = std::move(left);
    return made;
}

connection_place::connection_place(serve_core& in, semaphore::permit room) noexcept
    : in_{&in}, number_{in.next_number()}, room_{std::move(room)} {
    // Before its task exists, so that serve() waits for it from here on.
    in.alive().add();
}

connection_place::~connection_place() {
    if (in_ == nullptr) return;
    room_.release();
    // One that found no task has freed nothing: those that pause for want of it would go on at once, and find none.
    if (has_task_) in_->freed().notify_one();
    // The last touch but for the task's own end, for which serve() waits besides.
    in_->alive().done();
}

void connection_place::end() noexcept { in_->note_ended(); }

void connection_place::fail() {
    try {
        throw;
    } catch (const cancelled&) {
        throw;
    } catch (...) {
        // It has waited for a task that was cancelled, and was asked to end itself.
        if (ends_as_cancelled()) throw;
        in_->note_failed();
        in_->report(std::current_exception());
    }
}

}  // namespace bifilar::detail
