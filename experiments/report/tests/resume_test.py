# Checks experiments/run: an interrupted run goes on where it was, with the figures that it had, and only if it is the same
# run of the same programs; what fails is said at the end and in the reports. The programs that measure are scripts here,
# which give small figures of their own and note that they were called.
#   ./python -m tests.resume_test
import json
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from base import places

PAGES = ("timers", "http")
DATES = {"cache": "2026-01-01", "timers": "2026-01-02", "http": "2026-01-03"}
MACHINE = {"processor": "p", "processors": 2, "hypervisor": False, "kernel": "k", "compiler": "c", "build": "b", "hardware_counters": "none"}

PROGRAM = """#!/bin/sh
echo {page} >>{root}/called
[ -z "$FAILS" ] || [ "$FAILS" != {page} ] || exit 1
[ -z "$KILLED" ] || [ "$KILLED" != {page} ] || kill -KILL $$
while [ "$1" != --json ]; do shift; done
cp {root}/given/{page}.json "$2"
[ -z "$GARBLES" ] || [ "$GARBLES" != {page} ] || echo "{{" >"$2"
"""


def figures(page):
    contender = {"name": "coroutine", "median": 2.0, "least": 1.0, "most": 3.0, "samples": [1.0, 2.0, 3.0]}
    work = {"id": "job", "title": "job", "unit": "ns", "size": 1.0, "repetitions": 3, "warm_up": 1, "contenders": [contender]}
    return {"id": page, "quick": False, "machine": {**MACHINE, "date": f"{DATES[page]} 00:00 UTC"}, "facts": {}, "workloads": [work]}


