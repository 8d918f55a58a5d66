"""Loads bifilar's commands into gdb: `source` this file, or let gdb do it; see docs/guides/gdb.md."""
import importlib
import os
import sys


def load():
    """From beside this file, whatever gdb has loaded before. `__file__` would be the script that has sourced this."""
    sys.path.insert(0, os.path.dirname(os.path.realpath(load.__code__.co_filename)))
    try:
        for name in [name for name in sys.modules if name.split(".")[0] == "bifilar_gdb"]:
            del sys.modules[name]
        importlib.import_module("bifilar_gdb").register()
    finally:
        sys.path.pop(0)


load()
