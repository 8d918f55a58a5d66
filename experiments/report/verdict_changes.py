# Which verdicts of two runs are the same, and what became of the others.
import typing

import outcomes
import page
import verdict as verdicts

DECIDED = (outcomes.HOLDS, outcomes.PARTLY, outcomes.FAILS)
SAME = ("A verdict is the same when today's rules give both runs the same words, those of a close one with all that it may be. "
        "A claim that only one run decides is different, and so is one that neither measured.")


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


def lines(pairs, flipped):
    """`flipped`: flips() of the same pairs."""
    count = len(pairs)
    same, different = agreement(pairs)
    near = [str(claim["id"]) for claim, one, _ in same if one["close"]]
    kinds = {}
    for claim, one, other in different:
        kinds.setdefault(kind(one, other), []).append(str(claim["id"]))
    text = ["## Verdicts", "", f"**The same verdict: {len(same)} of {count}.** {SAME}", ""]
    if near:
        text += [f"Close, and the same in both: {', '.join(near)}.", ""]
    if kinds:
        text += ["Different: " + "; ".join(f"{len(ids)} {what} ({', '.join(ids)})" for what, ids in sorted(kinds.items())) + ".", ""]
    text += [f"By their medians alone {len(flipped.decided)} of {count} claims changed their verdict; "
             f"{len(flipped.one_only)} have one in one run only. Of the changed ones {len(unforeseen(flipped.decided))} were close in neither run: "
             "what the intervals of the figures do not explain.", ""]
    if shown := [entry for entry in different if kind(*entry[1:]) != "measured by neither"]:
        rows = [[f"{claim['id']}, {claim['page']}", verdicts.words(one), verdicts.words(other), kind(one, other)]
                for claim, one, other in shown]
        text += [page.table_of_words([["claim", "before", "after", "why different"], *rows]), ""]
    return text
