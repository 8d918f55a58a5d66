"""Copies the tree, puts all mutants into the copy, and builds its tests."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from sites import FOLDERS, GROUPS, LEFT_OUT, PER_FILE, Mutant, apply, found_in

ROOT = Path(__file__).resolve().parents[2]
HERE = ROOT / "build" / "mutate"


def tracked():
    """The files of the tree, those included that nobody has added yet."""
    listed = subprocess.check_output(["git", "-C", ROOT, "ls-files", "-co", "--exclude-standard"], text=True)
    return [line for line in listed.splitlines() if (ROOT / line).is_file()]


def bare(line):
    """A line of the source without indentation and comment."""
    return re.sub(r"\s*//.*", "", line).strip()


def sources(files):
    return sorted(path for path in files
                  if path.startswith(FOLDERS) and path.endswith((".hpp", ".cpp")) and not LEFT_OUT.search(path))


def rank(seed, path, text, what):
    return hashlib.sha256(f"{seed}|{path}|{text}|{what}".encode()).hexdigest()


def plan(files, seed, sampled, left_out=frozenset(), room=PER_FILE):
    """Every mutant by number, and the edits of each file: all of the core's, and `sampled` of logic by the seed."""
    places = []
    for index, path in enumerate(sources(files)):
        source = (ROOT / path).read_text()
        for group, what, edit in found_in(path, source):
            begin = source.rfind("\n", 0, edit.begin) + 1
            line = source.count("\n", 0, edit.begin) + 1
            text = bare(source[begin:source.find("\n", edit.begin)])
            places.append((index, path, group, what, line, edit.begin - begin, text, edit))
    chance = sorted((rank(seed, place[1], place[6], f"{place[3]}{place[5]}"), at)
                    for at, place in enumerate(places) if place[2] == "logic")
    kept = {at for _, at in chance[:sampled]}
    mutants, edits, counts, turns = {}, {}, {}, {}
    for at, (index, path, group, what, line, column, text, edit) in enumerate(places):
        alike = (path, text, group, what)
        turns[alike] = turns.get(alike, 0) + 1
        if group == "logic" and at not in kept:
            continue
        count = counts[path] = counts.get(path, -1) + 1
        if count >= room:
            raise SystemExit(f"{path} has more than {PER_FILE} mutants: raise PER_FILE in sites.py")
        mutant = Mutant(index * room + count, group, path, line, column, what, text, turns[alike])
        if (path, line, column, what) in left_out:
            continue
        mutants[mutant.number] = mutant
        edits.setdefault(path, []).append((mutant.number, edit))
    return mutants, edits


def write_if_changed(path, text):
    if path.exists() and path.read_text() == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def copy(files, edits):
    """The copy's files, without those that are no more."""
    target = HERE / "source"
    for path in files:
        if path in edits:
            write_if_changed(target / path, apply((ROOT / path).read_text(), edits[path]))
        elif not (target / path).exists() or (target / path).read_bytes() != (ROOT / path).read_bytes():
            (target / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / path, target / path)
    known = set(files)
    for path in target.rglob("*"):
        if path.is_file() and str(path.relative_to(target)) not in known and not path.is_symlink():
            path.unlink()


def compile_all(parts, jobs):
    """The exit status of a build that goes on after errors, and what it printed."""
    flags = f"-include {Path(__file__).with_name('mutant.hpp')} -w"
    environment = dict(os.environ, CCACHE_SLOPPINESS="pch_defines,time_macros")
    subprocess.run(
        ["cmake", "--preset", "release", "-S", HERE / "source", "-B", HERE / "tests",
         f"-DBIFILAR_TEST_PARTS={';'.join(parts)}", "-DBIFILAR_EXAMPLES=OFF", "-DBIFILAR_WERROR=OFF",
         f"-DCMAKE_CXX_FLAGS={flags}", "-DCMAKE_CXX_FLAGS_RELWITHDEBINFO=-O1 -g0"],
        check=True, cwd=HERE / "source", env=environment, stdout=subprocess.DEVNULL)
    built = subprocess.run(["cmake", "--build", HERE / "tests", "-j", str(jobs), "--target",
                            *(f"test_{part}" for part in parts), "--", "-k", "0"],
                           env=environment, capture_output=True, text=True)
    return built.returncode, built.stdout + built.stderr


def build(parts, seed, sampled, jobs):
    """Builds until every mutant that is left compiles; those that do not are kept in a file for the next time."""
    files = tracked()
    remembered = HERE / "no_compile.json"
    HERE.mkdir(parents=True, exist_ok=True)
    known = {tuple(item[:5]) for item in json.loads(remembered.read_text())} if remembered.exists() else set()
    for _ in range(20):
        current = {(path, line, column, what) for path, text, line, column, what in known
                   if line_of(path, line) == text}
        mutants, edits = plan(files, seed, sampled, current)
        copy(files, edits)
        status, output = compile_all(parts, jobs)
        if status == 0:
            return mutants
        refused = {(m.path, m.text, m.line, m.column, m.what) for m in blamed(output, mutants)}
        if not refused:
            sys.stderr.write(output[-6000:])
            raise SystemExit("the copy does not build, and no mutant is the reason: does the tree itself build?")
        known |= refused
        remembered.write_text(json.dumps(sorted(known), indent=0))
        print(f"{len(refused)} mutants do not compile and are left out", flush=True)
    raise SystemExit("the copy does not build after 20 rounds of leaving mutants out")


def line_of(path, line):
    file = ROOT / path
    lines = file.read_text().splitlines() if file.exists() else []
    return bare(lines[line - 1]) if line <= len(lines) else ""


def blamed(output, mutants):
    """Those on lines with errors: of logic, then rechecks, then all."""
    wrong = {}
    for path, line in re.findall(r"^(?:\S*/)?source/(\S+?):(\d+):\d+: error:", output, re.M):
        wrong.setdefault(path, set()).add(int(line))
    there = [m for m in mutants.values() if m.line in wrong.get(m.path, ())]
    lines = {}
    for mutant in there:
        lines.setdefault((mutant.path, mutant.line), []).append(mutant)
    chosen = []
    for each in lines.values():
        last = max(GROUPS.index(m.group) for m in each)
        chosen += [m for m in each if GROUPS.index(m.group) == last]
    return chosen
