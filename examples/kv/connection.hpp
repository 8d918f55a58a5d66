// One client's connection in both models.
#pragma once

#include "access.hpp"
#include "limits.hpp"
#include "store.hpp"

#include <bifilar/bifilar.hpp>

namespace kv {

/// What all connections share. Outlives them.
struct server_state {
    explicit server_state(limits most, access who) : most{most}, who{std::move(who)} {}

    const limits most;
    const access who;
    store data{most.data_bytes};
    bifilar::byte_budget input{most.input_bytes};
};

bifilar::task<> converse(bifilar::tcp_stream stream, bifilar::serving server, server_state& in);
void converse_in_fiber(bifilar::tcp_stream stream, bifilar::serving server, server_state& in);

/// Removes keys that have ended, also where nobody asks for them. Never ready.
bifilar::task<> drop_ended_keys(store& from);

}  // namespace kv
