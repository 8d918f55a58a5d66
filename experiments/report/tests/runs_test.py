# Checks what a run notes of itself and what the reports say of it: commit, programs, versions, who had the processors.
#   ./python -m tests.runs_test
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import unittest

import begin_run
import note_run
import processor_use
from base import places
from runs import machines, meanwhile, programs, runs, versions
from texts import machine, markdown_table, page, pages_of_run


def report(name="a", date="2026-01-02 03:04 UTC", run=None, **more):
    made = {"id": name, "quick": False, "machine": {"date": date, "processor": "p"}, "workloads": [], **more}
    return made if run is None else {**made, "run": {"seconds": 1, "options": [], **run}}


ONE, OTHER = ({"id": name, "began": "then", "commit": digit * 40, "differs": []} for name, digit in (("one", "1"), ("other", "2")))


class sentences(unittest.TestCase):
    def test_old_figures_say_that_nothing_is_noted(self):
        self.assertEqual(runs.sentence({"a": report(), "b": report(date="2026-01-05 00:00 UTC")}),
                         "Measured from 2026-01-02 03:04 UTC to 2026-01-05 00:00 UTC; which runs and commits these pages are of is not noted.")
        self.assertIn("| not noted | not noted |", machine.runs_section({"a": report()}))
        self.assertEqual(runs.failures({"a": report()}), [])
        self.assertNotIn("others", pages_of_run.table({"a": report()}))
        self.assertNotIn("Versions", machine.make({"a": report()})[0])

    def test_one_run_is_told_with_its_commit(self):
        self.assertEqual(runs.sentence({"a": report(run=ONE)}), "Measured at 2026-01-02 03:04 UTC, in one run: run one, of commit `1111111111`.")
        edited = {**ONE, "differs": ["x.cpp"]}
        self.assertIn("of commit `1111111111`, with changes to x.cpp.", runs.sentence({"a": report(run=edited)}))
        unknown = {"id": "one", "began": "then"}
        self.assertIn("of a commit that is not known", runs.sentence({"a": report(run=unknown)}))

    def test_of_runs_with_as_many_pages_the_newest_is_named_first(self):
        reports = {"a": report(run=ONE), "b": report(date="2026-01-03 00:00 UTC", run=OTHER), "c": report(date="2026-01-04 00:00 UTC")}
        said = runs.sentence(reports)
        self.assertIn("1 of 3 pages are of run other, of commit `2222222222`; not of it: [a](a.md), of run one, commit `1111111111`; "
                      "[c](c.md), whose run is not noted.", said)
        self.assertIn("| one | `1111111111` | 2026-01-02 03:04 UTC | [a](a.md) |", markdown_table.table_of_words([runs.HEAD, *runs.rows(reports, runs.links)]))

    def test_the_run_that_most_pages_are_of_is_named_first(self):
        reports = {"a": report(run=ONE), "b": report(run=ONE), "c": report(date="2026-01-03 00:00 UTC", run=OTHER)}
        self.assertIn("2 of 3 pages are of run one, of commit `1111111111`; not of it: [c](c.md), of run other, ", runs.sentence(reports))

    def test_versions_name_their_pages_only_where_they_differ(self):
        def with_go(version):
            return report(run={**ONE, "versions": {"Go": version, "Lua": "5.4"}})
        self.assertIn(["Go", "1.19"], machine.versions({"a": with_go("1.19"), "b": with_go("1.19")}))
        rows = machine.versions({"a": with_go("1.19"), "b": with_go("1.20")})
        self.assertIn(["Go", "1.19 (a); 1.20 (b)"], rows)
        self.assertIn(["Lua", "5.4"], rows)


