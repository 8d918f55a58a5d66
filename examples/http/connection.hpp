// One HTTP connection as a task, in either model.
#pragma once

#include "session.hpp"
#include <bifilar/bifilar.hpp>
#include <bifilar/runtime/serve.hpp>

namespace http {

/// Serves requests until one side ends the connection, a limit is exceeded or the server stops: then it finishes the
/// present request. `given` outlives it.
bifilar::task<> serve_connection(bifilar::tcp_stream stream, bifilar::serving server, const settings& given);
/// The same as plain code, for a fiber.
void serve_connection_on_fiber(bifilar::tcp_stream stream, bifilar::serving server, const settings& given);

}  // namespace http
