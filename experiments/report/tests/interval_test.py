# Checks the intervals of medians, and what a rule may say of figures that have one.
#   ./python -m tests.interval_test
import itertools
import json
import random
import statistics
import unittest

from base import places
from judge import interval, interval_rule, outcomes, readings, verdict
from texts import page


def claim(holds, partly=None, **more):
    return {"rule": {"holds": holds, **({"partly": partly} if partly else {})}, **more}


class medians(unittest.TestCase):
    def test_five_repetitions_have_no_interval_of_95_percent_and_six_have(self):
        shares = {count: round(interval.place(count)[1], 4) for count in (1, 2, 3, 5, 6, 7, 11, 15)}
        self.assertEqual(shares, {1: 0.0, 2: 0.5, 3: 0.75, 5: 0.9375, 6: 0.9688, 7: 0.9844, 11: 0.9883, 15: 0.9648})
        self.assertEqual([interval.place(count)[0] for count in (5, 6, 8, 9, 11, 15)], [1, 1, 1, 2, 2, 4])

    def test_the_interval_is_of_the_repetitions_themselves(self):
        self.assertEqual(interval.of({"median": 5, "samples": [9, 1, 5, 3, 7, 2, 8, 4, 6]}), (2, 8))
        self.assertEqual(interval.of({"median": 5, "median_interval": [4, 6]}), (4, 6))
        self.assertEqual(interval.of({"median": 5}), (5, 5))

    def test_it_holds_the_median_as_often_as_it_says(self):
        chance = random.Random(1)
        for count in (3, 5, 7, 11):
            held = 0
            for _ in range(4000):
                low, high = interval.of_samples([chance.expovariate(1) for _ in range(count)])
                held += low <= 0.6931472 <= high
            self.assertAlmostEqual(held / 4000, interval.place(count)[1], delta=0.025)

    def test_a_bootstrap_holds_it_less_often_than_it_says(self):
        chance = random.Random(1)

        def bootstrapped(samples):
            medians = sorted(statistics.median(chance.choices(samples, k=len(samples))) for _ in range(200))
            return medians[5], medians[-6]

        for count in (7, 11):
            drawn = [[chance.expovariate(1) for _ in range(count)] for _ in range(500)]
            held = [sum(low <= 0.6931472 <= high for low, high in map(of, drawn)) for of in (bootstrapped, interval.of_samples)]
            self.assertLess(held[0] + 10, held[1])
            self.assertLess(held[0], 0.97 * len(drawn))

    def test_a_table_says_of_how_few_it_is(self):
        one = {"name": "ours", "median": 2.0, "least": 1.0, "most": 3.0, "samples": [1.0, 2.0, 3.0]}
        work = {"id": "parked", "title": "job", "unit": "ns", "size": 1, "repetitions": 3, "warm_up": 0,
                "contenders": [one, {**one, "samples": [1.0] * 7}]}
        report = {"id": "memory", "quick": False, "machine": {}, "workloads": [work]}
        text = page.results(report, {}, "..")
        self.assertIn("| least to most of 3 | 1 – 3 |", text)
        self.assertIn("| 1 – 1 | 1 – 3 |", text)
        self.assertIn("Fewer than 6 repetitions have no 95 % interval: least to most of 3 holds the median with 75 %.", text)


class bases(unittest.TestCase):
    def test_a_verdict_says_what_its_intervals_are(self):
        self.assertEqual(page.basis_of({"a": [11], "b": [5, 7], "c": [3], "d": [0], "e": [0, 1]}),
                         "Intervals: 95 % of each median; one repetition, which has none: e; least to most of 3 (75 %): c; "
                         "least to most of 5 (94 %): b; none, being counts, sizes or further figures of which the run kept "
                         "the median alone: d.")
        self.assertEqual(page.basis_of({}), "")

    def test_a_further_figure_has_the_interval_that_the_run_kept(self):
        reports = {"p": {"facts": {}, "workloads": [{"id": "job", "size": 1.0, "contenders": [
            {"name": "x", "median": 1.0, "samples": [1.0] * 7, "also": {"bytes": 3.0, "calls": 2.0}, "also_interval": {"bytes": [2.0, 4.0]}}]}]}}
        self.assertEqual(readings.measured(reports, "p/job@1/x#bytes"), (3.0, 2.0, 4.0, 7))
        self.assertEqual(readings.measured(reports, "p/job@1/x#calls"), (2.0, 2.0, 2.0, 0))


