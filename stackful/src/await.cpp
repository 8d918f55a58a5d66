// Who may wait where.
#include <bifilar/stackful/await.hpp>

namespace bifilar::detail {

stackful::fiber* waiting_fiber() {
    const thread_state& here = this_thread();
    auto* const self = static_cast<stackful::fiber*>(here.fiber);
    if (self == nullptr && here.task.load(base::relaxed) != nullptr)  // Relaxed: this thread wrote it.
        throw std::logic_error{
            "await() inside a stackless task would block its worker; use co_await, or spawn on backend::stackful"};
    if (self != nullptr && self->polls())
        throw std::logic_error{
            "await() inside a future that a fiber polls; wait in the fiber itself, or give a coroutine as the future"};
    return self;
}

}  // namespace bifilar::detail
