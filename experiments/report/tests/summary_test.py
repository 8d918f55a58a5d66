# Checks that the summary tells only what the figures say, and that none of its numbers was typed.
#   ./python -m tests.summary_test
import re
import unittest

import quoted_figures
from base import numbers, places, written
from draw import ratio_chart
from judge import changes, expressions, findings, outcomes, readings, verdict
from judge import claims as all_claims
from texts import summary

REPORTS = {"page": {"quick": False, "facts": {}, "machine": {"processor": "p", "processors": 2, "hypervisor": True, "kernel": "k",
                                                            "compiler": "c", "date": "2026-01-02 03:04 UTC"},
                    "workloads": [{"id": "job", "size": 10000.0, "contenders": [
                        {"name": "ours", "median": 20.0, "samples": [18.0, 20.0, 21.0]},
                        {"name": "theirs", "median": 40.0, "samples": [39.0, 40.0, 44.0]}]}]}}
PARTS = ("name", "title", "text", "when", "take", "because")
FIGURES = {"a": "page/job@10000/ours", "b": "page/job@10000/theirs"}


def entry(condition="a < b", **more):
    return {"name": "the job", "title": "Ours takes less.", "text": "{a|ns} against {b|ns}, {b / a|times}, of {a_size|count}.",
            "figures": FIGURES, "if": condition, **more}


def made(*told, close=()):
    words = {"title": "T", "introduction": "I.", "findings": list(told), "choices": []}
    claims = [{"id": 7, "page": "page"}]
    return summary.make(words, REPORTS, claims, {7: {"verdict": outcomes.FAILS, "close": close}})


class words(unittest.TestCase):
    def test_figures_are_filled_in(self):
        self.assertIn("**1. Ours takes less.** 20 ns against 40 ns, 2.0 times, of 10,000. ([page](page.md)", made(entry()))

    def test_a_finding_that_the_figures_do_not_say_is_named_and_not_told(self):
        text = made(entry("a > b"))
        self.assertNotIn("Ours takes less", text)
        self.assertIn("- the figures of this run do not say so: the job.", text)

    def test_a_finding_without_its_figure_is_named_with_the_reason(self):
        text = made(entry(figures={"a": "page/job@10000/nobody", "b": "page/job@10000/theirs"}))
        self.assertIn("- page/job@10000/nobody was not measured in this run: the job.", text)

    def test_intervals_can_be_asked_for(self):
        self.assertIn("Ours takes less", made(entry("a_high < b_low")))
        self.assertNotIn("Ours takes less", made(entry("a_low > b_low")))

    def test_ten_are_told_and_the_next_stand_in(self):
        text = made(entry("a > b"), *[entry() for _ in range(12)])
        self.assertIn("**10. ", text)
        self.assertNotIn("**11. ", text)

    def test_a_series_names_the_sizes_that_its_condition_holds_for(self):
        series = {"figures": {"a": "page/job@*/ours", "b": "page/job@*/theirs"},
                  "if": {"won": "a_high < b_low", "lost": "b_high < a_low"}}
        text = made(entry("won_count == tried_count", text="Won at {won|sizes}, lost at {lost|sizes}.", series=series))
        self.assertIn("Won at 10,000, lost at none.", text)
        self.assertEqual(numbers.FORMATS["sizes"]([1, 20, 3000]), "1, 20 and 3,000")

    def test_claims_are_linked_with_their_verdict(self):
        self.assertIn(f"{outcomes.SIGN[outcomes.FAILS]} [claim 7](page.md#claim-7)", made(entry(claims=[7])))

    def test_a_verdict_that_the_figures_do_not_decide_is_counted_by_itself(self):
        text = made(entry(claims=[7]), close=[outcomes.HOLDS])
        self.assertIn(f"{verdict.CLOSE_SIGN} [claim 7](page.md#claim-7) (close)", text)
        self.assertIn(f": {verdict.CLOSE_SIGN} close: holds or does not hold: 1 ([all of them](README.md)). {verdict.CLOSE}", text)
        self.assertNotIn("close", made(entry(claims=[7])))

    def test_the_days_and_the_runs_of_the_pages_are_told(self):
        page = REPORTS["page"]
        later = {**page, "machine": {**page["machine"], "date": "2026-01-04 00:00 UTC"}}
        self.assertIn("Measured on p, 2 processors, virtual, k, c, 2026-01-02, in runs that are not noted", summary.measured(REPORTS))
        one, other = ({**report, "run": {"id": name}} for report, name in ((page, "one"), (later, "other")))
        self.assertIn("c, 2026-01-02 ([which", summary.measured({"page": one}))
        self.assertIn("c, 2026-01-02 to 2026-01-04, in several runs ([which", summary.measured({"page": one, "more": other}))
        elsewhere = {**other, "machine": {**other["machine"], "kernel": "l"}}
        self.assertIn("; [more](more.md) on another machine", summary.measured({"page": one, "again": one, "more": elsewhere}))

    def test_units_are_chosen_so_that_one_sentence_shares_them(self):
        shown = [numbers.FORMATS[kind](value) for kind, value in (("ns", 8092), ("ns", 41510), ("bytes", 4138), ("bytes", 61572),
                                                                  ("times", 1.32), ("times", 54.2), ("percent", 1.03))]
        self.assertEqual(shown, ["8,092 ns", "41.5 us", "4,138 bytes", "60.1 KiB", "1.3 times", "54 times", "103 %"])