class rules(unittest.TestCase):
    def test_comparisons_that_are_added_up_are_decided_one_by_one(self):
        ends = {f"a{i}": (1.0, 2.0) for i in range(18)} | {f"b{i}": (3.0, 4.0) for i in range(18)}
        count = " + ".join(f"(a{i} < b{i})" for i in range(18))
        self.assertEqual(interval_rule.verdicts_of(claim(f"{count} >= 18"), ends), {outcomes.HOLDS})
        # Each of two may fail, and together they take the count below the border: one at a time would not.
        ends |= {"b0": (1.5, 4.0), "b1": (1.5, 4.0)}
        self.assertEqual(interval_rule.verdicts_of(claim(f"{count} >= 17"), ends), {outcomes.HOLDS, outcomes.FAILS})

    def test_what_lies_between_the_ends_is_asked_for_too(self):
        self.assertEqual(interval_rule.verdicts_of(claim("a <= 22", "a <= 22.5"), {"a": (18.0, 23.0)}),
                         {outcomes.HOLDS, outcomes.PARTLY, outcomes.FAILS})
        self.assertEqual(interval_rule.verdicts_of(claim("19 < a < 20"), {"a": (18.0, 23.0)}), {outcomes.HOLDS, outcomes.FAILS})

    def test_no_verdict_that_the_figures_allow_is_missed(self):
        chance = random.Random(2)
        rules_of_all = ["a < b and b <= c", "a * b >= c or a - b > 1", "a / b < c / b", "(a < b) + (b < c) + (a < c) >= 2", "a == b",
                        "-1 * a + 2 * b < c < 3 * b", "0.5 * a <= b <= 2 * a"]
        rules_of_all = [rule.replace("-1 * a", "0 - a") for rule in rules_of_all]
        for rule, other in itertools.product(rules_of_all, rules_of_all):
            made = claim(rule, other)
            ends = {name: tuple(sorted((chance.uniform(-1, 4), chance.uniform(-1, 4)))) for name in "abc"}
            allowed = interval_rule.verdicts_of(made, ends)
            for _ in range(30):
                values = {name: chance.uniform(*pair) for name, pair in ends.items()}
                self.assertIn(verdict.decided(made, values)[0], allowed, (made, ends, values))


