# Checks the tables of workloads that have many sizes.
#   ./python -m tests.sweeps_test
import unittest

from texts import page, sweeps


def contender(name, samples, **more):
    middle = sorted(samples)[len(samples) // 2]
    return {"name": name, "median": middle, "least": min(samples), "most": max(samples), "samples": samples,
            "median_interval": [min(samples), max(samples)], **more}


def work(size, *contenders, **more):
    return {"id": "job", "title": "a job", "unit": "ns", "size": size, "repetitions": 7, "warm_up": 0,
            "contenders": list(contenders), **more}


class tables(unittest.TestCase):
    STEADY = [10.0] * 7
    WORKS = [work(1, contender("coroutine", STEADY)), work(2, contender("coroutine", [5.0] * 7)),
             work(4, contender("coroutine", [15.0] * 7), refused=[{"name": "fiber", "reason": "no room"}])]
    REPORT = {"id": "p", "quick": False, "machine": {}, "workloads": WORKS}
    DEFINITION = {"sizes": {"job": "workers"}, "sweeps": {"job": "best"}}

    def test_each_size_is_compared_with_the_best_or_the_first(self):
        best = sweeps.rows(self.WORKS, sweeps.BEST, "workers")
        self.assertEqual(best[0][-1], "times its best")
        self.assertEqual([row[-1] for row in best[1:]], ["2", "1", "3"])
        first = sweeps.rows(self.WORKS, sweeps.FIRST, "workers")
        self.assertEqual(first[0][-1], "times that of 1 worker")
        self.assertEqual([row[-1] for row in first[1:]], ["1", "0.5", "1.5"])
        self.assertEqual(len(sweeps.rows(self.WORKS, sweeps.NONE, "workers")[0]), 5)

    def test_ratios_are_taken_round_by_round(self):
        slow_minute = [10.0, 10.0, 40.0, 40.0, 40.0, 10.0, 10.0]
        works = [work(1, contender("c", slow_minute)), work(2, contender("c", [2 * one for one in slow_minute]))]
        self.assertEqual(sweeps.largest(works, sweeps.FIRST), [("c", 2, (2.0, (2.0, 2.0)))])

    def test_what_is_compared_with_nothing_has_no_ratio(self):
        works = [work(1, contender("c", [0.0] * 7)), work(2, contender("c", self.STEADY))]
        self.assertEqual(sweeps.largest(works, sweeps.FIRST), [])

    def test_the_page_has_one_table_for_all_sizes(self):
        text = page.results(self.REPORT, self.DEFINITION, "home")
        self.assertEqual(text.count("### a job"), 1)
        self.assertIn("| coroutine | 4 | **15** |", text)
        self.assertIn("Not measured here, at 4 workers: fiber: no room.", text)
        self.assertEqual(text.count("7 repetitions in turn"), 1)

    def test_the_largest_ratio_of_each_work_is_told_first(self):
        rows = sweeps.largest_rows(self.REPORT, self.DEFINITION)
        self.assertIn(["a job", "coroutine", "its best", "4 workers", "3"], rows)
        self.assertEqual(sweeps.largest_rows(self.REPORT, {"sizes": {"job": "x"}, "sweeps": {"job": "none"}}), [])


if __name__ == "__main__":
    unittest.main()
