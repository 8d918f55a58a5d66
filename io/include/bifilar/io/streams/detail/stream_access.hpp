// What the library does with a stream and no application may: make one of what it is made of, and reach its source.
#pragma once

#include <bifilar/drivers/contract/detail/io_source.hpp>
#include <utility>

namespace bifilar::detail {

/// The one friend of each stream.
struct stream_access {
    template <class Stream, class From>
    [[nodiscard]] static Stream make(From&& from) {
        return Stream{std::forward<From>(from)};
    }
    template <class Stream>
    [[nodiscard]] static drivers::io_source& source_of(const Stream& stream) noexcept {
        return stream.source();
    }
};

}  // namespace bifilar::detail
