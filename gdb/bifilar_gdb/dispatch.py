"""Where a suspended coroutine goes on: found by following the first instructions of its resume function.

A compiler makes one function of a coroutine's body. It begins with a switch over a number in the frame, and each case
is the code behind one `co_await`. Debug information of GCC 12 and clang 19 does not say which case is which line, so
the switch is followed here, instruction by instruction, with the number that the frame has: nothing of the process
runs, and a core file will do. On x86-64 alone.
"""
import re

import gdb

MAX_STEPS = 96
MASK = {1: 0xff, 2: 0xffff, 4: 0xffffffff, 8: 0xffffffffffffffff}
FAKE_STACK = 0x7fff_ffff_0000_0000  # Nothing of the process lies there.

WIDE = ("rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp")


def _registers():
    """Every name of a general register: which 64-bit one it is part of, and how many bytes it has."""
    names = {}
    for wide in WIDE:
        short = wide[1:]
        names[wide] = (wide, 8)
        names["e" + short] = (wide, 4)
        names[short] = (wide, 2)
        names[(short[0] if short.endswith("x") else short) + "l"] = (wide, 1)
    for number in range(8, 16):
        for ending, size in (("", 8), ("d", 4), ("w", 2), ("b", 1)):
            names[f"r{number}{ending}"] = (f"r{number}", size)
    return names


REGISTERS = _registers()
PLACE = re.compile(r"(-?0x[0-9a-f]+)?\((%\w+)?(?:,(%\w+))?(?:,(\d+))?\)")
CONDITIONS = {
    "e": lambda a, b, s: a == b, "ne": lambda a, b, s: a != b,
    "a": lambda a, b, s: a > b, "ae": lambda a, b, s: a >= b,
    "b": lambda a, b, s: a < b, "be": lambda a, b, s: a <= b,
    "g": lambda a, b, s: s(a) > s(b), "ge": lambda a, b, s: s(a) >= s(b),
    "l": lambda a, b, s: s(a) < s(b), "le": lambda a, b, s: s(a) <= s(b),
    "s": lambda a, b, s: s(a - b) < 0, "ns": lambda a, b, s: s(a - b) >= 0,
}


class Lost(Exception):
    """The code is not what is understood here."""


class Word:
    """A value, or None where it is unknown; and whether it comes from the frame's number, or from the code alone."""

    def __init__(self, value, chosen=False, fixed=False):
        self.value = value
        self.chosen = chosen
        self.fixed = fixed


UNKNOWN = Word(None)


def _signed(value, size):
    value &= MASK[size]
    return value - (1 << 8 * size) if value >> (8 * size - 1) else value


