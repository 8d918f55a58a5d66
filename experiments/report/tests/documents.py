# Where the documents are whose claims are measured. They are not part of the repository.
import os
import pathlib

from base import places

BESIDE = places.ROOT.parent / "shared" / "seeds"


def folder(words=()):
    """The folder that the command line names, else that of BIFILAR_SEEDS, else ../shared/seeds beside the repository if it is
    there; None without any. Ends the program if what was named is no folder."""
    named = words[0] if words else os.environ.get("BIFILAR_SEEDS")
    if named:
        if len(words) > 1 or not pathlib.Path(named).is_dir():
            raise SystemExit(f"'{named}' is no folder; name the one with the documents, also as BIFILAR_SEEDS, or nothing")
        return pathlib.Path(named)
    return BESIDE if BESIDE.is_dir() else None
