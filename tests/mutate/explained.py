"""Reads explained.md: which mutants no test can notice, and why.

    ## path
    > the source's line
    - group: what, and (2) where it is the second such line and change of the file
    The reason, for all lines and changes above it since the last reason.
"""

from pathlib import Path

PAGE = Path(__file__).with_name("explained.md")


def entries(text):
    """(key, reason, line of the page) of each mutant that the page explains."""
    found, waiting, reason = [], [], []
    path = source = ""

    def close():
        if reason:
            found.extend((key, " ".join(reason), at) for key, at in waiting)
            waiting.clear()
            reason.clear()

    for at, line in enumerate(text.splitlines(), 1):
        if line.startswith("## "):
            close()
            path = line[3:].strip()
        elif line.startswith("> "):
            close()
            source = line[2:].strip().strip("`")
        elif line.startswith("- ") and path:
            close()
            waiting.append((f"{path} | {source} | {line[2:].strip()}", at))
        elif line.strip() and path:
            reason.append(line.strip())
    close()
    return found, [key for key, _ in waiting]


def reasons():
    """{key: reason}."""
    return {key: reason for key, reason, _ in entries(PAGE.read_text())[0]}