class Follower:
    def __init__(self, start, frame):
        self.inferior = gdb.selected_inferior()
        self.architecture = self.inferior.architecture()
        self.pc = start
        self.frame = frame
        self.registers = {name: UNKNOWN for name, _ in REGISTERS.values()}
        self.registers["rdi"] = Word(frame)
        self.registers["rsp"] = Word(FAKE_STACK)
        self.written = {}
        self.number_at = None
        self.compared = None
        self.reached = None  # Behind the last jump that the number decided.

    def follow(self):
        for _ in range(MAX_STEPS):
            step = self.architecture.disassemble(self.pc)[0]
            text = re.sub(r"\s*(<[^>]*>.*|#.*)$", "", step["asm"]).strip()
            after = self.pc + step["length"]
            goes_to = self.run(text, step["asm"], after)
            if goes_to is None:
                return self.reached
            self.pc = goes_to
        return self.reached

    # Where it goes on, or None where the switch is over.
    def run(self, text, whole, after):
        text = re.sub(r"^(?:notrack|bnd|cs|data16|rep)\s+", "", text)
        name, _, rest = text.partition(" ")
        operands = self.split(rest.strip())
        if name.startswith("nop") or name in ("endbr64", "xchg"):
            return after
        if name.startswith("j"):
            return self.jump(name, operands, after)
        if name in ("call", "callq", "ret", "retq", "ud2"):
            return None
        try:
            self.change(name, operands, after)
        except Lost:
            if self.reached is None:
                raise
            return None
        return after

    @staticmethod
    def split(text):
        parts, depth, now = [], 0, ""
        for letter in text:
            depth += {"(": 1, ")": -1}.get(letter, 0)
            if letter == "," and depth == 0:
                parts.append(now.strip())
                now = ""
            else:
                now += letter
        return parts + [now.strip()] if now.strip() else parts

    def jump(self, name, operands, after):
        target = operands[0]
        if name in ("jmp", "jmpq"):
            if not target.startswith("*"):
                return self.note(int(target, 16), False)
            word = self.read(target[1:], 8, after)
            if word.value is None or not word.chosen:
                return None
            return self.note(word.value, True)
        if self.compared is None or name[1:] not in CONDITIONS:
            return None
        one, other, size = self.compared
        # Without optimization constants take ways through memory. What is in the frame besides decides nothing here.
        chosen = one.chosen or other.chosen or (one.fixed and other.fixed)
        if one.value is None or other.value is None or not chosen:
            return None
        holds = CONDITIONS[name[1:]](one.value & MASK[size], other.value & MASK[size], lambda v: _signed(v, size))
        return self.note(int(target, 16) if holds else after, True)

    def note(self, target, chosen):
        # A plain jump behind the last choice leads to the same place.
        if chosen or self.reached is not None:
            self.reached = target
        return target

    def change(self, name, operands, after):
        if name.startswith("push"):
            self.registers["rsp"] = Word(self.registers["rsp"].value - 8)
            self.written[self.registers["rsp"].value] = self.read(operands[0], 8, after)
        elif name.startswith("lea"):
            self.write(operands[1], Word(*self.address(operands[0], after)), 8)
        elif name.startswith(("movz", "movs")) and len(name) >= 5 and not name.startswith(("movsd", "movss")):
            self.extend(name, operands, after)
        elif name.startswith("mov"):
            size = self.size_of(name, "mov", operands)
            self.write(operands[1], self.read(operands[0], size, after), size)
        elif name.startswith(("test", "cmp", "sub", "add", "and", "xor", "or", "shl", "shr", "sar")):
            self.compute(name, operands, after)
        else:
            raise Lost(name)

    def extend(self, name, operands, after):
        endings = {"b": 1, "w": 2, "l": 4, "q": 8}
        from_size, to_size = endings[name[4]], endings[name[5]] if len(name) > 5 else 8
        word = self.read(operands[0], from_size, after)
        if word.value is not None and name[3] == "s":
            word = Word(_signed(word.value, from_size) & MASK[to_size], word.chosen, word.fixed)
        self.write(operands[1], word, to_size)

    def compute(self, name, operands, after):
        base = re.match(r"test|cmp|sub|add|and|xor|or|shl|shr|sar", name).group(0)
        size = self.size_of(name, base, operands)
        if len(operands) == 1:
            operands = ["$0x1", operands[0]]
        one, other = self.read(operands[1], size, after), self.read(operands[0], size, after)
        chosen, fixed = one.chosen or other.chosen, one.fixed and other.fixed
        if base == "xor" and operands[0] == operands[1]:
            one = other = Word(0)
            chosen, fixed = False, True
        known = one.value is not None and other.value is not None
        result = None
        if known:
            a, b = one.value & MASK[size], other.value & MASK[size]
            result = {"test": a & b, "cmp": a - b, "sub": a - b, "add": a + b, "and": a & b, "xor": a ^ b, "or": a | b,
                      "shl": a << (b & 63), "shr": a >> (b & 63), "sar": _signed(a, size) >> (b & 63)}[base]
        if base in ("cmp", "sub"):
            self.compared = (one, other, size)
        else:
            self.compared = (Word(result, chosen, fixed), Word(0, False, True), size)
        if base not in ("test", "cmp"):
            self.write(operands[1], Word(None if result is None else result & MASK[size], chosen, fixed), size)

    @staticmethod
    def size_of(name, base, operands):
        ending = name[len(base):]
        if ending:
            if ending not in ("b", "w", "l", "q"):
                raise Lost(name)
            return {"b": 1, "w": 2, "l": 4, "q": 8}[ending]
        for operand in reversed(operands):
            if operand[1:] in REGISTERS:
                return REGISTERS[operand[1:]][1]
        raise Lost(name)

    # The address that an operand names, and whether the frame's number is in it.
    def address(self, text, after):
        match = PLACE.fullmatch(text)
        if match is None:
            raise Lost(text)
        offset, base, index, scale = match.groups()
        value, chosen = int(offset, 16) if offset else 0, False
        for register, times in ((base, 1), (index, int(scale or 1))):
            if register is None:
                continue
            if register == "%rip":
                value += after
                continue
            word = self.registers[REGISTERS[register[1:]][0]]
            if word.value is None:
                return None, False
            value += word.value * times
            chosen = chosen or word.chosen
        return value & MASK[8], chosen

    def read(self, text, size, after):
        if text.startswith("$"):
            return Word(int(text[1:], 16) & MASK[size], False, True)
        if text.startswith("%") and ":" not in text:
            if text[1:] not in REGISTERS:
                return UNKNOWN
            word = self.registers[REGISTERS[text[1:]][0]]
            return word if word.value is None else Word(word.value & MASK[size], word.chosen,
                                                                  word.fixed)
        if ":" in text:  # Thread-local: a stack protector's word.
            return UNKNOWN
        address, chosen = self.address(text, after)
        if address is None:
            return UNKNOWN
        if address in self.written:
            return self.written[address]
        try:
            value = int.from_bytes(self.inferior.read_memory(address, size).tobytes(), "little")
        except gdb.MemoryError:
            return UNKNOWN
        # The first part of the frame that is no address is the number.
        if self.number_at is None and size < 8 and 0 <= address - self.frame < 1 << 30:
            self.number_at = address
        return Word(value, chosen or address == self.number_at)

    def write(self, text, word, size):
        if text.startswith("%"):
            if text[1:] not in REGISTERS:
                return
            wide = REGISTERS[text[1:]][0]
            before = self.registers[wide]
            if size < 4 and word.value is not None and before.value is not None:
                word = Word(before.value & ~MASK[size] | word.value & MASK[size], word.chosen,
                            word.fixed and before.fixed)
            self.registers[wide] = word
            return
        address, _ = self.address(text, 0) if ":" not in text else (None, False)
        if address is not None:
            self.written[address] = word


def resume_address(function, frame):
    """Where `frame`, a coroutine's, goes on in its resume function; None where that cannot be told."""
    if gdb.selected_inferior().architecture().name() != "i386:x86-64":
        return None
    flavor = gdb.parameter("disassembly-flavor")
    gdb.execute("set disassembly-flavor att", to_string=True)
    try:
        return Follower(function, frame).follow()
    except (Lost, gdb.error, ValueError, KeyError, TypeError):
        return None
    finally:
        gdb.execute(f"set disassembly-flavor {flavor}", to_string=True)
