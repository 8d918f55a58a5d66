# Measures one workload of a page again and prints its tables, of all sizes, as the page has them. Writes no report.
#   ./python one_workload.py PROGRAM WORKLOAD [OPTION…]
import json
import pathlib
import subprocess
import sys
import tempfile

from base import written
from texts import page


def main():
    program, workload, *options = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "figures.json"
        ended = subprocess.run([program, "--only", workload, *options, "--json", file])
        if ended.returncode != 0:
            return ended.returncode
        report = json.loads(file.read_text(encoding="utf-8"))
    definition = written.page(report["id"])
    print(page.results(report, definition, "experiments"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
