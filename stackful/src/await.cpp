// Who may wait where.
#include <bifilar/stackful/await.hpp>

namespace bifilar::detail {

stackful::fiber* waiting_fiber() {
    const thread_state& here = this_thread();
    auto* const self = static_cast<stackful::fiber*>(here.fiber);
    if (self == nullptr && here.task.load(base::relaxed) != nullptr)  // Relaxed: this thread wrote it.
        throw std::logic_error{
            "await() inside a stackless task would block its worker; use co_await, or spawn on backend::stackful"};
    return self;
}

}  // namespace bifilar::detail
