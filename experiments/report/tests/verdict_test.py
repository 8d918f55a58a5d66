# Checks what verdicts come of which figures, and what a claim says of those that it cannot have.
#   ./python -m tests.verdict_test
import unittest

from judge import expressions, outcomes, readings, verdict
from texts import contradictions, page

REPORTS = {"page": {"facts": {"answer": 42}, "refused_facts": {"question": "no such tool"}, "workloads": [
    {"id": "job", "size": 10.0,
     "contenders": [{"name": "ours", "median": 20.0, "median_interval": [18.0, 23.0], "also": {"bytes": 3.0}},
                    {"name": "theirs", "median": 40.0, "median_interval": [22.0, 44.0]}, {"name": "once", "median": 20.0}],
     "refused": [{"name": "tired", "reason": "no memory"}]}]}}
QUICK = {"page": {**REPORTS["page"], "quick": True}}


def claim(figures, holds="a <= 1", **more):
    return {"id": 1, "figures": figures, "rule": {"holds": holds}, **more}


def word(made):
    return verdict.judge(made, REPORTS)["verdict"]


class rules(unittest.TestCase):
    def test_the_first_rule_that_is_met_gives_the_verdict(self):
        figures = {"a": "page/job@10/ours", "b": "page/job@10/theirs"}
        self.assertEqual(word(claim(figures, "a < b")), outcomes.HOLDS)
        partly = claim(figures, "a > b")
        partly["rule"]["partly"] = "a <= 20"
        self.assertEqual(word(partly), outcomes.PARTLY)
        self.assertEqual(word(claim(figures, "a > b")), outcomes.FAILS)

    def test_comparisons_can_be_counted(self):
        self.assertEqual(expressions.evaluate("(a < b) + (b < a) + (1 < b < 3) >= 2", {"a": 1, "b": 2}), True)

    def test_further_figures_facts_and_sums(self):
        figures = {"a": "page/job@10/ours#bytes", "b": "page/!answer", "c": ["page/job/ours", "page/job/theirs"]}
        self.assertEqual(verdict.places_of(claim(figures), REPORTS)[1], {"a": 3.0, "b": 42.0, "c": 60.0})

    def test_nothing_but_arithmetic_is_evaluated(self):
        with self.assertRaises(ValueError):
            expressions.evaluate("open('x')", {})


