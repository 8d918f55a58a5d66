// Which operations on descriptors there are. What is known of each, and its calls, are in src/operations, a file
// for each group.
#pragma once

#include <cstdint>

namespace bifilar {

/// Those that read come first. Results are the system call's, unless it says more here.
enum class op_kind : std::uint8_t {
    accept,            ///< Result: the new descriptor.
    recv,              ///< A stream's bytes. Result: how many; 0 at the end of the stream.
    recv_pooled,       ///< As recv, into a buffer of the driver's pool.
    recv_message,      ///< recvmsg(2): datagrams, several buffers, descriptors.
    recv_many,         ///< recvmmsg(2), without blocking of itself.
    read,              ///< As recv, for what is not a socket, and without blocking of itself.
    read_vector,       ///< As read, into several buffers.
    read_ready,        ///< As read, from a descriptor that blocks and may be shared: only when there is something.
    accept_multishot,  ///< A multishot_op: connections, one after the other, until it is cancelled.
    recv_multishot,    ///< A multishot_op: as recv_pooled, likewise.
    splice_in,         ///< From the socket into a pipe. See splice_now.hpp.
    poll_in,           ///< Until there is something to read.
    connect,           ///< Until the connect(2) that was made is over.
    send,              ///< A stream's bytes. Result: how many were taken.
    send_message,      ///< sendmsg(2).
    send_many,         ///< sendmmsg(2), without blocking of itself.
    write,             ///< As send, for what is not a socket, and without blocking of itself.
    write_vector,      ///< As write, from several buffers.
    send_file,         ///< sendfile(2) of a part of a file.
    splice_out,        ///< From a pipe to the socket. See splice_now.hpp.
    write_ready,       ///< As write, to a descriptor that blocks and may be shared: only when there is room.
    poll_out,          ///< Until there is room to write.
    file_call,         ///< A file_request; there is no source, and no readiness to wait for.
};

}  // namespace bifilar