class picture(unittest.TestCase):
    def test_ratios_are_drawn_with_their_interval_and_the_absent_are_named(self):
        entries = [{"name": "work of {fiber_size|count}", "figures": {"fiber": FIGURES["b"], "coroutine": FIGURES["a"]}},
                   {"name": "other work of {fiber_size|count}", "figures": {"fiber": "page/job@10000/nobody", "coroutine": FIGURES["a"]}},
                   {"name": "itself", "figures": {"fiber": FIGURES["a"], "coroutine": FIGURES["a"]}}]
        found, left_out = ratio_chart.rows(entries, REPORTS)
        self.assertEqual(found, [("work of 10,000", 44 / 21, 40 / 20, 39 / 18)])  # The rounds: 39 / 18, 40 / 20, 44 / 21.
        self.assertEqual(left_out, [("other work of 10,000", "page/job@10000/nobody was not measured in this run"),
                                    ("itself", f"{FIGURES['a']} and {FIGURES['a']} have no rounds in common")])
        self.assertIn("work of 10,000: 2.1 times", ratio_chart.draw("T", found))


class committed(unittest.TestCase):
    def setUp(self):
        self.words = written.summary()
        self.entries = self.words["findings"] + self.words["choices"] + self.words["ratios"]

    def test_no_number_is_typed(self):
        parts = [self.words["title"], self.words["introduction"]]
        parts += [one[part] for one in self.entries for part in PARTS if part in one]
        for words in parts:
            self.assertNotRegex(findings.FIGURE.sub("", words), r"\d")

    def test_every_figure_of_ours_is_on_a_page_that_measures_it(self):
        reports = quoted_figures.load(places.ROOT / "reports" / "data")
        for one in self.entries:
            for path in one["figures"].values():
                contender = path.split("/", 2)[2]
                if path.split("/")[0] in reports and not changes.CONTROLS.search(contender):  # Peers may be absent.
                    with self.subTest(one["name"], path=path):
                        self.assertIsInstance(readings.figure(reports, path), float)

    def test_every_form_and_condition_can_be_read(self):
        for one in self.entries:
            names = {f"{name}{end}": 1.0 for name in one["figures"] for end in ("", "_low", "_high", "_size")}
            for listed in one.get("series", {"if": {}})["if"]:
                names |= {listed: [1.0], f"{listed}_count": 1, "tried_count": 1}
            with self.subTest(one["name"]):
                expressions.evaluate(one.get("if", "1 == 1"), names)
                for part in PARTS:
                    self.assertNotRegex(findings.filled(one.get(part, ""), names), r"[{}]")

    def test_there_are_ten_and_some_to_stand_in(self):
        self.assertGreater(len(self.words["findings"]), summary.MOST)
        claims = {claim["id"] for claim in all_claims.load()}
        for one in self.words["findings"]:
            self.assertLessEqual(set(one["claims"]), claims)
            self.assertTrue(re.search(r"[.!?]$", one["title"]))


if __name__ == "__main__":
    unittest.main()
