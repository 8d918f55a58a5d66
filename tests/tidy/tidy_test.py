"""Reads the sources and refuses what the house rules refuse. Each message says what to do.

tidy_test.py <root> [--draw]   with --draw it writes anew what is made from the sources: the drawing of the floors, and
                               the list of public headers
"""
import pathlib
import re
import subprocess
import sys

import floors
import public_headers
import reliability
import words
from floors import BELOW, LIBRARY

ROOT = pathlib.Path(sys.argv[1])
MOST_LINES = 400
MOST_COLUMNS = 120
# Third parties that only some files may name.
ALONE = {
    r"boost/": ["stackful/src/switch.cpp"],
    r"liburing": ["drivers/"],
    r"openssl/": ["tls/src/"],
    r"hwloc": ["common/src/sched/topology.cpp"],
}
# Assembled, so that this file does not contain them.
LEFTOVERS = re.compile("|".join(["TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK", "not imple" + "mented", "for" + " now",
                                 "simpli" + "fied", "place" + "holder"]))
# In the assertion itself; a lambda within it, which has statements, may wait.
AWAITING_ASSERTION = re.compile(r"\b(?:CHECK|REQUIRE)\w*\((?:[^;{}]|\{[^;{}]*\})*?\bco_await\b")
MACHINE_PATH = re.compile(r"/(?:work|farm|root|home)/[a-z]")

problems = []


def say(path, line, text):
    problems.append(f"{path}:{line}: {text}")


def tracked():
    listing = subprocess.run(["git", "-C", str(ROOT), "ls-files", "-co", "--exclude-standard"], capture_output=True, text=True)
    names = listing.stdout.split("\n") if listing.returncode == 0 else []
    if not any(names):
        names = [str(p.relative_to(ROOT)) for p in ROOT.rglob("*") if p.is_file() and "build" not in p.parts]
    return [name for name in names if name and (ROOT / name).is_file()]


def check_includes(name, lines, included, used, opens):
    floor = floors.floor_of(name)
    for number, line in enumerate(lines, 1):
        match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
        if not match:
            continue
        target = match.group(2)
        included.add(target)
        for pattern, allowed in ALONE.items():
            if re.match(pattern, target) and name.split("/")[0] in LIBRARY and not any(name.startswith(a) for a in allowed):
                say(name, number, f"only {allowed[0]} may include <{target}>; go through its header")
        opened = floors.file_of(ROOT, name, match.group(1), target) if floor and target != "bifilar/bifilar.hpp" else None
        if opened:
            opens.setdefault(name, []).append(opened)
        to = floors.floor_of(opened) if opened else None
        if to and to != floor:
            used.add((floor, to))
        if to and to != floor and to not in BELOW[floor]:
            say(name, number, f"{floor} includes {to}, which is upward or sideways; move the code or the declaration down")
        if target == "bifilar/bifilar.hpp" and name.split("/")[0] in LIBRARY:
            say(name, number, "the library itself does not include the umbrella header; include what is used")


def check_text(name, lines):
    if len(lines) > MOST_LINES:
        say(name, len(lines), f"has {len(lines)} lines, more than {MOST_LINES}; split it by concept")
    library = name.split("/")[0] in LIBRARY
    for number, line in enumerate(lines, 1):
        if LEFTOVERS.search(line):
            say(name, number, "a leftover word; finish the work or say what is the case")
        if len(line) > MOST_COLUMNS and not name.endswith(".py"):
            say(name, number, f"is {len(line)} columns wide, more than {MOST_COLUMNS}; run clang-format")
        for text in words.problems(line) if not name.startswith(("experiments/", "tests/tidy/words.py")) else ():
            say(name, number, text)
        if MACHINE_PATH.search(line):
            say(name, number, "a path of somebody's machine; make it relative")
        if library and "std::atomic<" in line and name != "common/include/bifilar/base/detail/atomic.hpp":
            say(name, number, "atomics go through bifilar::base::atomic, so that the models see them")
    if name.endswith((".hpp", ".cpp")):
        text = "\n".join(lines)
        for match in AWAITING_ASSERTION.finditer(text):
            say(name, text.count("\n", 0, match.start()) + 1,
                "an assertion that waits, whose co_await GCC 12 evaluates twice; name the value first")
    if name.endswith(".hpp") and "#pragma once" not in lines:
        say(name, 1, "a header without #pragma once; add it behind the head comment")
    if name.endswith((".hpp", ".cpp")) and lines and not lines[0].startswith("//"):
        say(name, 1, "no head comment; say in up to three lines what the file is for")


# A function that is defined there, such as an operator, is found by its argument and is no friendship.
FRIEND = re.compile(r"\s*friend\b(?!.*(?:\{|= default))")


def check_friends(name, lines):
    for number, line in enumerate(lines, 1):
        if not FRIEND.match(line):
            continue
        above = number - 2
        while above >= 0 and (FRIEND.match(lines[above]) or re.match(r"\s*template\b", lines[above])):
            above -= 1
        if above < 0 or not lines[above].lstrip().startswith("//"):
            say(name, number, "a friend without a comment above it or its group; say why it must reach in, or do without")


included = set()
used = set()  # Pairs of floors.
opens = {}  # Files of the library, and what they include of it.
files = tracked()
for name in files:
    if not name.endswith((".hpp", ".cpp", ".c", ".py", ".sh", ".cmake", ".md", ".txt")) and pathlib.Path(name).name != "run":
        continue
    if name.startswith("reports/"):
        continue
    lines = (ROOT / name).read_text().splitlines()
    if name.endswith((".hpp", ".cpp")):
        check_includes(name, lines, included, used, opens)
    if name.endswith((".hpp", ".cpp", ".c", ".py", ".sh")):
        check_text(name, lines)
    if name.endswith((".hpp", ".cpp")) and name.split("/")[0] in LIBRARY:
        check_friends(name, lines)
for name in files:
    if "/include/bifilar/" in name and name.endswith(".hpp"):
        target = "bifilar/" + name.split("/include/bifilar/")[1]
        if target not in included and target != "bifilar/bifilar.hpp":
            say(name, 1, "nobody includes this header; remove it or use it")

for circle in floors.circles(opens):
    say(circle[0], 1, f"includes itself by way of {', '.join(circle[1:])}; move what both need to a header below")
for name in files:
    if name.endswith((".hpp", ".cpp")):
        for line, text in public_headers.problems(name, (ROOT / name).read_text()):
            say(name, line, text)
for line, text in reliability.problems(ROOT):
    say(reliability.PAGE, line, text)
made = {floors.DRAWING: (floors.draw(used), "is not the drawing of what includes what"),
        public_headers.LIST: (public_headers.listed(files), "does not name the public headers; what no application names "
                                                            "belongs in its room's detail folder")}
for name, (text, complaint) in made.items():
    path = ROOT / name
    if path.is_file() and path.read_text() == text:
        continue
    if "--draw" in sys.argv:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    else:
        say(name, 1, f"{complaint}; else run tests/tidy/tidy_test.py . --draw")

print("\n".join(problems))
print(f"{len(files)} files read, {len(problems)} problems")
sys.exit(1 if problems else 0)
