# Adds to the portability page's JSON what is counted and not timed: what compilers leave, what a jump saves, what works.
#   python3 facts.py JSON BUILD [--qemu]
# BUILD has the arm64 packages in arm64/, if any, and receives what is compiled. --qemu runs all tests for 64-bit ARM.
import json
import pathlib
import sys

import inlining
import ports
import registers


def main():
    file, build = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve()
    report = json.loads(file.read_text(encoding="utf-8"))
    for made, refused in (inlining.facts(), registers.facts(build / "arm64"), ports.facts(build, "--qemu" in sys.argv[3:])):
        report["facts"].update(made)
        for name, reason in refused.items():
            print(f"{name}: {reason}")
            report.setdefault("refused_facts", {})[name] = reason
    file.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
