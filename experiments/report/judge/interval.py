# The interval of a median: two of the repetitions themselves, the k-th from either end, chosen so that the true median lies
# between them with at least 95 %, whatever the distribution (the sign test turned round). Fewer than six repetitions
# have no such pair: their least and most are given, and how often those hold the median.
#
# A bootstrap of so few repetitions promises 95 % and gives less: 89 % of 7, 94 % of 11 (interval_test.py draws them).
import math

WANTED = 0.95
FEWEST = 6  # Repetitions whose least and most hold the median with 95 %.


def place(count):
    """(k, the chance that the median lies between the k-th least and the k-th most of so many repetitions)."""
    best, below = 1, 0
    for k in range(1, count // 2 + 1):
        below += math.comb(count, k - 1)
        if 1 - 2 * below / 2 ** count >= WANTED:
            best = k
    return best, max(0.0, 1 - 2 * sum(math.comb(count, n) for n in range(best)) / 2 ** count)


def of_samples(samples):
    """(low, high)."""
    k, _ = place(len(samples))
    ordered = sorted(samples)
    return ordered[k - 1], ordered[-k]


def of(contender):
    """(low, high) of a contender's median; its own median where it has neither repetitions nor an interval."""
    if contender.get("samples"):
        return of_samples(contender["samples"])
    return tuple(contender.get("median_interval", (contender["median"],) * 2))


def few(contender):
    """How many repetitions there were, if fewer than an interval needs; else 0."""
    count = len(contender.get("samples", []))
    return count if 0 < count < FEWEST else 0


def words(count):
    """What stands where 95 % cannot be given: of so few repetitions."""
    return "one repetition" if count == 1 else f"least to most of {count}"


def caution(counts):
    """A sentence for those numbers of repetitions, which are all fewer than six; empty without any."""
    shares = [f"{words(count)} holds the median with {place(count)[1] * 100:.0f} %" for count in sorted(set(counts)) if count > 1]
    return f"Fewer than {FEWEST} repetitions have no 95 % interval: {', '.join(shares)}." if shares else ""