class margins(unittest.TestCase):
    OURS, THEIRS = "page/job@10/ours", "page/job@10/theirs"

    def close(self, made):
        return verdict.judge(made, REPORTS)["close"]

    def test_an_interval_that_decides_is_not_close(self):
        self.assertEqual(self.close(claim({"a": self.OURS}, "a < 24")), [])
        self.assertEqual(self.close(claim({"a": self.OURS}, "a > 24")), [])

    def test_an_interval_that_holds_the_border_is_close_and_says_to_what(self):
        made = claim({"a": self.OURS}, "a <= 22")
        self.assertEqual((word(made), self.close(made)), (outcomes.HOLDS, [outcomes.FAILS]))
        made["rule"]["partly"] = "a <= 22.5"
        self.assertEqual(self.close(made), [outcomes.PARTLY, outcomes.FAILS])

    def test_figures_that_only_together_cross_the_border_are_close(self):
        made = claim({"a": self.OURS, "b": self.THEIRS}, "a < b")  # 23 against 22, each beyond the other's median.
        self.assertEqual((word(made), self.close(made)), (outcomes.HOLDS, [outcomes.FAILS]))

    def test_many_figures_are_moved_together(self):
        spare = {f"c{i}": self.OURS for i in range(30)}
        self.assertEqual(self.close(claim({"a": self.OURS, "b": self.THEIRS, **spare}, "a < b")), [outcomes.FAILS])
        self.assertEqual(self.close(claim({"a": self.OURS, "b": self.THEIRS, **spare}, "a < 24 and b > 10")), [])

    def test_sums_have_the_sum_of_the_ends(self):
        self.assertEqual(readings.ends(REPORTS, [self.OURS, self.THEIRS]), (40.0, 67.0))
        self.assertEqual(self.close(claim({"a": [self.OURS, self.THEIRS]}, "a < 66")), [outcomes.FAILS])

    def test_what_was_counted_or_measured_once_has_no_width(self):
        figures = {"a": "page/!answer", "b": "page/job@10/ours#bytes", "c": "page/job@10/once"}
        self.assertEqual([readings.ends(REPORTS, path) for path in figures.values()], [(42.0, 42.0), (3.0, 3.0), (20.0, 20.0)])
        self.assertEqual(self.close(claim(figures, "a == 42 and b == 3 and c == 20")), [])

    def test_figures_that_hardly_say_anything_are_close_to_no_verdict(self):
        made = claim({"a": self.OURS}, sound={"if": "a > 19", "else": "too quick"})
        self.assertEqual(self.close(made), [outcomes.NOT_HERE])
        made["sound"]["if"] = "a > 21"  # Nor to none, where the interval allows that they say something.
        self.assertEqual((word(made), self.close(made)), (outcomes.NOT_HERE, [outcomes.FAILS]))
        self.assertEqual(verdict.words(verdict.judge(made, REPORTS)), "close: does not hold or cannot be measured here")
        made["sound"]["if"] = "a > 24"
        self.assertEqual((word(made), self.close(made)), (outcomes.NOT_HERE, []))

    def test_what_stands_in_gives_the_interval_too(self):
        made = claim({"a": "page/job@1000/ours"}, "a <= 22", otherwise={"a": self.OURS})
        self.assertEqual(verdict.judge(made, QUICK)["close"], [outcomes.FAILS])

    def test_a_divisor_that_may_be_zero_is_close(self):
        reports = {"page": {"facts": {}, "workloads": [{"id": "job", "size": 1.0, "contenders": [
            {"name": "ours", "median": 1.0, "median_interval": [0.0, 2.0]}]}]}}
        self.assertEqual(verdict.judge(claim({"a": "page/job/ours"}, "1 / a > 0.1"), reports)["close"], [outcomes.NOT_HERE])
        self.assertEqual(verdict.judge(claim({"a": "page/job/ours"}, "1 / a > 0.6"), reports)["close"], [outcomes.FAILS, outcomes.NOT_HERE])

    def test_the_words_name_all_that_a_close_verdict_may_be(self):
        made = verdict.judge(claim({"a": self.OURS}, "a <= 22"), REPORTS)
        self.assertEqual((verdict.words(made), verdict.sign(made)), ("close: holds or does not hold", verdict.CLOSE_SIGN))
        sure = verdict.judge(claim({"a": self.OURS}, "a < 24"), REPORTS)
        self.assertEqual((verdict.words(sure), verdict.sign(sure)), ("holds", outcomes.SIGN[outcomes.HOLDS]))

    def test_close_ones_are_counted_by_themselves(self):
        close, sure = (verdict.judge(claim({"a": self.OURS}, rule), REPORTS) for rule in ("a <= 22", "a < 24"))
        self.assertEqual([(words, n) for _, words, n in verdict.tally([close, sure, close]) if n],
                         [(outcomes.HOLDS, 1), ("close: holds or does not hold", 2)])


