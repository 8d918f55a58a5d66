"""A member of the chat who reads nothing while the others say more than what is kept for them.
chat_slow.py HOST:PORT HISTORY"""
import socket
import sys

HISTORY = int(sys.argv[2])
TEXT = "x" * 4000


class Member:
    def __init__(self, name, receive_buffer=None):
        host, port = sys.argv[1].rsplit(":", 1)
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(30)
        self.socket.connect((host, int(port)))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.lines = self.socket.makefile("r")
        self.say(name)
        assert self.hear() == "* welcome, " + name

    def say(self, line):
        self.socket.sendall(line.encode() + b"\n")

    def hear(self):
        return self.lines.readline().rstrip("\n")


def numbered(number):
    return f"{number} {TEXT}"


def max_bytes_held():
    """Of one connection, by the sender's kernel; the receiver's was limited."""
    with open("/proc/sys/net/ipv4/tcp_wmem") as file:
        return int(file.read().split()[2])


slow = Member("sue", receive_buffer=4096)
ann = Member("ann")
bob = Member("bob")
assert ann.hear() == "* bob is here"
assert slow.hear() == "* ann is here" and slow.hear() == "* bob is here"
count = 2 * max_bytes_held() // len(TEXT) + 2 * HISTORY
for number in range(count):
    ann.say(numbered(number))
    # The healthy one hears every message before the next is said: nobody waits for who does not read.
    assert bob.hear() == "ann: " + numbered(number)

heard = missed = 0
while heard + missed < count:
    line = slow.hear()
    if line.startswith("* you missed "):
        missed += int(line.split()[3])
        assert count - heard - missed >= HISTORY, (line, heard, missed)
    else:
        assert line == "ann: " + numbered(heard + missed)
        heard += 1
# She may have been told more than once: the kernel took more of what waited for her.
assert missed > 0
# From there on sue is as good as the others.
slow.say("back again")
assert ann.hear() == bob.hear() == "sue: back again"
ann.say("at last")
assert slow.hear() == bob.hear() == "ann: at last"
