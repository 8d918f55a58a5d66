# Checks that a known shift between two runs is found, that none is found in noise, and what wrong use answers.
#   ./python -m tests.comparison_test
import contextlib
import io
import json
import pathlib
import random
import statistics
import tempfile
import unittest
import unittest.mock

import compare
from base import places
from judge import changes, ranks, verdict, verdict_changes
from runs import measured
from texts import comparison

MACHINE = {"processor": "one", "processors": 2, "kernel": "k", "compiler": "c", "build": "b", "date": "today"}


def contender(name, samples):
    return {"name": name, "median": statistics.median(samples), "samples": samples}


def run(chance, shift, machine=1.0, repetitions=15):
    """A page of 30 figures of ours, of which the first five are `shift` times as slow, and of 10 of foreign code."""
    def samples(factor):
        return [100 * factor * machine * chance.lognormvariate(0, 0.05) for _ in range(repetitions)]
    ours = [{"id": f"job{i}", "size": 1.0, "unit": "ns", "contenders": [contender("coroutine", samples(shift if i < 5 else 1.0))]}
            for i in range(30)]
    foreign = [{"id": f"peer{i}", "size": 1.0, "unit": "ns", "contenders": [contender("Go", samples(1.0))]} for i in range(10)]
    return {"page": {"id": "page", "quick": False, "machine": MACHINE, "facts": {}, "workloads": ours + foreign}}


def changed(before, after, chance=0.05, least=0.03):
    rows, _, _ = changes.compared(before, after)
    return [row["path"] for row in changes.changes(rows, chance, changes.floors(rows, least))]


class statistics_of_runs(unittest.TestCase):
    def test_the_rank_test_is_exact(self):
        test = ranks.rank_test()
        self.assertAlmostEqual(test([1, 2, 3], [4, 5, 6]), 2 / 20)
        self.assertAlmostEqual(test([1, 2, 3, 4, 5], [6, 7, 8, 9, 10]), 2 / 252)
        self.assertAlmostEqual(test([6, 7, 8, 9, 10], [1, 2, 3, 4, 5]), 2 / 252)
        self.assertAlmostEqual(test([1, 4], [2, 3]), 1.0)
        self.assertAlmostEqual(test([1, 2, 4], [3, 5, 6]), 4 / 20)

    def test_equal_values_share_their_rank(self):
        test = ranks.rank_test()
        self.assertEqual(ranks.midranks_doubled([5, 5, 1]), [5, 5, 2])
        self.assertAlmostEqual(test([7, 7, 7], [7, 7, 7]), 1.0)
        self.assertAlmostEqual(test([1, 1, 1], [2, 2, 2]), 2 / 20)

    def test_the_least_chance_is_that_of_runs_that_do_not_overlap(self):
        self.assertAlmostEqual(ranks.least_chance(3, 3), ranks.rank_test()([1, 2, 3], [4, 5, 6]))

    def test_chances_are_corrected_for_their_number(self):
        self.assertEqual([round(c, 4) for c in ranks.corrected([0.01, 0.04, 0.03, 0.5])], [0.04, 0.0533, 0.0533, 0.5])

    def test_the_interval_of_a_ratio_holds_the_ratio(self):
        low, high = ranks.ratio_interval([9, 10, 11, 10, 10], [19, 20, 21, 20, 20])
        self.assertLessEqual(low, 2.0)
        self.assertGreaterEqual(high, 2.0)


