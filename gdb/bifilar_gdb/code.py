"""Functions and lines of addresses, and types that only a function's own debug information knows."""
import re

import gdb

from . import dispatch, memory


def function_block(pc):
    """The block of the function, not of one that was expanded in it, that has this address; None without debug
    information."""
    block = gdb.block_for_pc(pc)
    while block is not None and (block.function is None or _is_expanded(block)):
        block = block.superblock
    return block


_begins = {}


def _is_expanded(block):
    """Whether a function's block is one that was expanded in another function; a lambda's is only named inside of it."""
    above = block.superblock
    while above is not None and above.function is None:
        above = above.superblock
    if above is None:
        return False
    if block.start == above.start:
        return True
    if block.start not in _begins:
        _begins[block.start] = memory.symbol_begins(block.start)
    return not _begins[block.start]


def _expanded(pc):
    """What was expanded at an address, innermost first, as symbols: the line of each is that of its call."""
    block = gdb.block_for_pc(pc)
    found = []
    while block is not None and (block.function is None or _is_expanded(block)):
        if block.function is not None:
            found.append(block.function)
        block = block.superblock
    return found


LOOKS = 24  # Instructions behind the switch; what comes first may belong to what follows the wait.
MAX_SCANNED = 1 << 20
# The second as linkers have it, where gdb 13 cannot read a name with a constraint.
TAKES_RESULT = re.compile(r"bifilar::stackless::(?:leaf|child)_await<.*>::await_resume|"
                          r"_ZN7bifilar9stackless\d+(?:leaf|child)_await.*12await_resume")
SUSPENDS = re.compile(r"bifilar::stackless::((?:leaf|child)_await<.*>)::await_suspend")
DISPLACEMENT = re.compile(r"(?<![\w$-])(0x[0-9a-f]+)?\(%r(?!ip|sp)|\badd +\$(0x[0-9a-f]+),%r")
NEAR = 128  # Bytes: an awaiter, and the future that it refers to, if that is a temporary.
CALL = re.compile(r"callq? +(0x[0-9a-f]+)")

_waits = {}


def _waits_of(function):
    """All places in a coroutine's body where it waits: (class of the awaiter, file, line, distances from some address
    that it works with, and just before)."""
    if function in _waits:
        return _waits[function]
    found = {}
    own = function_block(function)
    architecture = gdb.selected_inferior().architecture()
    at = function
    before = []
    while own is not None and at < function + MAX_SCANNED:
        block = function_block(at)
        if block is None or (block.start, block.end) != (own.start, own.end):
            break
        step = architecture.disassemble(at)[0]
        offsets = [int(one or other or "0", 16) for one, other in DISPLACEMENT.findall(step["asm"])]
        before = (before + offsets)[-6:]
        for call in _expanded(at):
            match = SUSPENDS.match(call.print_name)
            if match:
                used = found.setdefault((match.group(1), call.symtab.filename, call.line), (set(), set()))
                used[0].update(offsets)
                used[1].update(before if not used[1] else ())
        # Where it is not expanded, the awaiter's address was made just before the call; and where little is optimized,
        # before what was expanded.
        called = CALL.match(step["asm"])
        match = SUSPENDS.search(memory.symbol_at(int(called.group(1), 16)) or "") if called else None
        place = gdb.find_pc_line(at) if match else None
        if place is not None and place.symtab is not None:
            found.setdefault((match.group(1), place.symtab.filename, place.line), (set(), set()))[1].update(before)
        at += step["length"]
    _waits[function] = [(*key, used) for key, used in found.items()]
    return _waits[function]


def suspend_line(function, awaiter, distance):
    """(file, line) of the co_await whose awaiter, of this class, lies `distance` bytes into the frame; None where
    that is not clear. What the compiler says of the result's side is often the line of the body's end (GCC 12)."""
    places = [place for place in _waits_of(function) if place[0].startswith(awaiter)]
    lines = {place[1:3] for place in places}
    # Of several such waits the one that works on what lies at the awaiter or next behind it.
    for level in (0, 1):
        away = [(min((used - distance for used in place[3][level] if used >= distance), default=MAX_SCANNED),
                 place[1:3]) for place in places]
        if len(lines) > 1 and min(away)[0] < NEAR:
            lines = {line for far, line in away if far == min(away)[0]}
    return lines.pop() if len(lines) == 1 else None


def wait_line(pc, name):
    """(file, line) of the co_await behind which a coroutine of that name goes on at this address."""
    architecture = gdb.selected_inferior().architecture()
    at = pc
    for _ in range(LOOKS):
        for call in _expanded(at):
            if TAKES_RESULT.match(call.print_name):
                return call.symtab.filename, call.line
        step = architecture.disassemble(at)[0]
        called = CALL.match(step["asm"])
        if called and TAKES_RESULT.search(memory.symbol_at(int(called.group(1), 16)) or ""):
            place = gdb.find_pc_line(at)
            return (place.symtab.filename, place.line) if place.symtab is not None else (None, 0)
        if step["asm"].startswith(("ret", "jmp")):
            break
        at += step["length"]
    # Not expanded, or not there: the line in the coroutine itself.
    calls = _expanded(pc)
    body = next((i for i, call in enumerate(calls) if call.print_name.split("(")[0] == name.split("(")[0]), len(calls))
    if body != 0:
        return calls[body - 1].symtab.filename, calls[body - 1].line
    place = gdb.find_pc_line(pc)
    return (place.symtab.filename, place.line) if place.symtab is not None else (None, 0)


