"""Functions and lines of addresses, and types that only a function's own debug information knows."""
import re

import gdb

from . import layout, memory


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

    def __init__(self, address):
        self.address = address
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
        file, line = layout.waits_at(self.address)
        if line:
            return file, line
        found = gdb.find_pc_line(self.resume)  # Before its first wait.
        return (found.symtab.filename, found.line) if found.symtab is not None else (None, 0)

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
