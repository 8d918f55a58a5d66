// What accepting is, without its type.
#include <bifilar/io/net/socket_accept_future.hpp>

#include <bifilar/drivers/contract/detail/io_source.hpp>

namespace bifilar::detail {

std::optional<io_result<drivers::source_ptr>> accept_wait::poll(context& cx) {
    const drivers::call_result result = wait_.poll(cx);
    if (!result) return std::nullopt;
    if (*result < 0) return io_failure(-*result);
    return drivers::try_make_source(owned_descriptor{*result});
}

accept_wait::~accept_wait() {
    wait_.end();
    if (const std::optional<int> left = wait_.finished(); left && *left >= 0) owned_descriptor{*left}.reset();
}

}  // namespace bifilar::detail
