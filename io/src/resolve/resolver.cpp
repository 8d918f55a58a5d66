// Resolvers and their futures, over the queue of lookups.
#include <bifilar/io/resolve/resolver.hpp>

#include <bifilar/base/detail/assert.hpp>
#include <bifilar/time/now.hpp>

#include "name_lookup.hpp"
#include "resolver_queue.hpp"

#include <utility>

namespace bifilar {

resolver::resolver(resolver_options options) : queue_{std::make_shared<detail::resolver_queue>(std::move(options))} {}

resolver::~resolver() { queue_->close(); }

resolve_future resolver::resolve(std::string_view host, std::string_view service) {
    return resolve_future{queue_, host, service};
}

void resolver::clear() noexcept { queue_->clear(); }

resolver_stats resolver::stats() const noexcept { return queue_->stats(); }

resolver& default_resolver() {
    // Never destroyed: its threads may be in the middle of a lookup when the process ends.
    static resolver& instance = *[] {
        const base::baton::aside no_simulation;  // Which it would outlive.
        return new resolver{resolver_options{.time_to_live = std::chrono::seconds{5},
                                             .negative_time_to_live = std::chrono::seconds{1}}};
    }();
    return instance;
}

resolve_future resolve(std::string_view host, std::string_view service) {
    return default_resolver().resolve(host, service);
}

resolve_future::resolve_future(std::shared_ptr<detail::resolver_queue> queue, std::string_view host,
                               std::string_view service)
    : queue_{std::move(queue)}, host_{host}, service_{service} {}

resolve_future::~resolve_future() {
    wait_.reset();
    if (asked_ != nullptr) queue_->leave(*asked_);
}

polled<resolve_future::output> resolve_future::poll(context& cx) {
    BIFILAR_CHECK(queue_ != nullptr, "a resolve_future was polled after it was moved from; poll the one it went to");
    if (asked_ == nullptr) {
        if (!cx.take_budget()) return not_ready;
        // What is a number already costs no thread and no place in the queue.
        if (std::optional<output> known = detail::look_up_numeric(host_, service_, queue_->options().old_addresses))
            return output{std::move(*known)};
        asked_ = queue_->ask(host_, service_, detail::timer_now_ns());
        wait_.emplace(asked_->answered());
    }
    if (!wait_->poll(cx)) return not_ready;
    // A copy: others may want it as well.
    return output{asked_->answer()};
}

}  // namespace bifilar
