// channel_core with the definitions of all its members: what the kinds of channels include.
#pragma once

#include <bifilar/channel/detail/channel_calls.hpp>  // IWYU pragma: export
#include <bifilar/channel/detail/channel_core.hpp>   // IWYU pragma: export
#include <bifilar/channel/detail/channel_place.hpp>  // IWYU pragma: export
#include <bifilar/channel/detail/channel_waits.hpp>  // IWYU pragma: export
