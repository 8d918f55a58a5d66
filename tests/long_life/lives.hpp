// What a long life is made of: small tasks of every kind, each over in about a second.
#pragma once

#include <bifilar/base/detail/random.hpp>
#include <bifilar/bifilar.hpp>

#include <atomic>
#include <cstdint>
#include <filesystem>

namespace long_life {

/// What there is at the moment. Each is counted by an object's life, so that cancelled tasks count off as well.
struct census {
    std::atomic<std::int64_t> lives{0};    ///< Tasks of begin_life; their children not counted.
    std::atomic<std::int64_t> timers{0};   ///< Sleeps and timeouts that tasks wait in.
    std::atomic<std::uint64_t> ended{0};   ///< Lives that are over.
    std::atomic<std::uint64_t> served{0};  ///< Messages that came back from the server as they were sent.
};

/// What the lives share.
struct town {
    bifilar::socket_address server;
    std::filesystem::path folder;  ///< For files that come and go.
    census now;
    bifilar::mutex gate;
    bifilar::semaphore places{4};
    bifilar::channel<std::uint64_t> square{16};
};

/// Spawns one life in the present runtime, its kind and model by chance, and lets it go. Inside of a task.
/// Throws: as bifilar::spawn.
void begin_life(town& where, bifilar::base::random& random);

/// A connection of the server.
bifilar::task<void> serve_one(bifilar::tcp_stream connection);

}  // namespace long_life
