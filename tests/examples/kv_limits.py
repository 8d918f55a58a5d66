"""What a client of the key-value server cannot do to the others: tests, each with the options of its server.
kv_limits.py: lists them. kv_limits.py NAME HOST:PORT PID: runs one."""
import os
import select
import socket
import sys
import time

PATIENCE_S = 60
MIB = 1 << 20


TESTS = {}


def test(options=""):
    def add(body):
        TESTS[body.__name__] = body, options
        return body
    return add


class Client:
    def __init__(self, window=None):
        """Who has a small `window` leaves with the server what it does not read, not in its own socket."""
        host, port = sys.argv[2].rsplit(":", 1)
        self.socket = socket.socket()
        if window is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        self.socket.settimeout(PATIENCE_S)
        self.socket.connect((host, int(port)))
        self.unread = bytearray()

    def send(self, *words):
        self.socket.sendall(request(*words))

    def ask_and_read_nothing(self, *words):
        """The first byte of the answer; empty where the connection has ended."""
        try:
            self.send(*words)
            return self.socket.recv(1)
        except (BrokenPipeError, ConnectionResetError):
            return b""

    def line(self):
        while b"\r\n" not in self.unread:
            got = self.socket.recv(65536)
            assert got, "the server has closed the connection"
            self.unread += got
        end = self.unread.index(b"\r\n")
        line = self.unread[:end].decode()
        del self.unread[:end + 2]
        return line

    def exactly(self, count):
        while len(self.unread) < count:
            got = self.socket.recv(1 << 20)
            assert got, "the server has closed the connection"
            self.unread += got
        got = bytes(self.unread[:count])
        del self.unread[:count]
        return got

    def ask(self, *words):
        self.send(*words)
        return self.line()

    def expect_end(self):
        """Reads to the end, whatever still comes."""
        try:
            while self.socket.recv(65536):
                pass
        except ConnectionResetError:
            pass


def request(*words):
    made = [b"*%d\r\n" % len(words)]
    for word in words:
        word = word if isinstance(word, bytes) else str(word).encode()
        made.append(b"$%d\r\n%s\r\n" % (len(word), word))
    return b"".join(made)


def peak_bytes():
    with open(f"/proc/{sys.argv[3]}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM:"))


def descriptors():
    return len(os.listdir(f"/proc/{sys.argv[3]}/fd"))


def until(condition, what):
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.01)


@test("--workers 1")
def many_keys_leave_others_their_turn():
    keys = [word for number in range(499_999) for word in (f"key{number}", "x")]
    for command, words, answer in (("MSET", keys, "+OK"), ("DEL", keys[::2], ":499999")):
        first, second = Client(), Client()
        asked = request(command, *words)
        first.socket.sendall(asked[:-1])
        assert second.ask("PING") == "+PONG"
        first.socket.sendall(asked[-1:])
        # Without slices nobody is answered before the command is done.
        first.socket.setblocking(False)
        served = 0
        while True:
            assert second.ask("PING") == "+PONG"
            try:
                first.unread += first.socket.recv(65536)
                break
            except BlockingIOError:
                served += 1
        assert first.line() == answer
        assert served > 0, f"nobody else was served during {command}"


@test("--idle-time 1000")
def silence_ends_a_connection():
    silent = Client()
    silent.expect_end()
    busy = Client()
    assert busy.ask("PING") == "+PONG"
    busy.expect_end()


@test("--read-time 300")
def a_command_has_its_time():
    slow = Client()
    assert slow.ask("PING") == "+PONG"
    end = time.monotonic() + PATIENCE_S
    try:
        for byte in request("SET", "key", "x" * 1_000_000):
            slow.socket.sendall(bytes([byte]))
            time.sleep(0.01)
            assert time.monotonic() < end, "a command may take for ever"
    except (BrokenPipeError, ConnectionResetError):
        pass


@test("--write-time 300")
def an_answer_is_to_be_read():
    one = Client()
    assert one.ask("SET", "large", "x" * 8 * MIB) == "+OK"
    before = descriptors()
    greedy = Client()
    greedy.socket.sendall(request("GET", "large") * 10)
    greedy.exactly(10)
    until(lambda: descriptors() == before, "who reads nothing keeps its connection")


