"""A core file with the stacks of fibers in it.

gdb's own gcore gives up a mapping at the first page that it cannot read. Where the kernel guards stacks by markers
(Linux 6.13), these pages lie in the middle of the mapping of all stacks, and what comes behind them is missing. The
kernel's own core files have it all.
"""
import os
import struct

import gdb

from . import layout, memory

PAGE = 4096
LOAD = 1


def save(path):
    """gdb's gcore, and then the pages of stacks that it has left out. How many."""
    gdb.execute(f"gcore {path}", to_string=True)
    slabs = [bounds for runtime in layout.runtimes() for bounds in layout.stack_slabs(runtime)]
    pages = 0
    with open(path, "r+b") as file:
        for start, size, at in _segments(file):
            for base, bytes_ in slabs:
                for page in range(max(base, start), min(base + bytes_, start + size), PAGE):
                    pages += _copy(file, page, at + page - start)
    return pages


def _segments(file):
    """(address, bytes in the file, place in the file) of each part of a 64-bit core."""
    head = file.read(64)
    if head[:5] != b"\x7fELF\x02":
        raise gdb.GdbError("bifilar: only 64-bit core files can be mended")
    offset, = struct.unpack_from("<Q", head, 32)
    size, count = struct.unpack_from("<HH", head, 54)
    if count == 0xffff:  # More than fit the field: the first section's header has the number.
        sections, = struct.unpack_from("<Q", head, 40)
        file.seek(sections + 44)
        count, = struct.unpack("<I", file.read(4))
    for index in range(count):
        file.seek(offset + index * size)
        kind, _, at, address, _, in_file, _, _ = struct.unpack("<IIQQQQQQ", file.read(56))
        if kind == LOAD and in_file:
            yield address, in_file, at


def _copy(file, address, at):
    try:
        page = memory.read(address, PAGE)
    except gdb.MemoryError:
        return 0  # A guard.
    if not any(page):
        return 0
    file.seek(at)
    file.write(page)
    return 1


def default_path():
    return os.path.join(os.getcwd(), f"core.{gdb.selected_inferior().pid}")
