# Which verdicts of two runs are the same, and what became of the others.
import typing

from judge import outcomes
from judge import verdict as verdicts

DECIDED = (outcomes.HOLDS, outcomes.PARTLY, outcomes.FAILS)


def judged(before, after, claims):
    """[(claim, its judgement before, its judgement after)], by today's rules."""
    return [(claim, verdicts.judge(claim, before), verdicts.judge(claim, after)) for claim in claims]


class flipped_verdicts(typing.NamedTuple):
    """Claims whose verdicts differ, as judged() gave them: decided by both runs, and decided by one alone."""
    decided: list
    one_only: list


def flips(pairs):
    differ = [pair for pair in pairs if pair[1]["verdict"] != pair[2]["verdict"]]
    both = [all(one["verdict"] in DECIDED for one in pair[1:]) for pair in differ]
    return flipped_verdicts([pair for pair, had in zip(differ, both) if had], [pair for pair, had in zip(differ, both) if not had])


def unforeseen(flipped):
    """Of the changed verdicts those that neither run called close: what their intervals do not explain."""
    return [(claim, one, other) for claim, one, other in flipped if not one["close"] and not other["close"]]


def agreement(pairs):
    """Of what judged() gave: ([those with the same verdict], [the others])."""
    same, different = [], []
    for claim, one, other in pairs:
        alike = verdicts.words(one) == verdicts.words(other) and one["verdict"] != outcomes.NOT_RUN
        (same if alike else different).append((claim, one, other))
    return same, different


def kind(one, other):
    """Why two verdicts are not the same."""
    if one["verdict"] == other["verdict"] == outcomes.NOT_RUN:
        return "measured by neither"
    if not all(result["verdict"] in DECIDED for result in (one, other)):
        return "one run only"
    near = [side for side, result in (("before", one), ("after", other)) if result["close"]]
    return f"close {' and '.join(near)}" if near else "close in neither"
