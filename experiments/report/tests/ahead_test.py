# Checks which works another runtime is said to be ahead in: like halves, common rounds, and only beyond doubt.
#   ./python -m tests.ahead_test
import statistics
import unittest

from judge import ahead


def contender(name, samples):
    return {"name": name, "median": statistics.median(samples), "samples": samples}


def report(unit="ns per job", **contenders):
    work = {"id": "job", "title": "a job", "size": 1.0, "unit": unit,
            "contenders": [contender(name.replace("__", ", "), samples) for name, samples in contenders.items()]}
    return {"id": "page", "workloads": [work]}


SLOW, QUICK, LATE = [20.0] * 8, [10.0] * 8, [10.0] * 7 + [40.0]


class who_is_ahead(unittest.TestCase):
    def found(self, unlike=(), **contenders):
        rows, count = ahead.rows(report(**contenders), {"unlike": list(unlike)})
        return [(row.half, row.other["name"], row.ours["name"], row.ratio) for row in rows], count

    def test_the_fastest_of_each_side_are_compared(self):
        self.assertEqual(self.found(coroutine=SLOW, fiber=[30.0] * 8, Go=QUICK, Tokio=[15.0] * 8), ([("", "Go", "coroutine", 2.0)], 1))
        self.assertEqual(self.found(coroutine=SLOW, fiber=QUICK, Go=QUICK), ([], 1))

    def test_a_round_that_was_slow_for_both_hides_nothing(self):
        self.assertEqual(self.found(coroutine=[2 * one for one in LATE], Go=LATE), ([("", "Go", "coroutine", 2.0)], 1))

    def test_what_may_be_equal_is_left_out(self):
        self.assertEqual(self.found(coroutine=[9.0, 9.0] + [11.0] * 4, Go=[10.0] * 6), ([], 1))

    def test_without_common_rounds_the_intervals_must_not_overlap(self):
        self.assertEqual(self.found(coroutine=SLOW, Go=[10.0] * 6)[0], [("", "Go", "coroutine", 2.0)])
        self.assertEqual(self.found(coroutine=SLOW, Go=[10.0] * 4 + [25.0] * 2)[0], [])

    def test_what_is_tried_is_compared_with_what_is_tried(self):
        mine = {"direct": QUICK, "coroutine": SLOW}
        self.assertEqual(self.found(**mine, Tokio=[15.0] * 8, Tokio__direct=[5.0] * 8),
                         ([("tried", "Tokio, direct", "direct", 2.0), ("awaited", "Tokio", "coroutine", 20 / 15)], 2))
        self.assertEqual(self.found(**mine, Tokio=[5.0] * 8, Tokio__awaited=[25.0] * 8), ([("tried", "Tokio", "direct", 2.0)], 2))
        self.assertEqual(self.found(**mine, Go=[15.0] * 8), ([("awaited", "Go", "coroutine", 20 / 15)], 2))

    def test_bare_loops_threads_and_what_is_unlike_are_no_side(self):
        self.assertEqual(self.found(coroutine=SLOW, thread=QUICK), ([], 0))
        self.assertEqual(self.found(["coroutine, recv_many"], **{"coroutine": SLOW, "coroutine handle, bare": QUICK, "coroutine, recv_many": QUICK,
                                                               "Go": [15.0] * 8})[0], [("", "Go", "coroutine", 20 / 15)])

    def test_only_what_should_be_small_is_compared(self):
        self.assertEqual(self.found(unit="percent of the first", coroutine=SLOW, Go=QUICK), ([], 0))


if __name__ == "__main__":
    unittest.main()
