// Operations by their kinds, where it is not for each request.
#include "operations.hpp"

#include <bifilar/drivers/contract/detail/op_name.hpp>
#include <bifilar/task/detail/type_name.hpp>

#include <array>
#include <cerrno>
#include <utility>

namespace bifilar::drivers {

int recv_pooled_operation::call_on_heap(const op& which) noexcept {
    // Those who have the pool's buffers may keep them for long, so nobody waits for one.
    received_bytes lent = buffer_pool::lend_heap();
    std::byte* const room = buffer_pool::room_in(lent);
    if (room == nullptr) return -ENOMEM;
    const int result = receive_now(which.source->descriptor(), room, which.arguments.bytes(), 0);
    if (result > 0) {
        buffer_pool::fill(lent, static_cast<std::size_t>(result));
        which.arguments.target() = std::move(lent);
    }
    return result;
}

int call_others(const op& which) noexcept {
    int result = -EOPNOTSUPP;  // Of what the kernel alone makes.
    with_operation(
        which.kind,
        [&]<class Operation>(Operation) {
            constexpr bool calls = requires { Operation::call(which); };
            static_assert(calls == (Operation::waits != ring_wait::multishot),
                          "an operation has a call exactly if it does not leave it to the kernel");
            static_assert(is_multishot(Operation::kind) == (Operation::waits == ring_wait::multishot),
                          "is_multishot names what a ring completes again and again");
            if constexpr (calls) result = Operation::call(which);
        },
        operations{});
    return result;
}

short poll_events(op_kind kind) noexcept {
    // The direction, unless the operation waits for more than that.
    short events = reads(kind) ? POLLIN : POLLOUT;
    with_operation(
        kind,
        [&]<class Operation>(Operation) {
            if constexpr (requires { Operation::events; }) events = Operation::events;
        },
        operations{});
    return events;
}

std::string_view name_of(op_kind kind) noexcept {
    std::string_view name = "file_call";
    with_operation(
        kind,
        [&]<class Operation>(Operation) {
            constexpr std::string_view type = bifilar::detail::type_name<Operation>;
            constexpr std::size_t begin = type.rfind(':') + 1;
            static_assert(type.ends_with("_operation"), "an operation is called as its kind");
            name = type.substr(begin, type.rfind('_') - begin);
        },
        operations{});
    return name;
}

void visit_operation(task_visitor& to, std::string_view future, op_kind kind, const io_source& on) noexcept {
    to.visit_wait(future, std::array{wait_fact::object(&on), wait_fact::descriptor(on.descriptor()),
                                     wait_fact::word("operation", name_of(kind))});
}

int try_now(const op& which) noexcept { return call_now(which); }

int attempt(const op& which) noexcept { return attempt_now(which); }

}  // namespace bifilar::drivers
