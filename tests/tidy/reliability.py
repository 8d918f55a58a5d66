"""docs/reliability.md: each promise and each kind of fault is there, with tests, commands and dates that exist.

The page itself is the data. A promise is a heading with a number and a list of `- Shown by:`, `- Figure:`, `- Command:`,
`- Date:`; a kind of fault is a row of a table that begins with its number and ends with what shows it; a run is a row of
the first table. In what shows something, `part/file` is a file below tests, and what follows in backticks are names of
tests in it.
"""
import fnmatch
import re
import shlex

PAGE = "docs/reliability.md"
PROMISES = 18
FAULTS = 58
ENDINGS = ("", ".cpp", ".hpp", ".sh", ".py")
MUST_SAY = ("Shown by", "Figure", "Command", "Date")
UNTESTED = "not tested: "
DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
SPAN = re.compile(r"`([^`]+)`")
FILE = re.compile(r"[\w.-]+(?:/[\w.-]+)+")
NAME = re.compile(r"TEST_CASE\(\s*((?:\"(?:\\.|[^\"\\])*\"\s*)+)|^def (\w+)\(", re.M)
PROGRAM = re.compile(r"build/\w+/tests/test_(\w+)")


def names_in(path):
    found = set()
    for words, function in NAME.findall(path.read_text(encoding="utf-8")):
        found.add(function or "".join(re.findall(r'"((?:\\.|[^"\\])*)"', words)))
    return found


def names_of_part(root, part):
    return {name for path in (root / "tests" / part).glob("*_test.cpp") for name in names_in(path)}


def test_file(root, span):
    for ending in ENDINGS:
        path = root / "tests" / (span + ending)
        if path.is_file():
            return path
    return None


def of_evidence(root, text):
    """What is wrong with files and names."""
    if text.startswith(UNTESTED):
        yield from (f"there is no {span}" for span in SPAN.findall(text) if not (root / span).exists())
        return
    known = None
    for span in SPAN.findall(text):
        if FILE.fullmatch(span):
            path = test_file(root, span)
            known = names_in(path) if path else set()
            if path is None:
                yield f"there is no file tests/{span}"
        elif known is None:
            yield f"'{span}' stands before the file that it is in"
        elif span not in known:
            yield f"'{span}' is no test of the file that is named before it"


def parts_of(text):
    return set() if text.startswith(UNTESTED) else {span.split("/")[0] for span in SPAN.findall(text) if FILE.fullmatch(span)}


def of_command(root, command):
    words = shlex.split(command)
    part = None
    for at, word in enumerate(words):
        program = PROGRAM.fullmatch(word)
        if program:
            part = program.group(1)
            if not (root / "tests" / part).is_dir():
                yield f"there is no part tests/{part} for '{word}'"
        elif word == "--parts":
            for name in words[at + 1].split(";"):
                if not (root / "tests" / name).is_dir() and not (root / "tests" / f"{name}_test.cpp").is_file():
                    yield f"there is no part or file tests/{name}"
        elif words[at - 1] in ("--parts", "-R", "-L", "-LE") or word.startswith("-") or "=" in word:
            continue
        elif part is not None:
            for wanted in word.split(","):  # Catch takes any of them.
                if not any(fnmatch.fnmatchcase(name, wanted) for name in names_of_part(root, part)):
                    yield f"no test of tests/{part} is called '{wanted}'"
        elif "/" in word and not (root / word).exists():
            yield f"there is no {word}"


def entries(lines):
    """(line, kind, number or part, what it says) of all that the page lists."""
    promise = None
    for number, line in enumerate(lines, 1):
        heading = re.match(r"### (\d+)\. ", line)
        if heading:
            promise = (number, "promise", int(heading.group(1)), {})
            yield promise
            label = None
        elif line.startswith("#"):
            promise = None
        elif promise and re.match(r"- [A-Z][\w ]*: ", line):
            label, said = line[2:].split(": ", 1)
            promise[3][label] = said
        elif promise and label and line.startswith("  "):
            promise[3][label] += " " + line.strip()
        elif line.startswith("| "):
            cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
            if cells[0].isdigit():
                yield number, "fault", int(cells[0]), cells
            elif re.fullmatch(r"`\w+`", cells[0]):
                yield number, "run", cells[0].strip("`"), cells


def of_numbers(kind, numbers, count):
    if numbers != list(range(1, count + 1)):
        odd = sorted(set(range(1, count + 1)) ^ set(numbers)) or "their order"
        yield 1, f"the {kind}s are not 1 to {count}: see {odd}"


def problems(root):
    """(line, what is wrong) of the page."""
    lines = (root / PAGE).read_text(encoding="utf-8").splitlines()
    all_entries = list(entries(lines))
    yield from of_numbers("promise", [key for _, kind, key, _ in all_entries if kind == "promise"], PROMISES)
    yield from of_numbers("fault", [key for _, kind, key, _ in all_entries if kind == "fault"], FAULTS)
    runs = {key for _, kind, key, _ in all_entries if kind == "run"}
    for line, kind, key, says in all_entries:
        if kind == "promise":
            for label in MUST_SAY:
                if not says.get(label, "").strip(" ."):
                    yield line, f"promise {key} has no '{label}'"
            evidence, commands, date, figure = (says.get(label, "") for label in ("Shown by", "Command", "Date", "Figure"))
        elif kind == "fault":
            if len(says) != 4 or not all(says):
                yield line, f"fault {key} does not have number, fault, what excludes it and what shows it"
            evidence, commands, date, figure = says[-1], None, None, None
            if not parts_of(evidence) and not evidence.startswith(UNTESTED):
                yield line, f"fault {key} names no test; name one, or write '{UNTESTED}' and why"
            for part in sorted(parts_of(evidence) - runs):
                yield line, f"fault {key} is shown by tests/{part}, of which the page states no run"
        else:
            if len(says) != 4 or not all(says):
                yield line, f"the run of {key} does not have part, command, figure and date"
            evidence, commands, figure, date = "", *says[1:4]
        for text in of_evidence(root, evidence):
            yield line, text
        if commands is None:
            continue
        if not SPAN.findall(commands):
            yield line, f"no command for {key}; write it in backticks"
        for command in SPAN.findall(commands):
            for text in of_command(root, command):
                yield line, text
        if not DATE.search(date):
            yield line, f"no date for {key}; write it as 2026-11-27"
        if not re.search(r"\d", figure):
            yield line, f"no figure for {key}"