class others(unittest.TestCase):
    def page(self, others_seconds, steal_seconds=0.0):
        use = {"available_seconds": 100.0, "own_seconds": 50.0, "others_seconds": others_seconds, "steal_seconds": steal_seconds}
        return report(run={**ONE, "processor_use": use})

    def test_pages_beside_other_load_are_named(self):
        reports = {"a": self.page(4.9), "b": self.page(5.1), "c": self.page(0, 7), "d": report()}
        said = meanwhile.beside(reports)
        self.assertIn("[b](b.md) (other processes 5.1 %), [c](c.md) (the hypervisor 7.0 %).", said)
        self.assertNotIn("[a]", said)
        self.assertEqual(meanwhile.beside({"a": self.page(5.0)}), "")
        self.assertEqual(meanwhile.sentence(self.page(5.0, 1.0)),
                         "Meanwhile 5.0 % of the processor time was other processes', and 1.0 % the hypervisor's.")
        self.assertEqual(meanwhile.sentence(report(run=ONE)), "")
        self.assertIn("| [b](b.md) | 2026-01-02 03:04 UTC | 1 |  | 5.1 % | 0.0 % |", pages_of_run.table(reports))
        self.assertIn("| [d](d.md) | 2026-01-02 03:04 UTC | not noted |  | not noted | not noted |", pages_of_run.table(reports))

    def test_ticks_of_the_processors_that_the_page_may_use_count(self):
        stat = "cpu  9 9 9 9 9 9 9 9 0 0\ncpu0 100 10 20 1000 50 3 7 30 5 0\ncpu1 1 0 0 0 0 0 0 1 0 0\nintr 1 2\n"
        hundredths = processor_use.TICKS / 100
        self.assertEqual(processor_use.used(stat, {0}), (1.40 / hundredths, 0.30 / hundredths))
        self.assertEqual(processor_use.used(stat, {0, 1}), (1.41 / hundredths, 0.31 / hundredths))
        self.assertEqual(processor_use.told((1.0, 0.5), (8.0, 1.0), 5.0, 10.0, 2),
                         {"available_seconds": 20.0, "own_seconds": 5.0, "others_seconds": 2.0, "steal_seconds": 0.5})
        self.assertEqual(processor_use.told((1.0, 0.0), (2.0, 0.0), 5.0, 10.0, 2)["others_seconds"], 0.0)

    def run_watched(self, program):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "use"
            ended = subprocess.run([sys.executable, places.REPORT / "processor_use.py", file, sys.executable, "-c", program])
            return ended.returncode, json.loads(file.read_text(encoding="utf-8"))

    def test_the_page_s_processes_are_its_own_also_those_that_it_leaves_behind(self):
        burn = "import os, time\ndef burn():\n    while time.process_time() < 0.2: pass\n"
        self.assertGreaterEqual(self.run_watched(burn + "burn()")[1]["own_seconds"], 0.19)
        # The child has ended and nobody has waited for it when the program ends.
        left = burn + "child = os.fork()\nif child == 0:\n    burn()\n    os._exit(0)\nos.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)"
        self.assertGreaterEqual(self.run_watched(left)[1]["own_seconds"], 0.19)

    def test_it_ends_as_the_program_does(self):
        self.assertEqual(self.run_watched("import sys; sys.exit(7)")[0], 7)
        self.assertEqual(self.run_watched(f"import os; os.kill(os.getpid(), {int(signal.SIGTERM)})")[0], -signal.SIGTERM)


