"""Reads the sources and refuses what the house rules refuse. Each message says what to do.

tidy_test.py <root>
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(sys.argv[1])
LIBRARY = ["common", "drivers", "stackless", "stackful", "runtime", "tls"]
MOST_LINES = 400
MOST_COLUMNS = 120
# Which include prefixes each floor may name, besides its own.
BELOW = {
    "base": set(),
    "core": {"base"},
    "sync": {"base", "core"},
    "channel": {"base", "core", "sync"},
    "time": {"base", "core", "sync"},
    "sched": {"base", "core", "sync", "channel", "time"},
}
COMMON = {"base", "core", "sync", "channel", "time", "sched"}
for part in ("drivers", "stackless", "stackful"):
    BELOW[part] = COMMON
BELOW["tls"] = COMMON | {"drivers"}
BELOW["runtime"] = COMMON | {"drivers", "stackless", "stackful"}
# Third parties that only some files may name.
ALONE = {
    r"boost/": ["stackful/src/switch.cpp"],
    r"liburing": ["drivers/"],
    r"openssl/": ["tls/src/"],
    r"hwloc": ["common/src/topology.cpp"],
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


def floor_of(name):
    parts = name.split("/")
    if parts[0] not in LIBRARY:
        return None
    if parts[0] != "common":
        return parts[0]
    return parts[3] if len(parts) > 4 and parts[1] == "include" else None


def check_includes(name, lines, included):
    floor = floor_of(name)
    for number, line in enumerate(lines, 1):
        match = re.match(r'\s*#\s*include\s*[<"]([^>"]+)[>"]', line)
        if not match:
            continue
        target = match.group(1)
        included.add(target)
        for pattern, allowed in ALONE.items():
            if re.match(pattern, target) and name.split("/")[0] in LIBRARY and not any(name.startswith(a) for a in allowed):
                say(name, number, f"only {allowed[0]} may include <{target}>; go through its header")
        if target.startswith("bifilar/") and target != "bifilar/bifilar.hpp" and floor:
            to = target.split("/")[1]
            if to != floor and to not in BELOW[floor]:
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
        if MACHINE_PATH.search(line):
            say(name, number, "a path of somebody's machine; make it relative")
        if library and "std::atomic<" in line and name != "common/include/bifilar/base/atomic.hpp":
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


included = set()
files = tracked()
for name in files:
    if not name.endswith((".hpp", ".cpp", ".c", ".py", ".sh", ".cmake", ".md", ".txt")) and pathlib.Path(name).name != "run":
        continue
    if name.startswith("reports/"):
        continue
    lines = (ROOT / name).read_text().splitlines()
    if name.endswith((".hpp", ".cpp")):
        check_includes(name, lines, included)
    if name.endswith((".hpp", ".cpp", ".c", ".py", ".sh")):
        check_text(name, lines)
for name in files:
    if "/include/bifilar/" in name and name.endswith(".hpp"):
        target = "bifilar/" + name.split("/include/bifilar/")[1]
        if target not in included and target != "bifilar/bifilar.hpp":
            say(name, 1, "nobody includes this header; remove it or use it")

print("\n".join(problems))
print(f"{len(files)} files read, {len(problems)} problems")
sys.exit(1 if problems else 0)