class changed_figures(unittest.TestCase):
    def test_a_known_shift_is_found_and_hardly_anything_else(self):
        shifted, wrong = {f"page/job{i}@1/coroutine" for i in range(5)}, 0
        for seed in range(20):
            chance = random.Random(seed)
            found = set(changed(run(chance, 1.0), run(chance, 1.3)))
            self.assertLessEqual(shifted, found, seed)
            wrong += len(found - shifted)
        self.assertLessEqual(wrong, 10)  # A twentieth of 100 is what the correction promises on average.

    def test_nothing_is_found_in_noise(self):
        found = sum(len(changed(run(chance, 1.0), run(chance, 1.0))) for chance in map(random.Random, range(40)))
        self.assertLessEqual(found, 6)  # Of 1,200, in 40 comparisons.

    def test_a_slower_machine_is_drift_and_hides_no_change(self):
        shifted = {f"page/job{i}@1/coroutine" for i in range(5)}
        for seed in range(10):
            chance = random.Random(seed)
            before = run(chance, 1.0)
            self.assertLessEqual(len(changed(before, run(chance, 1.0, machine=1.5))), 1, seed)
            self.assertLessEqual(shifted, set(changed(before, run(chance, 1.3, machine=0.75))), seed)

    def test_the_librarys_own_switch_is_no_control(self):
        for name in ("jump_fcontext, bare", "coroutine handle, bare", "GJS", "Rust, std::thread", "two threads, bare futex"):
            self.assertTrue(changes.CONTROLS.search(name), name)
        for name in ("fiber_context, bare", "coroutine", "message from ring to ring"):
            self.assertFalse(changes.CONTROLS.search(name), name)

    def test_with_three_repetitions_nothing_can_be_told(self):
        chance = random.Random(1)
        rows, _, _ = changes.compared(run(chance, 1.0, repetitions=3), run(chance, 1.3, repetitions=3))
        self.assertTrue(all(row["least"] > 0.05 for row in rows))

    def test_the_committed_reports_do_not_differ_from_themselves(self):
        reports = measured.load(str(places.ROOT / "reports"))
        self.assertGreater(len(reports), 5)
        self.assertEqual(changed(reports, reports), [])

    def test_only_a_changed_verdict_counts_as_flipped(self):
        claims = [{"id": 1, "page": "page", "figures": {"a": "page/job0@1/coroutine"}, "rule": {"holds": "a < 115"}},
                  {"id": 2, "page": "page", "figures": {"a": "page/job9@1/coroutine"}, "rule": {"holds": "a < 115"}},
                  {"id": 3, "page": "gone", "figures": {"a": "gone/job@1/coroutine"}, "rule": {"holds": "a < 115"}}]
        chance = random.Random(3)
        flipped, one_only = verdict_changes.flips(verdict_changes.judged(run(chance, 1.0), run(chance, 1.5), claims))
        self.assertEqual([claim["id"] for claim, _, _ in flipped], [1])
        self.assertEqual(one_only, [])
        self.assertEqual(len(verdict_changes.unforeseen(flipped)), 1)

    def test_a_close_verdict_may_change(self):
        claims = [{"id": 1, "page": "page", "figures": {"a": "page/job0@1/coroutine"}, "rule": {"holds": "a < 115"}}]
        before, after = run(random.Random(3), 1.0), run(random.Random(3), 1.5)
        after["page"]["workloads"][0]["contenders"][0]["samples"] = [110, 110, 110, 110, 150, 180, 180]
        flipped, _ = verdict_changes.flips(verdict_changes.judged(before, after, claims))
        self.assertEqual([verdict.words(other) for _, _, other in flipped], ["close: holds or does not hold"])
        self.assertEqual(verdict_changes.unforeseen(flipped), [])


    def test_verdicts_are_the_same_word_for_word(self):
        claims = [{"id": 1, "page": "page", "figures": {"a": "page/job0@1/coroutine"}, "rule": {"holds": "a < 115"}},
                  {"id": 2, "page": "page", "figures": {"a": "page/job9@1/coroutine"}, "rule": {"holds": "a < 115"}},
                  {"id": 3, "page": "gone", "figures": {"a": "gone/job@1/coroutine"}, "rule": {"holds": "a < 115"}},
                  {"id": 4, "page": "page", "figures": {"a": "page/job1@1/coroutine"}, "rule": {"holds": "a < 115"}},
                  {"id": 5, "page": "late", "figures": {"a": "late/job9@1/coroutine"}, "rule": {"holds": "a < 115"}}]
        before, after = run(random.Random(3), 1.0), run(random.Random(3), 1.5)
        after["page"]["workloads"][1]["contenders"][0]["samples"] = [110, 110, 110, 110, 150, 180, 180]
        after["late"] = {**run(random.Random(4), 1.0)["page"], "id": "late"}
        pairs = verdict_changes.judged(before, after, claims)
        same, different = verdict_changes.agreement(pairs)
        self.assertEqual([entry[0]["id"] for entry in same], [2])
        self.assertEqual({claim["id"]: verdict_changes.kind(one, other) for claim, one, other in different},
                         {1: "close in neither", 3: "measured by neither", 4: "close after", 5: "one run only"})
        text = "\n".join(comparison.verdict_lines(pairs, verdict_changes.flips(pairs)))
        self.assertIn("**The same verdict: 1 of 5.**", text)
        self.assertIn("Different: 1 close after (4); 1 close in neither (1); 1 measured by neither (3); 1 one run only (5).", text)


