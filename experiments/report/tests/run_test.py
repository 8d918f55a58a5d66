# Checks what the reports say of a run: its time, its noise, and which rules were there before it.
#   ./python -m tests.run_test
import datetime
import json
import random
import unittest

import note_run
from base import places
from judge import claims as all_claims
from judge import noise, rule_dates, rules
from texts import pages_of_run


def report(name, *all_samples, **more):
    return {"id": name, "quick": False, "machine": {"date": "2026-01-02 03:04 UTC"},
            "workloads": [{"contenders": [{"samples": list(samples)} for samples in all_samples]}], **more}


class floors(unittest.TestCase):
    def test_halves_take_turns(self):
        self.assertEqual(noise.distances(report("a", [10, 11, 10, 11, 10])), [11 / 10 - 1])
        self.assertEqual(noise.distances(report("a", [10, 10, 20, 20])), [0.0])

    def test_few_repetitions_and_zeros_say_nothing(self):
        self.assertEqual(noise.distances(report("a", [1, 2, 3], [0, 0, 0, 0], [])), [])
        self.assertIn("none", noise.sentence(report("a", [1, 2, 3])))

    def test_nine_of_ten_stay_within(self):
        found = noise.distances(report("a", *[[100, 100 + n, 100, 100 + n] for n in range(10)]))
        self.assertAlmostEqual(noise.floor(found), 0.08)
        self.assertIn("Noise floor: 8.0 %. Of 10 figures", noise.sentence(report("a", *[[100, 100 + n, 100, 100 + n] for n in range(10)])))

    def test_a_steady_page_is_told_from_an_unsteady_one(self):
        chance = random.Random(1)
        steady, unsteady = ([[chance.lognormvariate(0, width) for _ in range(11)] for _ in range(50)] for width in (0.01, 0.1))
        self.assertLess(noise.floor(noise.distances(report("a", *steady))), 0.03)
        self.assertGreater(noise.floor(noise.distances(report("a", *unsteady))), 0.08)


class times(unittest.TestCase):
    def test_the_time_is_in_the_figures(self):
        made = note_run.noted(report("a"), 61, ["--peers"])
        self.assertEqual(made["run"], {"seconds": 61, "options": ["--peers"]})
        self.assertEqual(note_run.noted(made, 7, [])["run"]["seconds"], 7)
        self.assertEqual(list(made)[-1], "workloads")

    def test_the_time_is_told_of_a_run_with_the_same_options_alone(self):
        made = note_run.noted(report("a"), 61, ["--peers"])
        self.assertEqual(note_run.seconds_of(made, ["--peers"]), 61)
        self.assertIsNone(note_run.seconds_of(made, []))
        self.assertIsNone(note_run.seconds_of(report("a"), []))

    def test_all_pages_are_added_up_or_named(self):
        timed = {name: note_run.noted(report(name, [1, 1, 1, 1]), 90, ["--peers"]) for name in "ab"}
        self.assertEqual(pages_of_run.total(timed), "All 2 pages took 3.0 minutes.")
        self.assertIn("| [a](a.md) | 2026-01-02 03:04 UTC | 90 | --peers | 1 | 0.0 % |", pages_of_run.table(timed))
        self.assertEqual(pages_of_run.total({**timed, "c": report("c")}),
                         "2 of 3 pages took 3.0 minutes; of the others no time is noted: c.")
        self.assertEqual(pages_of_run.total({"c": report("c")}), "None of these pages has its time noted.")


class refusals(unittest.TestCase):
    def fault(self, **claim):
        return rules.fault({"id": 1, "page": "a", "figures": {"a": "a/job@1/x"}, **claim})

    def test_a_page_whose_claim_has_no_rule_is_not_measured(self):
        self.assertEqual(self.fault(rule={"holds": "a < 1"}), "")
        self.assertIn("no rule", self.fault())
        self.assertIn("no rule", self.fault(rule={"partly": "a < 1"}))
        self.assertIn("cannot be read", self.fault(rule={"holds": "a <"}))
        self.assertIn("cannot be read", self.fault(rule={"holds": "open(a)"}))
        self.assertIn("about b", self.fault(rule={"holds": "a < 1 and b < 1"}))
        self.assertEqual(self.fault(figures={}, cannot={"Zig": "no compiler"}), "")

    def test_only_the_pages_that_will_be_measured_count(self):
        claims = [{"id": 7, "page": "a", "figures": {"a": "a/job@1/x"}}]
        self.assertEqual(rules.faults(claims, ["b"]), [])
        self.assertEqual(rules.faults(claims, ["a", "b"]), ["claim 7 of the page a has no rule"])


class dates(unittest.TestCase):
    OLD, NEW = (datetime.datetime(2026, 1, day, tzinfo=datetime.timezone.utc) for day in (1, 3))

    def claim(self, holds="a < 1"):
        return {"id": 1, "page": "a", "figures": {"a": "a/job@1/x"}, "rule": {"holds": holds}, "remark": "any"}

    def history(self, *dated):
        return [(when, rule_dates.judging([self.claim(holds)])) for when, holds in dated]

    def late(self, *dated):
        return [one["id"] for one in rule_dates.later([self.claim()], {"a": report("a")}, self.history(*dated))[1]]

    def test_a_rule_counts_from_the_commit_that_gave_it_its_present_words(self):
        self.assertEqual(self.late((self.OLD, "a < 1")), [])
        self.assertEqual(self.late((self.NEW, "a < 1"), (self.OLD, "a < 1")), [])
        self.assertEqual(self.late((self.NEW, "a < 1"), (self.OLD, "a < 2")), [1])
        self.assertEqual(self.late((self.NEW, "a < 2"), (self.OLD, "a < 1")), [1])  # Changed since and not committed.

    def test_the_index_says_which_were_later(self):
        reports = {"a": report("a")}
        self.assertIn("all 1 rules precede", rule_dates.sentence([self.claim()], reports, self.history((self.OLD, "a < 1"))))
        self.assertIn("Those of claims 1 were", rule_dates.sentence([self.claim()], reports, self.history((self.NEW, "a < 1"))))
        self.assertIn("not at hand", rule_dates.sentence([self.claim()], reports, []))

    def test_the_committed_index_says_what_the_history_says(self):
        history = rule_dates.versions()
        if not history:
            self.skipTest("there is no whole history here")
        root = places.ROOT
        reports = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in (root / "reports" / "data").glob("*.json")}
        claims = all_claims.load()
        self.assertIn(rule_dates.sentence(claims, reports, history), (root / "reports" / "README.md").read_text(encoding="utf-8"))


if __name__ == "__main__":
    unittest.main()
