// The wait of a destructor for an operation that another thread's driver has.
#include "cancel_requests.hpp"

#include <bifilar/task/detail/parker.hpp>
#include <bifilar/task/detail/thread_state.hpp>

namespace bifilar::drivers {

void finish_elsewhere(const op& which) noexcept {
    detail::parker* const own = detail::this_thread().sleeps_in;
    while (!which.at_rest()) {
        // The other thread may wait in the same way for an operation of this thread's driver: if neither looked after
        // its own driver, they would wait for each other for ever.
        if (own != nullptr) own->poll();
        base::let_others_run();
    }
}

}  // namespace bifilar::drivers