def local_type(function, name):
    """The type of a function's variable of that name, without reference or pointer; looked for in what was expanded
    there as well. None where the debug information has none."""
    block = function_block(function)
    if block is None:
        return None
    pc = block.start
    seen = set()
    while pc < block.end:
        inner = gdb.block_for_pc(pc)
        while inner is not None and inner.start not in seen | {0}:
            for symbol in inner:
                if symbol.name == name and symbol.type is not None:
                    return _bare(symbol.type)
            if inner.function is not None and (inner.start, inner.end) == (block.start, block.end):
                break
            inner = inner.superblock
        pc += 1 if pc - block.start < 512 else 16
    return None


def _bare(kind):
    kind = kind.strip_typedefs()
    while kind.code in (gdb.TYPE_CODE_PTR, gdb.TYPE_CODE_REF, gdb.TYPE_CODE_RVALUE_REF):
        kind = kind.target().strip_typedefs()
    return kind.unqualified()


def class_of(function):
    """The class in front of a static member function's name: its text, and its type where that can be found."""
    name = memory.symbol_at(function)
    if name is None:
        return None
    return _before_call(name)


def _before_call(name):
    """`a::b<c(d)>::f(e) [clone .g]` -> `a::b<c(d)>`."""
    depth = 0
    end = len(name)
    for index, letter in enumerate(name):
        if letter in "<":
            depth += 1
        elif letter == ">" and (index == 0 or name[index - 1] != "-"):
            depth -= 1
        elif letter == "(" and depth == 0 and name[index:index + 21] != "(anonymous namespace)":
            end = index
            break
    name = name[:end]
    depth = 0
    for index in range(len(name) - 1, -1, -1):
        if name[index] == ">":
            depth += 1
        elif name[index] == "<":
            depth -= 1
        elif name[index] == ":" and depth == 0:
            return name[:index - 1]
    return name


class CoroutineFrame:
    """A suspended coroutine, by the address of its frame."""

    _types = {}

    def __init__(self, address, awaiter=0, kind=""):
        """`awaiter`: where what it waits with lies, of a class whose name begins so."""
        self.address = address
        self.awaiter = awaiter
        self.kind = kind
        self.resume = memory.read_number(address)

    def function(self):
        """Its name, as in the source."""
        if self.resume == 0:
            return "a coroutine that has ended"
        kind = self.type()
        if kind is not None and kind.name and kind.name.endswith(".Frame"):
            return demangled(kind.name.removesuffix(".Frame").split("::")[-1])
        name = memory.symbol_at(self.resume)
        body = re.search(r"(_Z\w+)\.Frame\*\)", name or "")
        if body is not None:
            return demangled(body.group(1))
        return re.sub(r" (\[clone [^\]]*\]|\(\.[a-z.0-9]+\))", "", name) if name else f"{self.resume:#x}"

    def line(self):
        """Where it waits: (file, line)."""
        if self.resume == 0:
            return None, 0
        if self.awaiter and not self.is_of_clang():
            found = suspend_line(self.resume, self.kind, self.awaiter - self.address)
            if found is not None:
                return found
        pc = dispatch.resume_address(self.resume, self.address)
        return wait_line(pc, self.function()) if pc is not None else (None, 0)

    def is_of_clang(self):
        """Whether clang has made it, whose awaiters share places in the frame, and whose lines are right on both sides
        of a wait."""
        name = memory.symbol_at(self.resume) or ""
        return ".resume" in name

    def type(self):
        """The type of the frame, whose members are the coroutine's variables; None where the compiler tells none."""
        if self.resume not in self._types:
            found = None
            for name in ("frame_ptr", "__coro_frame"):
                found = found or (local_type(self.resume, name) if self.resume else None)
            self._types[self.resume] = found
        return self._types[self.resume]

    def variables(self):
        """(name, value) of parameters and locals, constructed or not."""
        kind = self.type()
        if kind is None:
            return
        for field in memory.fields_of(kind):
            name = _variable_name(field.name)
            if name is not None:
                yield name, memory.at(self.address + field.bitpos // 8, field.type)


def _variable_name(name):
    """`_x_1_2` (GCC 12), `x_1` or `x` -> `x`; None for what the compiler has added."""
    if name is None or re.match(r"_Coro_|__|_?(?:Aw|T|D|Is|Fs)[_.0-9]*$|_?(?:Aw|T|D)\d", name):
        return None
    return re.fullmatch(r"_?(.+?)(?:_\d+)*", name).group(1)


def demangled(name):
    try:
        return gdb.execute(f"demangle -l c++ -- {name}", to_string=True).strip()
    except gdb.error:
        return name
