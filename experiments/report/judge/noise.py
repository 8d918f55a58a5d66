# The noise floor of a page, from the run itself: the odd and the even repetitions of one contender are taken for two runs,
# whose medians differ by nothing but noise. Repetitions alternate, so that a slow minute is in both halves.
import math
import statistics

from base import numbers

FEWEST = 4  # Repetitions of which either half has two.
METHOD = ("The noise floor is how far the median of a contender's odd repetitions is from that of its even ones, the larger "
          "over the smaller: nine of ten figures stay within it. A smaller difference between two contenders "
          "may be noise. Halves have half the repetitions, so whole runs are steadier.")


def distances(report):
    """By how much the halves of each figure differ, 0.1 being a tenth, in ascending order."""
    found = []
    for work in report["workloads"]:
        for one in work["contenders"]:
            samples = one.get("samples", [])
            if len(samples) < FEWEST:
                continue
            low, high = sorted((statistics.median(samples[::2]), statistics.median(samples[1::2])))
            if low > 0:
                found.append(high / low - 1)
    return sorted(found)


def floor(found):
    """What nine of ten stay within."""
    return found[math.ceil(0.9 * len(found)) - 1]


def sentence(report):
    """For the page of the report."""
    found = distances(report)
    if not found:
        return f"Noise floor: none, because no figure has {FEWEST} repetitions."
    return (f"Noise floor: {numbers.percent(floor(found))}. Of {len(found)} figures, the medians of the odd and of the even repetitions "
            f"were this close for nine of ten; for half of them within {numbers.percent(found[(len(found) - 1) // 2])}.")
