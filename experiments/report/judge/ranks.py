# Statistics of two runs: an exact rank test, a correction for many tests, an interval of a ratio of medians.
# Wilcoxon (1945) and Mann and Whitney (1947) with midranks; Benjamini and Hochberg (1995).
import math
import random
import statistics


def midranks_doubled(values):
    """Twice the rank of each value; equal values share the mean of their ranks, which is whole when doubled."""
    order = sorted(range(len(values)), key=lambda i: values[i])
    ranks, at = [0] * len(values), 0
    while at < len(order):
        end = at
        while end + 1 < len(order) and values[order[end + 1]] == values[order[at]]:
            end += 1
        for i in order[at:end + 1]:
            ranks[i] = at + end + 2
        at = end + 1
    return ranks


def chances(ranks, count):
    """[how many choices of `count` among the ranks have this sum, …] by sum, counted and not guessed.

    Each polynomial is one large integer with a field for every sum, so that all sums are counted at once."""
    field = math.comb(len(ranks), count).bit_length() + 1
    chosen = [1] + [0] * count
    for rank in ranks:
        for k in range(count, 0, -1):
            chosen[k] += chosen[k - 1] << (rank * field)
    mask, result, left = (1 << field) - 1, [], chosen[count]
    while left:
        result.append(left & mask)
        left >>= field
    return result


class rank_test:
    """Two-sided, exact with ties. Keeps what it counted, because many rows have the same ranks."""

    def __init__(self):
        self.counted = {}

    def __call__(self, one, other):
        """The chance of ranks at least as far apart, were both from the same source."""
        ranks = midranks_doubled([*one, *other])
        key = (tuple(sorted(ranks)), len(one))
        if key not in self.counted:
            self.counted[key] = chances(key[0], len(one))
        ways = self.counted[key]
        middle = sum(ranks) * len(one) / len(ranks)
        far = abs(sum(ranks[:len(one)]) - middle)
        extreme = sum(n for total, n in enumerate(ways) if abs(total - middle) >= far - 1e-9)
        return extreme / sum(ways)


def least_chance(one, other):
    """The smallest that the test can give for so many repetitions: all of one run below all of the other."""
    return 2 / math.comb(one + other, one)


def corrected(chances_of_all):
    """Each chance, corrected so that of what is called a change at most that share is expected to be none."""
    order = sorted(range(len(chances_of_all)), key=lambda i: chances_of_all[i], reverse=True)
    result, least = [0.0] * len(order), 1.0
    for place, i in enumerate(order):
        least = min(least, chances_of_all[i] * len(order) / (len(order) - place))
        result[i] = least
    return result


def ratio_interval(one, other, draws=2000, seed=1):
    """95 % of the ratios of medians (other to one) that a bootstrap draws."""
    chance = random.Random(seed)
    ratios = sorted(statistics.median(chance.choices(other, k=len(other))) / statistics.median(chance.choices(one, k=len(one)))
                    for _ in range(draws))
    return ratios[int(draws * 0.025)], ratios[int(draws * 0.975) - 1]
