# Checks experiments/run: an interrupted run goes on where it was, with the figures that it had, and only if it is the same
# run. The programs that measure are scripts here, which give committed figures and note that they were called.
#   python3 resume_test.py
import pathlib
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PAGES = ("timers", "http")

PROGRAM = """#!/bin/sh
echo {page} >>{root}/called
[ -z "$FAILS" ] || [ "$FAILS" != {page} ] || exit 1
while [ "$1" != --json ]; do shift; done
cp {data}/{page}.json "$2"
"""


class resumed_runs(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        shutil.copytree(ROOT / "experiments", self.root / "experiments", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "packages.sh", self.root)
        programs = self.root / "build/bench/experiments"
        programs.mkdir(parents=True)
        for page in PAGES:
            program = programs / f"experiment_{page}"
            program.write_text(PROGRAM.format(page=page, root=self.root, data=ROOT / "reports/data"), encoding="utf-8")
            program.chmod(0o755)

    def run_pages(self, *options, fails=""):
        """(exit code, all that it printed, the pages whose programs it called)."""
        (self.root / "called").unlink(missing_ok=True)
        ended = subprocess.run([self.root / "experiments/run", "--only", ",".join(PAGES), "--built", "--out", self.root / "out", *options],
                               capture_output=True, text=True, env={"PATH": "/usr/bin:/bin", "FAILS": fails, "PYTHONDONTWRITEBYTECODE": "1"})
        return ended.returncode, ended.stdout + ended.stderr, (self.root / "called").read_text(encoding="utf-8").split()

    def test_what_was_measured_is_not_measured_again(self):
        code, said, called = self.run_pages(fails="http")
        self.assertEqual((code, called), (1, ["timers", "http"]), said)
        self.assertIn("failed: http: its earlier figures, if any, were left as they were", said)
        self.assertFalse((self.root / "out/data/http.json").exists())
        code, said, called = self.run_pages("--resume")
        self.assertEqual((code, called), (0, ["http"]), said)
        self.assertIn("timers: measured before the interruption", said)
        self.assertTrue((self.root / "out/http.html").exists())
        # That run has come to its end: there is none to resume.
        self.assertEqual(self.run_pages("--resume")[2], ["timers", "http"])

    def test_without_the_word_or_with_other_options_it_begins_anew(self):
        self.run_pages(fails="http")
        self.assertEqual(self.run_pages("--resume", "--quick", fails="http")[2], ["timers", "http"])
        self.assertEqual(self.run_pages("--resume", fails="http")[2], ["http"])
        self.assertEqual(self.run_pages(fails="http")[2], ["timers", "http"])

    def test_a_page_that_is_gone_is_measured_again(self):
        self.run_pages(fails="http")
        (self.root / "out/data/timers.json").unlink()
        self.assertEqual(self.run_pages("--resume")[2], ["timers", "http"])


if __name__ == "__main__":
    unittest.main()
