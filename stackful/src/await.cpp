// Who may wait where.
#include <bifilar/stackful/await.hpp>

namespace bifilar::detail {

void refuse_wait(bool polling) {
    if (polling)
        throw std::logic_error{
            "await() inside a future that a fiber polls; wait in the fiber itself, or give a coroutine as the future"};
    throw std::logic_error{
        "await() inside a stackless task would block its worker; use co_await, or spawn on backend::stackful"};
}

}  // namespace bifilar::detail
