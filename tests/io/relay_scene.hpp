// A stream that is spliced into another: who sends, who passes on, who receives.
#pragma once

#include <bifilar/io/net/splice_all.hpp>
#include "bytes.hpp"
#include "catch.hpp"
#include "io/stream_pair.hpp"

#include <fcntl.h>
#include <string>
#include <string_view>
#include <vector>

namespace tests {

inline bifilar::task<> produce(bifilar::tcp_stream& to, std::string_view text) {
    (void)co_await to.write_all(bytes_of(text));
    (void)to.shutdown_write();
}

// At most `at_once` bytes a read.
inline bifilar::task<std::string> consume(bifilar::tcp_stream& from, std::size_t at_once) {
    std::string all;
    std::vector<std::byte> buffer(at_once);
    while (const std::size_t got = (co_await from.read(buffer)).value_or(0))
        all += text_of({buffer.data(), got});
    co_return all;
}

inline bifilar::task<bifilar::copy_result> relay(bifilar::tcp_stream& from, bifilar::tcp_stream& to,
                                                 bifilar::splice_options options) {
    const bifilar::copy_result result = co_await bifilar::splice_all(from, to, options);
    (void)to.shutdown_write();
    co_return result;
}

inline bifilar::splice_options through(std::size_t pipe_bytes) {
    bifilar::splice_options options;
    options.pipe_bytes = pipe_bytes;
    return options;
}

/// Two connections with a relay to be made between them: it reads left.far and writes right.near.
struct relay_scene {
    relay_scene() = default;
    relay_scene(stream_pair one, stream_pair other) : left{std::move(one)}, right{std::move(other)} {}

    void passes(bifilar::backend model, const std::string& text, std::size_t pipe_bytes, std::size_t at_once) {
        auto sends = bifilar::spawn(model, produce, std::ref(left.near), std::string_view{text});
        auto relays = bifilar::spawn(model, relay, std::ref(left.far), std::ref(right.near), through(pipe_bytes));
        auto receives = bifilar::spawn(model, consume, std::ref(right.far), at_once);
        const bifilar::copy_result result = bifilar::await(std::move(relays));
        CHECK(result);
        CHECK(result.bytes == text.size());
        CHECK(result.side == bifilar::copy_side::none);
        const bool same = bifilar::await(std::move(receives)) == text;
        CHECK(same);
        bifilar::await(std::move(sends));
        // Blocking in the kernel's eyes, as before.
        for (const int one : {left.far.descriptor(), right.near.descriptor()})
            CHECK((::fcntl(one, F_GETFL) & O_NONBLOCK) == 0);
    }

    stream_pair left;
    stream_pair right;
};

}  // namespace tests