class absences(unittest.TestCase):
    def test_what_the_run_left_out_is_told_from_what_the_machine_refuses(self):
        self.assertEqual(word(claim({"a": "page/job@10/nobody"})), outcomes.NOT_RUN)
        self.assertEqual(word(claim({"a": "elsewhere/job@10/ours"})), outcomes.NOT_RUN)
        self.assertEqual(word(claim({"a": "page/job@10/tired"})), outcomes.NOT_HERE)
        self.assertEqual(word(claim({"a": "page/!question"})), outcomes.NOT_HERE)
        self.assertEqual(word(claim({"a": "page/!nothing"})), outcomes.NOT_RUN)

    def test_a_smaller_size_stands_in_a_quick_run_and_is_named(self):
        made = claim({"a": "page/job@1000/ours"}, "a == 20", otherwise={"a": "page/job@10/ours"})
        result = verdict.judge(made, QUICK)
        self.assertEqual((result["verdict"], result["instead"]), (outcomes.HOLDS, {"a": "page/job@10/ours"}))
        self.assertEqual(page.stand_ins(result["instead"]), "A smaller size stands in, for this run is a quick one: a is `page/job@10/ours`.")

    def test_in_a_full_run_no_smaller_size_is_judged_in_the_words_of_the_larger(self):
        made = claim({"a": "page/job@1000/ours"}, "a == 20", otherwise={"a": "page/job@10/ours"})
        self.assertEqual(word(made), outcomes.NOT_RUN)
        refused = claim({"a": "page/job@10/tired"}, "a == 20", otherwise={"a": "page/job@10/ours"})
        result = verdict.judge(refused, REPORTS)
        self.assertEqual((result["verdict"], result["reason"], result["instead"]), (outcomes.NOT_HERE, "tired, 10: no memory", {}))

    def test_figures_that_say_nothing_give_no_verdict(self):
        made = claim({"a": "page/job@10/ours"}, sound={"if": "a > 100", "else": "too quick"})
        self.assertEqual(verdict.judge(made, REPORTS)["reason"], "too quick")

    def test_a_part_that_nobody_can_measure_is_named_beside_the_verdict(self):
        made = claim({"a": "page/job@10/ours"}, "a <= 30", cannot={"Zig": "no compiler"})
        self.assertEqual(verdict.judge(made, REPORTS),
                         {"verdict": outcomes.HOLDS, "figures": {"a": 20.0}, "reason": "", "lacking": "Zig: no compiler", "close": [], "basis": {"a": [0]},
                          "rounds": [], "instead": {}})

    def test_a_product_that_another_stands_in_for_is_named_with_the_verdict(self):
        made = claim({"a": "page/job@10/ours"}, "a <= 30", cannot={"Wyn": "not packaged"})
        self.assertEqual(verdict.scope(made, verdict.judge(made, REPORTS)), ", of what can be had here")
        made["in_place_of"] = "Wyn"
        self.assertEqual(verdict.scope(made, verdict.judge(made, REPORTS)), ", with bifilar in Wyn's place")
        made["figures"] = {"a": "page/job@10/nobody"}
        self.assertEqual(verdict.scope(made, verdict.judge(made, REPORTS)), "")

    def test_a_claim_of_which_nothing_can_be_measured_has_a_reason(self):
        result = verdict.judge({"id": 1, "figures": {}, "cannot": {"Zig": "no compiler"}}, REPORTS)
        self.assertEqual((result["verdict"], result["reason"]), (outcomes.NOT_HERE, "Zig: no compiler"))

    def test_a_claim_without_a_rule_is_refused(self):
        with self.assertRaises(SystemExit):
            verdict.judge({"id": 1, "figures": {"a": "page/job@10/ours"}}, REPORTS)


class resolutions(unittest.TestCase):
    def entry(self, resolution, **figures):
        return {"id": 1, "about": "x", "sayings": [], "figures": figures, "resolution": resolution}

    def test_figures_are_filled_in_or_said_to_be_absent(self):
        made = self.entry("{a} and {b}", a="page/job@10/ours", b="page/job@10/nobody")
        values, reasons = contradictions.figures_of(made, [], REPORTS)
        self.assertEqual(contradictions.sentence(made, values), "20 and (not measured in this run)")
        self.assertEqual(len(reasons), 1)

    def test_the_first_sentence_whose_condition_is_met_is_said(self):
        made = self.entry([{"if": "a > 30", "say": "much"}, {"if": "a > 10", "say": "some, {a}"}, {"say": "little"}],
                          a="page/job@10/ours")
        values, _ = contradictions.figures_of(made, [], REPORTS)
        self.assertEqual(contradictions.sentence(made, values), "some, 20")

    def test_a_contradiction_may_use_the_figures_of_a_claim(self):
        made = {**self.entry("{twice}"), "figures_of_claim": 7, "derived": {"twice": "2 * a"}}
        claims = [{"id": 7, "figures": {"a": "page/job@10/ours"}}]
        values, _ = contradictions.figures_of(made, claims, REPORTS)
        self.assertEqual(contradictions.sentence(made, values), "40")


if __name__ == "__main__":
    unittest.main()
