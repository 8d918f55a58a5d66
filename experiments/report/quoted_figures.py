# The measured numbers of README.md and of the books: each stands behind a comment that names its figure, and equals the
# newest report. Without a FILE it reads all pages that quote figures (places.QUOTING).
#   ./python quoted_figures.py [--write] [--data DIR] [FILE…]
# A figure is written <!-- figure: page/workload@size/contender -->166, a quotient <!-- figure: A over B -->25. Numbers
# with a unit of time, "times" or % that no report measures stand behind <!-- stated: why, or by what -->.
import argparse
import json
import pathlib
import re
import sys

from base import numbers, places
from judge import readings

NUMBER = r"\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?"
MARKED = re.compile(rf"(<!-- figure: (.+?) -->)({NUMBER})?")
STATED = re.compile(rf"<!-- stated: .+? -->\s*{NUMBER}(?: to {NUMBER})?\s*\S+")
MEASURED = re.compile(rf"(?<![\w.,]){NUMBER}\s*(?:ns|us|µs|ms|s|seconds|minutes|times|x|%)(?![\w-])")
CODE = re.compile(r"```.*?```|^    .*?$|`[^`\n]+`", re.DOTALL | re.MULTILINE)


def value(reports, path):
    """What stands behind the marker, written as the page writes it."""
    parts = [readings.figure(reports, part.strip()) for part in path.split(" over ")]
    if len(parts) > 2:
        raise readings.missing(f"{path} has more than one 'over'")
    return numbers.shown(parts[0] if len(parts) == 1 else parts[0] / parts[1])


def line_of(text, at):
    return text.count("\n", 0, at) + 1


def problems(text, reports):
    """Each with its line and its remedy."""
    found = []
    for marked in MARKED.finditer(text):
        line = line_of(text, marked.start())
        try:
            now = value(reports, marked[2])
        except (readings.missing, ZeroDivisionError) as absence:
            found.append(f"{line}: {marked[2]} is in no report ({absence}); name a figure as reports/data/*.csv has it")
            continue
        if marked[3] != now:
            found.append(f"{line}: {marked[2]} is {now} in the newest report and {marked[3] or 'nothing'} here; "
                         "experiments/report/python experiments/report/quoted_figures.py --write writes all of them anew")
    def blank(some):  # Kept as long as it was, so that lines stay where they are.
        return re.sub(r"[^\n]", " ", some[0])
    rest = STATED.sub(blank, MARKED.sub(blank, CODE.sub(blank, text)))
    for bare in MEASURED.finditer(rest):
        found.append(f"{line_of(rest, bare.start())}: '{bare[0]}' looks measured; put <!-- figure: … --> before it, or "
                     "<!-- stated: why --> if no report has it")
    return found


def written(text, reports):
    """The text with all of its figures anew. Those that no report has stay as they are."""
    def anew(marked):
        try:
            return marked[1] + value(reports, marked[2])
        except (readings.missing, ZeroDivisionError):
            return marked[0]
    return MARKED.sub(anew, text)


def load(data):
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(data.glob("*.json"))}


def main():
    parser = argparse.ArgumentParser(description="Compares the figures that a text quotes with the newest reports.")
    parser.add_argument("--write", action="store_true", help="write them anew instead")
    parser.add_argument("--data", type=pathlib.Path, default=places.ROOT / "reports" / "data")
    parser.add_argument("files", nargs="*", type=pathlib.Path, default=[places.ROOT / name for name in places.QUOTING])
    options = parser.parse_args()
    reports, count = load(options.data), 0
    for file in options.files:
        text = file.read_text(encoding="utf-8")
        if options.write:
            text = written(text, reports)
            file.write_text(text, encoding="utf-8")
        wrong = problems(text, reports)
        for one in wrong:
            print(f"{file.name}:{one}")
        print(f"{len(MARKED.findall(text))} figures of {file.name}, {len(wrong)} problems")
        count += len(wrong)
    sys.exit(1 if count else 0)


if __name__ == "__main__":
    main()
