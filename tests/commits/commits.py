"""Refuses commit messages that the house rules refuse. Each message says what to do.

commits.py <file>       the message in a file, as git's hook commit-msg gives it
commits.py <root> all   every commit of the repository since this file was added
"""
import pathlib
import re
import subprocess
import sys

PARTS = {"base", "task", "memory", "future", "combine", "local", "sync", "channel", "time", "sched", "common", "drivers", "io",
         "stackless", "stackful", "runtime", "tls", "gdb", "experiments", "reports", "examples", "tests", "docs", "build", "ci", "all"}
MOST_COLUMNS = 72
# Verbs in another form than the imperative, as they come first: "adds", "added", "adding".
NOT_IMPERATIVE = re.compile(r"(?!bring|string|process|pass|address|discuss|embed|need|feed|seed|shed|speed|focus|access|miss|press)"
                            r"[a-z]+(?:ed|ing|s)$")


def problems(message):
    """What is wrong with a commit's message."""
    lines = [line for line in message.split("\n") if not line.startswith("#")]
    subject = lines[0] if lines else ""
    parts, colon, text = subject.partition(": ")
    if len(subject) > MOST_COLUMNS:
        yield f"the subject has {len(subject)} characters, more than {MOST_COLUMNS}; say the rest in the body"
    unknown = [part for part in parts.split(", ") if part not in PARTS]
    if not colon or unknown:
        yield (f"the subject has no part in front ({', '.join(unknown) or 'nothing'}); begin with one or more of "
               f"{', '.join(sorted(PARTS))} and a colon")
        return
    first = text.split(" ")[0]
    if NOT_IMPERATIVE.match(first):
        yield f"'{first}' is no imperative; say what the commit does as an order: add, mend, move"
    if subject.endswith("."):
        yield "the subject ends with a full stop; leave it out"
    if len(lines) > 1 and lines[1]:
        yield "the second line is not empty; git takes the first paragraph for the subject"


def since_this_file(root):
    """(short id, message) of the commits after the one that added this file, merges aside."""
    here = pathlib.Path(__file__).resolve().relative_to(root.resolve())

    def git(*arguments):
        return subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, check=True).stdout

    added = git("log", "--diff-filter=A", "--format=%H", "--", str(here)).split()
    if not added:  # Not committed, or a clone without history.
        return
    for commit in git("log", "--no-merges", "--format=%h%n%B%x00", f"{added[-1]}..HEAD").split("\0"):
        name, _, message = commit.strip().partition("\n")
        if name:
            yield name, message


def main():
    if len(sys.argv) == 3:
        try:
            found = [f"{name}: {one}" for name, message in since_this_file(pathlib.Path(sys.argv[1])) for one in problems(message)]
        except subprocess.CalledProcessError:
            print("no repository: nothing to check")
            return 0
    else:
        found = list(problems(pathlib.Path(sys.argv[1]).read_text()))
    for one in found:
        print(one, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