class what_was_measured(unittest.TestCase):
    def test_every_program_that_a_page_is_built_to_start_is_in_its_list(self):
        names = {"example_echo": "echo", "example_http_server": "http_server"}
        for page in ("io", "http", "transfers", "connections", "portability"):
            text = (places.EXPERIMENTS / page / "CMakeLists.txt").read_text(encoding="utf-8")
            started = {names.get(one, one) for one in re.findall(r"TARGET_FILE:(\w+)>", text)}
            started |= set(re.findall(r"BINARY_DIR\}/([\w.]+)\\\"", text))
            self.assertEqual({pathlib.PurePath(one).name for one in programs.STARTED[page]}, started, page)

    def test_every_peer_that_is_built_is_in_the_list(self):
        text = (places.EXPERIMENTS / "peers" / "build").read_text(encoding="utf-8")
        built = set(re.findall(r"(?:make|script) (\w+_(?:peer|echo))\b", text))
        self.assertEqual({name for several in programs.PEERS.values() for name in several}, built)

    def test_a_page_has_the_peers_that_are_among_its_contenders(self):
        page = report(workloads=[{"contenders": [{"name": "Go, channels"}, {"name": "Tokio"}, {"name": "coroutine"}]}])
        self.assertEqual(programs.of_contenders({"go_peer": "x", "rust_peer": "y", "lua_peer": "z"}, page), {"go_peer": "x", "rust_peer": "y"})

    def test_programs_are_told_apart_by_their_bytes(self):
        with tempfile.TemporaryDirectory() as folder:
            build = pathlib.Path(folder)
            (build / "experiments").mkdir()
            program = build / "experiments/experiment_memory"
            self.assertEqual(programs.own("memory", build), {})
            program.write_bytes(b"1")
            first = programs.own("memory", build)
            program.write_bytes(b"2")
            second = programs.own("memory", build)
        self.assertEqual(list(first), ["experiments/experiment_memory"])
        one, other = (report(run={"programs": own, "peers": {"go_peer": go, **more}})
                      for own, go, more in ((first, "x", {"lua_peer": "x"}), (second, "y", {})))
        self.assertEqual(programs.differing(one, one), [])
        self.assertEqual(programs.differing(one, other), ["experiments/experiment_memory", "go_peer"])
        self.assertIsNone(programs.differing(one, report()))

    def test_a_new_run_takes_the_word_of_a_failed_one_away(self):
        earlier = note_run.failed(report(run=ONE), OTHER, "why")
        self.assertEqual(earlier["failed_since"], {"id": "other", "began": "then", "why": "why"})
        self.assertEqual(earlier["run"]["id"], "one")
        self.assertNotIn("failed_since", note_run.noted(earlier, 1, [], **OTHER))

    def test_the_commit_and_what_differs_from_it_are_known_where_git_is(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder).resolve()
            environment = {**os.environ, "GIT_CEILING_DIRECTORIES": str(root.parent)}

            def git(*words):
                subprocess.run(["git", "-C", root, "-c", "user.name=n", "-c", "user.email=e", *words], check=True, env=environment)
            git("init", "-q")
            (root / "a.cpp").write_text("1", encoding="utf-8")
            git("add", "a.cpp")
            git("commit", "-q", "-m", "m")
            made = begin_run.measured_code(root / "out", root)
            self.assertRegex(made["commit"], "^[0-9a-f]{40}$")
            self.assertEqual(made["differs"], [])
            (root / "out").mkdir()
            for name in ("a.cpp", "b.cpp", "out/index.html", "README.md"):
                (root / name).write_text("2", encoding="utf-8")
            self.assertEqual(begin_run.measured_code(root / "out", root)["differs"], ["a.cpp", "b.cpp"])
        self.assertEqual(begin_run.measured_code(root / "out", root), {})

    def test_versions_of_what_is_here_are_numbers(self):
        found = versions.here()
        self.assertLessEqual(set(found), {*versions.PROGRAMS, *versions.PACKAGES})
        for name, version in found.items():
            self.assertRegex(version, r"^\d", name)
        self.assertEqual(versions.of_program(["/nowhere/compiler"]), "")
        self.assertEqual(versions.of_package("no-such-package-anywhere"), "")


class machines_of_runs(unittest.TestCase):
    def test_what_older_figures_do_not_say_makes_no_other_machine(self):
        old, new = report(), report(date="2026-01-03 00:00 UTC")
        new["machine"]["stepping"] = "1"
        found = machines.groups({"a": old, "b": new})
        self.assertEqual([names for _, names in found], [["a", "b"]])
        self.assertEqual(found[0][0]["stepping"], "1")
        other = report()
        other["machine"]["stepping"] = "2"
        self.assertEqual([names for _, names in machines.groups({"a": old, "b": new, "c": other})], [["a", "b"], ["c"]])


if __name__ == "__main__":
    unittest.main()