class sides(unittest.TestCase):
    def page(self, machine=(), **run_noted):
        made = run(random.Random(1), 1.0)["page"]
        return {**made, "machine": {**MACHINE, **dict(machine)}, **({"run": run_noted} if run_noted else {})}

    def test_another_machine_is_warned_of_once_with_its_pages(self):
        one = self.page({"caches": ["L1 32K", "L2 1M"], "stepping": "1"})
        other = self.page({"caches": ["L1 32K", "L2 512K"], "stepping": "2"})
        said = comparison.warnings({"a": one, "b": one}, {"a": other, "b": other})
        self.assertEqual(said, ["> a, b: caches: was L1 32K; L2 1M and is L1 32K; L2 512K; differences may be the machine's.",
                                "> a, b: stepping: was 1 and is 2; differences may be the machine's."])
        self.assertEqual(comparison.warnings({"a": one}, {"a": self.page()}), [])  # An older report does not say.
        self.assertIn("kernel: was k and is l", comparison.warnings({"a": one}, {"a": self.page({"kernel": "l"})})[0])

    def test_it_says_whether_both_sides_measured_the_same_programs(self):
        one, other = (self.page(id=name, programs={"experiment_page": name}) for name in ("1", "2"))
        said = "\n".join(comparison.program_lines({"a": one, "b": one, "c": one}, {"a": one, "b": other, "c": self.page()}))
        self.assertIn("> Not the same programs: b (experiment_page). Differences may be the code's.", said)
        self.assertIn("Of 3 pages, 1 were measured with the same programs on both sides, by their checksums; of 1 it is not noted: c.", said)
        self.assertIn("| before | 1 | not noted | today | a, b, c |", said)
        self.assertNotIn("Not the same", "\n".join(comparison.program_lines({"a": one}, {"a": one})))


class command(unittest.TestCase):
    def said(self, *arguments):
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = compare.main([str(argument) for argument in arguments])
        return code, out.getvalue(), err.getvalue()

    def folders(self, place, shift):
        chance = random.Random(7)
        for name, factor in (("a", 1.0), ("b", shift)):
            (place / name).mkdir()
            (place / name / "page.json").write_text(json.dumps(run(chance, factor)["page"]))
        return place / "a", place / "b"

    def test_a_change_is_reported_and_fails_when_asked_to(self):
        with tempfile.TemporaryDirectory() as made:
            a, b = self.folders(pathlib.Path(made), 1.4)
            code, text, _ = self.said(a, b)
            self.assertEqual(code, 0)
            self.assertIn("**5 changed**", text)
            self.assertIn("`page/job3@1/coroutine`", text)
            self.assertEqual(self.said(a, b, "--fail-on-change")[0], 1)
            self.assertEqual(self.said(a, a, "--fail-on-change")[0], 0)

    def test_a_verdict_that_was_not_close_fails_when_it_changes(self):
        claim = {"id": 1, "page": "page", "figures": {"a": "page/job0@1/coroutine"}, "rule": {"holds": "a < 115"}}
        with tempfile.TemporaryDirectory() as made, unittest.mock.patch.object(places, "EXPERIMENTS", pathlib.Path(made)):
            (pathlib.Path(made) / "page").mkdir()
            (pathlib.Path(made) / "page" / "claims.json").write_text(json.dumps([claim]))
            a, b = self.folders(pathlib.Path(made), 1.4)
            code, text, _ = self.said(a, b)
            self.assertEqual((code, "| 1, page | holds | does not hold | close in neither |" in text), (1, True))
            self.assertEqual(self.said(a, a)[0], 0)

    def test_wrong_use_is_answered_with_a_remedy(self):
        with tempfile.TemporaryDirectory() as made:
            a, _ = self.folders(pathlib.Path(made), 1.0)
            code, _, said = self.said(a, "no-such-revision")
            self.assertEqual((code, "neither a folder nor a git revision" in said), (2, True))
            empty = pathlib.Path(made) / "empty"
            empty.mkdir()
            self.assertIn("has no measured JSON", self.said(a, empty)[2])
            (empty / "page.json").write_text("{")
            self.assertIn("is no JSON", self.said(a, empty)[2])
            (empty / "page.json").write_text(json.dumps({**run(random.Random(1), 1.0)["page"]}))
            (empty / "page.json").rename(empty / "other.json")
            self.assertIn("no page is in both", self.said(a, empty)[2])


if __name__ == "__main__":
    unittest.main()
