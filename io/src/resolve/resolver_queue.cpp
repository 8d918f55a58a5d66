// One mutex is enough: what it guards takes a microsecond, and a lookup a thousand.
#include "resolver_queue.hpp"

#include "name_lookup.hpp"

#include <bifilar/base/detail/baton.hpp>
#include <bifilar/base/detail/signals_blocked.hpp>
#include <bifilar/base/detail/wait_for_work.hpp>

#include <algorithm>
#include <stdexcept>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace bifilar::detail {
namespace {

constexpr std::chrono::seconds idle_threads_stay{10};

// Names are compared without case, in ASCII, as name servers do.
std::string key_of(const std::string& host, const std::string& service) {
    std::string key = host;
    std::ranges::transform(key, key.begin(),
                           [](char one) { return one >= 'A' && one <= 'Z' ? static_cast<char>(one + 32) : one; });
    // A zero byte is in neither, so no two questions have the same key.
    key.push_back('\0');
    return key += service;
}

// Whether a failure says something about the name, and not about the moment.
bool lasts(const std::error_code& error) noexcept {
    return error == resolve_errc::no_such_host || error == resolve_errc::no_address ||
           error == resolve_errc::unknown_service;
}

resolver_options check(resolver_options options) {
    if (options.max_at_once == 0)
        throw std::invalid_argument{"resolver_options::max_at_once is 0; give at least 1, or leave the default of 32"};
    if (options.time_to_live.count() < 0 || options.negative_time_to_live.count() < 0)
        throw std::invalid_argument{"a time to live in resolver_options is negative; give 0 to keep no answers"};
    if (!options.look_up) options.look_up = &look_up;
    return options;
}

}  // namespace

resolver_queue::resolver_queue(resolver_options options) : options_{check(std::move(options))} {}

resolver_queue::~resolver_queue() {
    // Threads share this and leave an empty queue; futures may still share what is kept.
    while (kept_.take_front() != nullptr) {
    }
}

bool resolver_queue::in_forked_child() const noexcept {
    // Relaxed: the number says nothing about other memory.
    const pid_t owner = process_.load(base::relaxed);
    return owner != 0 && owner != ::getpid();
}

std::shared_ptr<lookup> resolver_queue::ask(const std::string& host, const std::string& service, base::instant_ns now) {
    std::string key = key_of(host, service);
    const auto refuse = [&](resolve_errc why) {
        auto refused = std::make_shared<lookup>(host, service, std::move(key), now);
        refused->place_ = lookup::place::gone;
        refused->answer_ = std::unexpected{make_error_code(why)};
        refused->answered_.set();
        return refused;
    };
    if (in_forked_child()) return refuse(resolve_errc::forked);
    if (base::baton* const here = base::baton::here(); here != nullptr && here != simulation_)
        throw std::logic_error{
            "a task of a simulation asks a resolver from outside, whose threads answer when they like; give it a "
            "resolver that is made in the simulation, with a look_up of its own"};
    // Before the mutex is taken for the first time: a child that is forked meanwhile has a copy that nobody unlocks.
    pid_t none = 0;
    // Relaxed: as in in_forked_child.
    if (process_.load(base::relaxed) == 0) process_.compare_exchange_strong(none, ::getpid(), base::relaxed);
    std::unique_lock lock{mutex_};
    if (std::shared_ptr<lookup> known = find(key, now)) return known;
    // Without a sum of the two limits, which may be the greatest that there are.
    const std::size_t asked = counts_.queued + counts_.under_way;
    if (asked >= options_.max_at_once && asked - options_.max_at_once >= options_.max_queued) {
        ++counts_.refused;
        return refuse(resolve_errc::too_many);
    }
    auto made = std::make_shared<lookup>(host, service, key, now);
    known_.emplace(std::move(key), made);
    const bool queued = queue(*made);
    lock.unlock();
    // Without the mutex, on which the woken thread would sleep again.
    if (queued) work_.notify_one();
    return made;
}

std::shared_ptr<lookup> resolver_queue::find(const std::string& key, base::instant_ns now) noexcept {
    const auto at = known_.find(key);
    if (at == known_.end()) return nullptr;
    lookup& one = *at->second;
    // What was asked for in the future was asked for by another clock.
    if (one.place_ == lookup::place::kept && (now < one.asked_at_ || now >= one.kept_until_)) {
        forget(one);
        return nullptr;
    }
    ++(one.place_ == lookup::place::kept ? counts_.kept : counts_.shared);
    ++one.askers_;
    return at->second;
}