class in_rounds(unittest.TestCase):
    """Two contenders whose rounds are slow and quick together, so that their ratio is steady."""
    HOURS = [1.0, 3.0, 1.1, 2.0, 1.2, 2.5, 1.5]

    def reports(self, **more):
        contenders = {"ours": self.HOURS, "theirs": [2 * hour for hour in self.HOURS], **more}
        return {"p": {"facts": {}, "workloads": [
            {"id": "job", "size": size, "contenders": [{"name": name, "median": statistics.median(samples), "samples": samples}
                                                       for name, samples in contenders.items()]} for size in (1.0, 10.0)]}}

    def judged(self, holds, against="p/job@1/theirs", **more):
        made = {"figures": {"a": "p/job@1/ours", "b": against}, **claim(holds)}
        return verdict.judge(made, self.reports(**more))

    def test_a_ratio_is_of_the_rounds_and_not_of_the_medians(self):
        for rule in ("b / a >= 1.9", "b >= 1.9 * a", "a <= 0.53 * b", "1.9 <= b / a <= 2.1", "(b > 1.9 * a) + (b > 3 * a) >= 1", "1.9 * a <= b"):
            result = self.judged(rule)
            with self.subTest(rule):
                self.assertEqual((result["verdict"], result["close"]), (outcomes.HOLDS, []))
        self.assertEqual(self.judged("b / a >= 1.9")["rounds"], [{"words": "b / a", "median": 2.0, "ends": (2.0, 2.0), "count": 7}])
        self.assertEqual(self.judged("b >= 1.9 * a")["rounds"][0]["words"], "b / a")
        self.assertEqual(self.judged("b >= 1.9 * a")["basis"], {})

    def test_so_is_a_difference(self):
        result = self.judged("0.4 <= (b - a) / 2 <= 1.6")
        self.assertEqual((result["rounds"][0]["words"], result["rounds"][0]["median"]), ("(b - a) / 2", 0.75))
        self.assertEqual(result["close"], [])

    def test_the_median_of_the_ratios_is_the_value(self):
        # Of the medians, 3 and 5, the ratio is 1.67; of the rounds it is 1.
        result = self.judged("b / a <= 1.2", ours=[1.0, 3.0, 5.0, 6.0, 2.0], theirs=[1.0, 9.0, 5.0, 4.0, 10.0])
        self.assertEqual((result["verdict"], result["rounds"][0]["median"], result["figures"]), (outcomes.HOLDS, 1.0, {"a": 3.0, "b": 5.0}))

    def test_without_common_rounds_every_median_has_its_own_interval(self):
        for more in ({"against": "p/job@10/theirs"}, {"against": "p/job@1/few", "few": [2.0, 2.2, 3.0, 5.0, 6.0]}):
            result = self.judged("b >= 1.9 * a", **more)
            with self.subTest(more):
                self.assertEqual((result["rounds"], result["close"], result["basis"]["a"]), ([], [outcomes.FAILS], [7]))

    def test_workloads_that_took_turns_have_common_rounds(self):
        reports = self.reports()
        made = {"figures": {"a": "p/job@1/ours", "b": "p/job@10/theirs"}, **claim("b >= 1.9 * a")}
        reports["p"]["workloads"][1]["in_turns"] = "sizes"
        self.assertEqual(verdict.judge(made, reports)["rounds"], [])
        reports["p"]["workloads"][0]["in_turns"] = "sizes"
        self.assertEqual(verdict.judge(made, reports)["rounds"], [{"words": "b / a", "median": 2.0, "ends": (2.0, 2.0), "count": 7}])
        reports["p"]["workloads"][0]["in_turns"] = "others"
        self.assertEqual(verdict.judge(made, reports)["rounds"], [])

    def test_a_divisor_that_is_zero_in_a_round_leaves_the_medians(self):
        self.assertEqual(self.judged("b / a >= 0.1", ours=[0.0, *self.HOURS[1:]])["rounds"], [])
        self.assertEqual(self.judged("b >= 0.1 * a", ours=[0.0, *self.HOURS[1:]])["rounds"], [])

    def test_the_page_says_which_ratios_they_are(self):
        self.assertEqual(page.rounds_of(self.judged("b >= 1.9 * a")["rounds"]),
                         "In rounds, each the median of all rounds with its 95 %: `b / a` = 2 (2 – 2).")

    def test_rounds_of_the_committed_figures_are_slow_together(self):
        """The reason for taking them: where two contenders have rounds in common, their repetitions rise and fall together."""
        def ranks(samples):
            order = sorted(range(len(samples)), key=samples.__getitem__)
            return [order.index(i) for i in range(len(samples))]

        together, narrower = [], []
        for file in sorted((places.ROOT / "reports" / "data").glob("*.json")):
            for work in json.loads(file.read_text(encoding="utf-8"))["workloads"]:
                sampled = [one["samples"] for one in work["contenders"] if len(set(one.get("samples", []))) >= interval.FEWEST]
                for one, other in itertools.combinations(sampled, 2):
                    if len(one) != len(other) or min(one + other) <= 0:
                        continue
                    together.append(statistics.correlation(ranks(one), ranks(other)))
                    (low, high), (other_low, other_high) = interval.of_samples(one), interval.of_samples(other)
                    least, most = interval.of_samples([a / b for a, b in zip(one, other)])
                    narrower.append(most / least <= (high / other_low) / (low / other_high))
        self.assertGreater(len(together), 100)
        self.assertGreater(statistics.median(together), 0)
        self.assertGreater(statistics.mean(narrower), 0.8)


if __name__ == "__main__":
    unittest.main()