@test()
def answers_that_nobody_reads_hold_nothing():
    one = Client()
    assert one.ask("SET", "large", "x" * 60 * MIB) == "+OK"
    before = peak_bytes()
    greedy = [Client() for _ in range(6)]
    for each in greedy:
        each.send("GET", "large")
        assert each.exactly(1) == b"$"
    assert peak_bytes() - before < 32 * MIB, f"{before} bytes, then {peak_bytes()}"
    for each in greedy:
        assert each.line() == str(60 * MIB)


def flood(*words):
    """The first bytes of the answers to 12 clients that read no more of them, and by how much the peak has grown."""
    before = peak_bytes()
    greedy = [Client(window=4096) for _ in range(12)]
    got = [each.ask_and_read_nothing(*words) for each in greedy]
    cost = peak_bytes() - before
    print(f"{words[0][:10]}: 12 clients raise the peak by {cost / MIB:.1f} MiB; answered {got.count(b'$')}, "
          f"refused {got.count(b'-')}, ended {got.count(b'')}")
    for each in greedy:
        each.socket.close()
    return got, cost


def is_paid_for_when_sent_back(command):
    word = "x" * 7 * MIB
    got, cost = flood(command, word)
    assert cost < 36 * MIB, f"{cost} bytes"
    assert b"$" in got, "nobody was answered"

    # What was held is given back, and all of the word comes.
    def is_answered():
        one = Client()
        if one.ask_and_read_nothing(command, word) != b"$":
            return False
        assert one.line() == str(len(word))
        assert one.exactly(len(word)) == word.encode()
        return one.exactly(2) == b"\r\n" and one.ask("PING") == "+PONG"

    until(is_answered, "what was held is not given back")


@test("--input 16 --data 16")
def an_echo_that_nobody_reads_is_paid_for():
    is_paid_for_when_sent_back("ECHO")


@test("--input 16 --data 16")
def what_ping_sends_back_is_paid_for():
    is_paid_for_when_sent_back("PING")


@test("--input 16 --data 16")
def a_word_that_finds_no_room_is_refused_alone():
    word = "x" * 3 * MIB
    greedy = [Client(window=4096) for _ in range(8)]
    got = [each.ask_and_read_nothing("ECHO", word) for each in greedy]
    assert got.count(b"$") in (4, 5) and b"-" in got, got
    refused = greedy[got.index(b"-")]
    assert refused.line() == "OOM command not allowed when used memory > 'maxmemory'."
    assert refused.ask("ECHO", "small") == "$5"


def is_shown_in_part(*words):
    got, cost = flood(*words)
    assert cost < 20 * MIB, f"{cost} bytes"
    assert b"-" in got, "nobody was answered"

    def is_answered():
        one = Client()
        if one.ask_and_read_nothing(*words) != b"-":
            return False
        line = one.line()
        if line.startswith("OOM "):
            return False
        assert line.startswith("ERR ") and line.count("x") <= 2 * 128 + 2, line
        return one.ask("PING") == "+PONG"

    until(is_answered, "what was held is not given back")


@test("--input 16 --data 16")
def a_bad_option_is_shown_in_part():
    is_shown_in_part("EXPIRE", "a", 1, "x" * 7 * MIB)


@test("--input 16 --data 16")
def what_is_no_command_is_shown_in_part():
    is_shown_in_part("x" * 7 * MIB)
    is_shown_in_part("CONFIG", "x" * 7 * MIB)
    is_shown_in_part("NONSENSE", "x" * 3 * MIB, "x" * 3 * MIB)


@test("--input 16 --data 16")
def values_that_are_sent_are_paid_for():
    # Each under a new value of the key, so that the answers alone have those before.
    one = Client()
    before = peak_bytes()
    greedy = [Client(window=4096) for _ in range(24)]
    outcomes = []
    for each in greedy:
        outcomes.append(one.ask("SET", "large", "x" * 3 * MIB))
        assert each.ask_and_read_nothing("GET", "large") == b"$"
    cost = peak_bytes() - before
    print(f"GET: 24 clients raise the peak by {cost / MIB:.1f} MiB; values set {outcomes.count('+OK')}")
    assert cost < 36 * MIB, f"{cost} bytes"
    assert {"+OK", "-OOM command not allowed when used memory > 'maxmemory'."} == set(outcomes), outcomes