// False when there is no thread that could take it: it is answered with the reason.
bool resolver_queue::queue(lookup& one) noexcept {
    queue_.push_back(one);
    ++counts_.queued;
    // One thread more when every waiting thread has a lookup already.
    if (idle_ < counts_.queued && counts_.threads < options_.max_at_once) {
        try {
            start_thread();
        } catch (const std::system_error& error) {
            // The lookup waits for a thread that exists; without any it would wait for ever.
            if (counts_.threads != 0) return true;
            one.answer_ = std::unexpected{error.code()};
        } catch (...) {
            if (counts_.threads != 0) return true;
            one.answer_ = std::unexpected{make_error_code(resolve_errc::out_of_memory)};
        }
        if (!one.answer_) {
            --counts_.queued;
            queue_.erase(one);
            forget(one);
            one.answered_.set();
            return false;
        }
    }
    return true;
}

void resolver_queue::start_thread() {
    const base::signals_blocked none_of_ours;
    base::make_thread(base::baton::role::resolver, [self = shared_from_this()] { self->serve(); }).detach();
    // Under the mutex, which the new thread takes first, so it does not count itself off before.
    ++counts_.threads;
}

void resolver_queue::leave(lookup& one) noexcept {
    // Nobody else is left in a child that could hold the mutex, or let go of it.
    if (in_forked_child()) return;
    const std::lock_guard guard{mutex_};
    // What a thread has goes on, and its answer is kept for others.
    if (--one.askers_ != 0 || one.place_ != lookup::place::queued) return;
    --counts_.queued;
    queue_.erase(one);
    forget(one);
}

// NOLINTNEXTLINE(bugprone-exception-escape): what is queued is shared, and nobody holds the mutex twice.
void resolver_queue::serve() noexcept {
    std::unique_lock lock{mutex_};
    for (;;) {
        ++idle_;
        // A simulation ends with all its threads, so there they do not stay.
        if (base::baton::here() == nullptr)
            base::wait_for_work(work_, lock, idle_threads_stay, [this] { return !queue_.empty() || closed_; });
        --idle_;
        lookup* const next = queue_.take_front();
        if (next == nullptr) break;
        // A share of its own: askers may leave, and the table may forget it, while it is looked up.
        const std::shared_ptr<lookup> one = next->shared_from_this();
        one->place_ = lookup::place::under_way;
        --counts_.queued;
        ++counts_.under_way;
        ++counts_.lookups;
        lock.unlock();
        finish(*one, answer_to(*one));
        lock.lock();
    }
    --counts_.threads;
}

lookup_result resolver_queue::answer_to(const lookup& one) const noexcept {
    try {
        lookup_result answer = options_.look_up(one.host_, one.service_);
        if (answer && answer->empty()) return std::unexpected{make_error_code(resolve_errc::no_address)};
        return answer;
    } catch (...) {
        return std::unexpected{make_error_code(resolve_errc::out_of_memory)};
    }
}

void resolver_queue::finish(lookup& one, lookup_result answer) noexcept {
    {
        const std::lock_guard guard{mutex_};
        one.answer_ = std::move(answer);
        --counts_.under_way;
        // Not where clear() has forgotten it meanwhile.
        if (one.place_ == lookup::place::under_way) keep(one);
    }
    // After the mutex: it wakes tasks.
    one.answered_.set();
}

void resolver_queue::keep(lookup& one) noexcept {
    std::chrono::nanoseconds time = options_.time_to_live;
    if (!one.answer_) time = lasts(one.answer_.error()) ? options_.negative_time_to_live : std::chrono::nanoseconds{0};
    if (time.count() == 0 || options_.max_entries == 0) return forget(one);
    // The oldest answer makes room.
    if (counts_.entries == options_.max_entries) forget(*kept_.front());
    one.kept_until_ = base::after(one.asked_at_, time);
    one.place_ = lookup::place::kept;
    kept_.push_back(one);
    ++counts_.entries;
}

void resolver_queue::forget(lookup& one) noexcept {
    if (one.place_ == lookup::place::kept) {
        kept_.erase(one);
        --counts_.entries;
    }
    one.place_ = lookup::place::gone;
    // Found first: the key may go with the table's share of the lookup.
    known_.erase(known_.find(one.key_));
}

void resolver_queue::clear() noexcept {
    if (in_forked_child()) return;
    const std::lock_guard guard{mutex_};
    std::erase_if(known_, [this](const auto& pair) {
        lookup& one = *pair.second;
        // Somebody waits for it, and no thread has asked yet: its answer will be a new one.
        if (one.place_ == lookup::place::queued) return false;
        if (one.place_ == lookup::place::kept) {
            kept_.erase(one);
            --counts_.entries;
        }
        one.place_ = lookup::place::gone;
        return true;
    });
}

resolver_stats resolver_queue::stats() const noexcept {
    if (in_forked_child()) return {};
    const std::lock_guard guard{mutex_};
    return counts_;
}

void resolver_queue::close() noexcept {
    if (in_forked_child()) return;
    const std::lock_guard guard{mutex_};
    closed_ = true;
    work_.notify_all();
}

}  // namespace bifilar::detail
