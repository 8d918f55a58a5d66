# Adds to a page's JSON which run it is of, what was measured and how long it took, so that the committed figures say so.
#   ./python note_run.py JSON SECONDS --run FILE --programs FILE --use FILE [--without STEP]… [-- OPTION…]
#   ./python note_run.py --of JSON [OPTION…]        Prints the seconds, or nothing where it took other options.
#   ./python note_run.py --failed JSON RUN WHY      Says in a page's earlier figures that a later run could not make new ones.
# FILEs are those of begin_run.py, list_programs.py and processor_use.py; STEP is one that failed after the measuring.
import argparse
import json
import pathlib
import sys

from runs import programs


def noted(report, seconds, options, **more):
    """The report with its run, and without word of one that failed earlier."""
    return {"id": report["id"], "quick": report["quick"], "run": {**more, "seconds": seconds, "options": options},
            **{name: value for name, value in report.items() if name not in ("id", "quick", "run", "failed_since")}}


def seconds_of(report, options):
    """How long the page took with these options; None where that is not known."""
    run = report.get("run", {})
    return run.get("seconds") if run.get("options") == options else None


def failed(report, run, why):
    """The earlier report, with what became of it in `run`."""
    return {**report, "failed_since": {"id": run["id"], "began": run["began"], "why": why}}


def load(name):
    return json.loads(pathlib.Path(name).read_text(encoding="utf-8"))


def write(name, report):
    pathlib.Path(name).write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


def note(words):
    options = []
    if "--" in words:
        options = words[words.index("--") + 1:]
        words = words[:words.index("--")]
    parser = argparse.ArgumentParser()
    parser.add_argument("json")
    parser.add_argument("seconds", type=int)
    for name in ("--run", "--programs", "--use"):
        parser.add_argument(name, required=True)
    parser.add_argument("--without", action="append", default=[])
    given = parser.parse_args(words)
    report, what = load(given.json), load(given.programs)
    more = {**load(given.run), "programs": what["programs"], "peers": programs.of_contenders(what["peers"], report),
            "processor_use": load(given.use)}
    if given.without:
        more["without"] = given.without
    write(given.json, noted(report, given.seconds, options, **more))


def main():
    first, *rest = sys.argv[1:]
    if first == "--of":
        known = seconds_of(load(rest[0]), rest[1:]) if pathlib.Path(rest[0]).exists() else None
        print(known if known is not None else "")
    elif first == "--failed":
        write(rest[0], failed(load(rest[0]), load(rest[1]), rest[2]))
    else:
        note(sys.argv[1:])


if __name__ == "__main__":
    main()