@test()
def an_answer_is_of_one_moment():
    one = Client()
    assert one.ask("SET", "large", "a" * 32 * MIB) == "+OK"
    reader = Client()
    reader.send("GET", "large")
    assert reader.line() == f"${32 * MIB}"
    assert one.ask("SET", "large", "b" * 32 * MIB) == "+OK"
    assert one.ask("DEL", "large") == ":1"
    assert reader.exactly(32 * MIB) == b"a" * 32 * MIB


@test("--input 16")
def unfinished_commands_share_what_they_may_have():
    before = peak_bytes()
    clients = [Client() for _ in range(8)]
    for each in clients:
        try:
            each.socket.sendall(request("SET", "key", "x" * 6 * MIB)[:-1])
        except (BrokenPipeError, ConnectionResetError):
            pass
    until(lambda: len(select.select([each.socket for each in clients], [], [], 0)[0]) >= 6, "too few were refused")
    assert peak_bytes() - before < 64 * MIB, f"{before} bytes, then {peak_bytes()}"
    # Small ones go on.
    assert Client().ask("SET", "small", "y") == "+OK"
    for each in clients:
        each.socket.close()

    def is_free():
        try:
            return Client().ask("SET", "key", "x" * 6 * MIB) == "+OK"
        except (BrokenPipeError, ConnectionResetError, AssertionError):
            return False

    until(is_free, "what was held is not given back")


@test("--input 24")
def a_large_command_leaves_nothing_behind():
    clients = [Client() for _ in range(4)]
    for each in clients:
        assert each.ask("SET", "key", "x" * 6 * MIB) == "+OK"
        assert each.ask("SET", "key", "small") == "+OK"
    for each in clients:
        assert each.ask("GET", "key") == "$5"


@test("--input 1")
def a_long_line_leaves_nothing_behind():
    clients = [Client() for _ in range(40)]
    for each in clients:
        each.socket.sendall(b"STRLEN " + b"x" * 60_000 + b"\r\n")
        assert each.line() == ":0"
    assert Client().ask("SET", "key", "x" * 200_000) == "+OK"


@test("--data 4")
def keys_and_values_have_what_they_may_have():
    one = Client()
    full = "-OOM command not allowed when used memory > 'maxmemory'."
    assert one.ask("SET", "large", "x" * 5 * MIB) == full
    assert one.ask("MSET", "a", "x" * 2 * MIB, "b", "x" * 3 * MIB) == full
    assert one.ask("EXISTS", "a", "b") == ":0"
    number = 0
    while (got := one.ask("SET", f"key{number}", "x" * 1000)) == "+OK":
        number += 1
    assert got == full and 2000 < number < 4 * MIB // 1000, number
    little = 0
    while one.ask("SET", f"little{little}", "x") == "+OK":
        little += 1
    assert one.ask("INCR", "a longer name") == full
    assert one.ask("GETSET", "other", "x" * 1000) == full
    assert one.ask("DEL", *[f"key{each}" for each in range(number)]) == f":{number}"
    assert one.ask("SET", "large", "x" * 3 * MIB) == "+OK"


def own_address():
    """Of this machine, as others see it; None where it has none. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            asking.connect(("192.0.2.1", 9))
        except OSError:
            return None
        return asking.getsockname()[0]


@test("--host 0.0.0.0")
def others_need_a_password():
    host = own_address()
    if host is None or host.startswith("127."):
        print("skipped: others_need_a_password has checked nothing, for this machine has no address that others see")
        return
    port = int(sys.argv[2].rsplit(":", 1)[1])
    with socket.create_connection((host, port)) as other:
        other.settimeout(PATIENCE_S)
        other.sendall(request("SET", "a", "b"))
        assert other.makefile("rb").read().startswith(b"-DENIED ")
    sys.argv[2] = f"127.0.0.1:{port}"
    assert Client().ask("EXISTS", "a") == ":0"


if len(sys.argv) == 1:
    for name, (_, options) in TESTS.items():
        print(name, options)
else:
    TESTS[sys.argv[1]][0]()
