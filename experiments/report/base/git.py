# Asks git about the repository of this file, or about another one.
import subprocess

from base import places


def git(*words, root=places.ROOT):
    """What git printed; None without git or a repository, or where it refuses."""
    try:
        ended = subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True)
    except OSError:
        return None
    return ended.stdout if ended.returncode == 0 else None
