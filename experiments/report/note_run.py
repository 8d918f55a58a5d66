# Adds to a page's JSON how long it took and with which options, so that the committed figures say so.
#   python3 note_run.py JSON SECONDS [OPTION…]
import json
import pathlib
import sys


def noted(report, seconds, options):
    return {"id": report["id"], "quick": report["quick"], "run": {"seconds": seconds, "options": options},
            **{name: value for name, value in report.items() if name not in ("id", "quick", "run")}}


def main():
    file = pathlib.Path(sys.argv[1])
    report = noted(json.loads(file.read_text(encoding="utf-8")), int(sys.argv[2]), sys.argv[3:])
    file.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
