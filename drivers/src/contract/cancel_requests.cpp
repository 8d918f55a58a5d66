// The wait of a destructor for an operation that another thread's driver has.
#include "cancel_requests.hpp"

#include <bifilar/task/detail/parker.hpp>
#include <bifilar/task/detail/thread_state.hpp>

namespace bifilar::drivers {

void finish_elsewhere(const op& which) noexcept {
    parker* const own = this_thread().sleeps_in;
    while (!which.at_rest()) {
        if (own != nullptr) own->poll();
        base::yield_thread();
    }
}

}  // namespace bifilar::drivers
