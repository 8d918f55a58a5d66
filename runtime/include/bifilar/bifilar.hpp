// Everything an application includes.
#pragma once

#if __cplusplus < 202100L
#error "bifilar needs C++23: compile with -std=c++23, or set CMAKE_CXX_STANDARD to 23"
#endif

#include <bifilar/channel/broadcast.hpp>             // IWYU pragma: export
#include <bifilar/channel/channel.hpp>               // IWYU pragma: export
#include <bifilar/channel/oneshot.hpp>               // IWYU pragma: export
#include <bifilar/channel/unbounded_channel.hpp>     // IWYU pragma: export
#include <bifilar/channel/watch.hpp>                 // IWYU pragma: export
#include <bifilar/core/block_on.hpp>                 // IWYU pragma: export
#include <bifilar/core/future_set.hpp>               // IWYU pragma: export
#include <bifilar/core/join_all.hpp>                 // IWYU pragma: export
#include <bifilar/core/join_range.hpp>               // IWYU pragma: export
#include <bifilar/core/map.hpp>                      // IWYU pragma: export
#include <bifilar/core/race.hpp>                     // IWYU pragma: export
#include <bifilar/core/ready.hpp>                    // IWYU pragma: export
#include <bifilar/core/shield.hpp>                   // IWYU pragma: export
#include <bifilar/core/stop.hpp>                     // IWYU pragma: export
#include <bifilar/core/task_local.hpp>               // IWYU pragma: export
#include <bifilar/core/yield.hpp>                    // IWYU pragma: export
#include <bifilar/drivers/buffered_reader.hpp>       // IWYU pragma: export
#include <bifilar/drivers/buffered_writer.hpp>       // IWYU pragma: export
#include <bifilar/drivers/command.hpp>               // IWYU pragma: export
#include <bifilar/drivers/command_output.hpp>        // IWYU pragma: export
#include <bifilar/drivers/connect.hpp>               // IWYU pragma: export
#include <bifilar/drivers/copy.hpp>                  // IWYU pragma: export
#include <bifilar/drivers/copy_bidirectional.hpp>    // IWYU pragma: export
#include <bifilar/drivers/ctrl_c.hpp>                // IWYU pragma: export
#include <bifilar/drivers/directory.hpp>             // IWYU pragma: export
#include <bifilar/drivers/directory_walk.hpp>        // IWYU pragma: export
#include <bifilar/drivers/file.hpp>                  // IWYU pragma: export
#include <bifilar/drivers/file_system.hpp>           // IWYU pragma: export
#include <bifilar/drivers/pipe.hpp>                  // IWYU pragma: export
#include <bifilar/drivers/process.hpp>               // IWYU pragma: export
#include <bifilar/drivers/resolver.hpp>              // IWYU pragma: export
#include <bifilar/drivers/send_file.hpp>             // IWYU pragma: export
#include <bifilar/drivers/signal_set.hpp>            // IWYU pragma: export
#include <bifilar/drivers/simulated_kernel.hpp>      // IWYU pragma: export
#include <bifilar/drivers/splice.hpp>                // IWYU pragma: export
#include <bifilar/drivers/splice_all.hpp>            // IWYU pragma: export
#include <bifilar/drivers/splice_bidirectional.hpp>  // IWYU pragma: export
#include <bifilar/drivers/standard_stream.hpp>       // IWYU pragma: export
#include <bifilar/drivers/tcp_listener.hpp>          // IWYU pragma: export
#include <bifilar/drivers/tcp_stream.hpp>            // IWYU pragma: export
#include <bifilar/drivers/udp_socket.hpp>            // IWYU pragma: export
#include <bifilar/drivers/unix_datagram.hpp>         // IWYU pragma: export
#include <bifilar/drivers/unix_listener.hpp>         // IWYU pragma: export
#include <bifilar/drivers/unix_stream.hpp>           // IWYU pragma: export
#include <bifilar/drivers/watched_descriptor.hpp>    // IWYU pragma: export
#include <bifilar/runtime/runtime.hpp>               // IWYU pragma: export
#include <bifilar/runtime/serve.hpp>                 // IWYU pragma: export
#include <bifilar/runtime/spawn.hpp>                 // IWYU pragma: export
#include <bifilar/runtime/spawn_blocking.hpp>        // IWYU pragma: export
#include <bifilar/runtime/task_scope.hpp>            // IWYU pragma: export
#include <bifilar/stackful/await.hpp>                // IWYU pragma: export
#include <bifilar/stackful/this_fiber.hpp>           // IWYU pragma: export
#include <bifilar/stackless/task.hpp>                // IWYU pragma: export
#include <bifilar/sync/auto_reset_event.hpp>         // IWYU pragma: export
#include <bifilar/sync/barrier.hpp>                  // IWYU pragma: export
#include <bifilar/sync/byte_budget.hpp>              // IWYU pragma: export
#include <bifilar/sync/condition.hpp>                // IWYU pragma: export
#include <bifilar/sync/event.hpp>                    // IWYU pragma: export
#include <bifilar/sync/latch.hpp>                    // IWYU pragma: export
#include <bifilar/sync/mutex.hpp>                    // IWYU pragma: export
#include <bifilar/sync/notify.hpp>                   // IWYU pragma: export
#include <bifilar/sync/once_cell.hpp>                // IWYU pragma: export
#include <bifilar/sync/semaphore.hpp>                // IWYU pragma: export
#include <bifilar/sync/shared_mutex.hpp>             // IWYU pragma: export
#include <bifilar/sync/wait_group.hpp>               // IWYU pragma: export
#include <bifilar/time/deadline.hpp>                 // IWYU pragma: export
#include <bifilar/time/interval.hpp>                 // IWYU pragma: export
#include <bifilar/time/now.hpp>                      // IWYU pragma: export
#include <bifilar/time/simulated_clock.hpp>          // IWYU pragma: export
#include <bifilar/time/sleep.hpp>                    // IWYU pragma: export
#include <bifilar/time/timeout.hpp>                  // IWYU pragma: export
