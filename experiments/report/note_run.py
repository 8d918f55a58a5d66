# Adds to a page's JSON how long it took and with which options, so that the committed figures say so; and tells it.
#   python3 note_run.py JSON SECONDS [OPTION…]
#   python3 note_run.py --of JSON [OPTION…]        Prints the seconds, or nothing where it took other options.
import json
import pathlib
import sys


def noted(report, seconds, options):
    return {"id": report["id"], "quick": report["quick"], "run": {"seconds": seconds, "options": options},
            **{name: value for name, value in report.items() if name not in ("id", "quick", "run")}}


def seconds_of(report, options):
    """How long the page took with these options; None where that is not known."""
    run = report.get("run", {})
    return run.get("seconds") if run.get("options") == options else None


def main():
    if sys.argv[1] == "--of":
        file = pathlib.Path(sys.argv[2])
        known = seconds_of(json.loads(file.read_text(encoding="utf-8")), sys.argv[3:]) if file.exists() else None
        print(known if known is not None else "")
        return
    file = pathlib.Path(sys.argv[1])
    report = noted(json.loads(file.read_text(encoding="utf-8")), int(sys.argv[2]), sys.argv[3:])
    file.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