class resumed_runs(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        shutil.copytree(places.ROOT / "experiments", self.root / "experiments", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(places.ROOT / "packages.sh", self.root)
        programs = self.root / "build/bench/experiments"
        programs.mkdir(parents=True)
        (self.root / "given").mkdir()
        for page in DATES:
            (self.root / f"given/{page}.json").write_text(json.dumps(figures(page)), encoding="utf-8")
        for page in PAGES:
            self.make_program(page)

    def make_program(self, page, more=""):
        program = self.root / f"build/bench/experiments/experiment_{page}"
        program.write_text(PROGRAM.format(page=page, root=self.root) + more, encoding="utf-8")
        program.chmod(0o755)

    def run_pages(self, *options, pages=PAGES, **what_fails):
        """(exit code, all that it printed, the pages whose programs it called). `what_fails`: fails, killed, garbles=PAGE."""
        called = self.root / "called"
        called.write_text("", encoding="utf-8")
        ended = subprocess.run([self.root / "experiments/run", "--only", ",".join(pages), "--built", "--out", self.root / "out", *options],
                               capture_output=True, text=True, env={"PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1",
                                                                    **{name.upper(): page for name, page in what_fails.items()}})
        return ended.returncode, ended.stdout + ended.stderr, called.read_text(encoding="utf-8").split()

    def run_of(self, page):
        return json.loads((self.root / f"out/data/{page}.json").read_text(encoding="utf-8"))["run"]

    def index(self):
        return (self.root / "out/README.md").read_text(encoding="utf-8")

    def commit(self):
        """A commit of the experiments as they are."""
        (self.root / ".gitignore").write_text("/build\n/called\n/given\n", encoding="utf-8")
        for words in (["init", "-q"], ["add", "experiments", ".gitignore"], ["-c", "user.name=n", "-c", "user.email=e", "commit", "-q", "--allow-empty", "-m", "m"]):
            subprocess.run(["git", "-C", self.root, *words], check=True)
        return subprocess.run(["git", "-C", self.root, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()

    def test_what_was_measured_is_not_measured_again(self):
        code, said, called = self.run_pages(fails="http")
        self.assertEqual((code, called), (1, ["timers", "http"]), said)
        self.assertRegex(said, "failed: http: its program did not measure to its end; .*/out has no figures of it")
        self.assertFalse((self.root / "out/data/http.json").exists())
        code, said, called = self.run_pages("--resume")
        self.assertEqual((code, called), (0, ["http"]), said)
        self.assertIn("timers: measured before the interruption", said)
        self.assertTrue((self.root / "out/http.html").exists())
        # That run has come to its end: there is none to resume.
        self.assertEqual(self.run_pages("--resume")[2], ["timers", "http"])

    def test_without_the_word_or_with_other_options_it_begins_anew(self):
        self.run_pages(fails="http")
        self.assertEqual(self.run_pages("--resume", "--quick", "--out", self.root / "quick", fails="http")[2], ["timers", "http"])
        self.assertEqual(self.run_pages("--resume", fails="http")[2], ["http"])
        self.assertEqual(self.run_pages(fails="http")[2], ["timers", "http"])

    def test_a_run_of_one_page_leaves_an_interrupted_one_of_several_alone(self):
        self.run_pages(fails="http")
        self.assertEqual(self.run_pages(pages=["http"])[0], 0)
        self.assertEqual(self.run_pages("--resume")[2], ["http"])

    def test_a_page_that_is_gone_is_measured_again(self):
        self.run_pages(fails="http")
        (self.root / "out/data/timers.json").unlink()
        self.assertEqual(self.run_pages("--resume")[2], ["timers", "http"])

    def test_figures_that_are_not_those_that_were_measured_are_measured_again(self):
        self.run_pages(fails="http")
        shutil.copy(self.root / "given/timers.json", self.root / "out/data/timers.json")
        code, said, called = self.run_pages("--resume")
        self.assertEqual((code, called), (0, ["timers", "http"]), said)
        self.assertIn("timers: its programs or its figures are not those of the interrupted run", said)

    def test_a_program_that_was_edited_measures_again_and_a_commit_alone_does_not(self):
        first = self.commit()
        self.run_pages(fails="http")
        second = self.commit()
        code, said, called = self.run_pages("--resume", fails="http")
        self.assertEqual(called, ["http"], said)
        self.make_program("timers", "# Edited.")
        code, said, called = self.run_pages("--resume")
        self.assertEqual((code, called), (0, ["timers", "http"]), said)
        self.assertNotEqual(first, second)
        self.assertEqual(self.run_of("timers")["commit"], second)
        self.assertEqual(self.run_of("timers")["id"], self.run_of("http")["id"])

    def test_a_resumed_run_says_of_which_commit_each_page_is(self):
        first = self.commit()
        self.run_pages(fails="http")
        second = self.commit()
        self.assertEqual(self.run_pages("--resume")[0], 0)
        self.assertEqual([self.run_of(page)["commit"] for page in PAGES], [first, second])
        self.assertIn(f"not of it: [timers](timers.md), of the same run, commit `{first[:10]}`", self.index())

    def test_figures_say_what_was_measured(self):
        commit = self.commit()
        self.run_pages()
        run = self.run_of("timers")
        self.assertEqual(run["commit"], commit)
        self.assertEqual(list(run["programs"]), ["experiments/experiment_timers"])
        self.assertEqual(run["differs"], ["packages.sh"])  # Never added; what a run writes itself does not count.
        self.assertEqual(set(run["processor_use"]), {"available_seconds", "own_seconds", "others_seconds", "steal_seconds"})
        self.assertIn("experiments/http/pipeline.lua", self.run_of("http")["programs"])

    def test_a_page_of_another_run_is_named(self):
        self.run_pages(pages=["timers"])
        self.run_pages(pages=["http"])
        self.assertRegex(self.index(), r"1 of 2 pages are of run \S+, of .*; not of it: \[timers\]\(timers.md\), of run ")

    def test_a_page_that_fails_keeps_its_earlier_figures_and_the_reports_say_so(self):
        self.run_pages()
        for trouble, why in ((dict(fails="http"), "its program did not measure to its end"),
                             (dict(killed="http"), "its program did not measure to its end"),
                             (dict(garbles="http"), "its program wrote no figures that can be read")):
            with self.subTest(trouble):
                earlier = self.run_of("http")
                code, said, _ = self.run_pages(**trouble)
                self.assertEqual(code, 1)
                self.assertRegex(said, f"failed: http: {why}; .*/out has older figures of it")
                self.assertEqual(self.run_of("http"), earlier)
                self.assertRegex(self.index(), rf"> A later run failed to measure \[http\]\(http.md\) \(.*: {why}\)")
                self.assertIn("A later run failed", (self.root / "out/machine.md").read_text(encoding="utf-8"))
        self.assertEqual(self.run_pages("--resume")[2], ["http"])
        self.assertNotIn("A later run failed", self.index())

    def test_a_page_whose_facts_fail_is_not_taken_for_measured(self):
        self.make_program("cache")
        facts = self.root / "experiments/cache/trace.py", self.root / "experiments/cache/misses.py"
        for script in facts:
            script.write_text("import sys\nsys.exit(1)\n", encoding="utf-8")
        code, said, _ = self.run_pages(pages=["cache", "timers"])
        self.assertEqual(code, 1)
        self.assertIn("failed: cache: new figures, but without its trace misses", said)
        self.assertEqual(self.run_of("cache")["without"], ["trace", "misses"])
        self.assertIn("> [cache](cache.md) lacks facts, because a step after its measuring failed: trace, misses.", self.index())
        for script in facts:
            script.write_text("", encoding="utf-8")
        code, said, called = self.run_pages("--resume", pages=["cache", "timers"])
        self.assertEqual((code, called), (0, ["cache"]), said)
        self.assertNotIn("lacks facts", self.index())


if __name__ == "__main__":
    unittest.main()
