"""Bytes to a peer on this machine, in the portions in which it is to read them."""
import time


def address_of(end):
    """As /proc/net/tcp writes it."""
    host, port = end
    return "".join("%02X" % int(part) for part in reversed(host.split("."))) + ":%04X" % port


def unread(on):
    """Of the bytes that were sent on the socket, how many the peer has not read."""
    near, far = address_of(on.getsockname()), address_of(on.getpeername())
    count = 0
    with open("/proc/net/tcp") as table:
        for line in table:
            _, local, remote, _, queues = line.split()[:5]
            unsent, unread_here = queues.split(":") if ":" in queues else ("0", "0")
            if (local, remote) == (near, far):
                count += int(unsent, 16)
            elif (local, remote) == (far, near):
                count += int(unread_here, 16)
    return count


def send_portions(on, portions):
    """Each goes out when the one before was read, the last one as well."""
    for portion in portions:
        on.sendall(portion)
        while unread(on):
            time.sleep(0.0002)
