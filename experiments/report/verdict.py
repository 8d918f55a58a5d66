# Claims and their rules: looks up the figures that a rule names, evaluates it, and gives the verdict.
# A rule is an arithmetic comparison; nothing but numbers, names and operators is accepted. Comparisons may be added
# up: each counts 1 when it is true.
import ast
import functools
import operator

import interval

HOLDS, PARTLY, FAILS = "holds", "holds partly", "does not hold"
NOT_HERE, NOT_RUN = "cannot be measured here", "not measured in this run"
SIGN = {HOLDS: "🟢", PARTLY: "🟡", FAILS: "🔴", NOT_HERE: "⚪", NOT_RUN: "⚫"}

CLOSE_SIGN = "🟠"
CLOSE = ("A verdict is close when the intervals of the figures in its rule allow more than one: then those are named, and it "
         "counts as none of them.")

OPERATORS = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge, ast.Eq: operator.eq,
}


class missing(Exception):
    """A figure that there is not, and why. `verdict`: whether this run left it out or this machine cannot give it."""

    def __init__(self, reason, verdict=NOT_RUN, values=None):
        super().__init__(reason)
        self.reason, self.verdict, self.values = reason, verdict, values or {}


def fact(report, page, name):
    if name in report["facts"]:
        return float(report["facts"][name])
    reason = report.get("refused_facts", {}).get(name)  # What this machine lacks, in words.
    if reason is not None:
        raise missing(f"{name}: {reason}", NOT_HERE)
    raise missing(f"{page} has no fact {name}: it was not measured in this run")


def contender_at(reports, path):
    """(the workload, the contender, the name of its further figure or "") of page/workload@size/contender[#further figure]."""
    page, rest = path.split("/", 1)
    place, _, name = rest.partition("/")
    identity, _, size = place.partition("@")
    name, _, key = name.partition("#")
    for work in reports[page]["workloads"]:
        if work["id"] != identity or (size and float(size) != work["size"]):
            continue
        for contender in work["contenders"]:
            if contender["name"] == name and (not key or key in contender.get("also", {})):
                return work, contender, key
        for one in work.get("refused", []):
            if one["name"] == name:
                raise missing(f"{name}, {work['size']:,.0f}: {one['reason']}", NOT_HERE)
    raise missing(f"{path} was not measured in this run")


def measured(reports, path):
    """(a number, the low and the high end of its interval, how many repetitions gave the interval) by its place: that of
    a contender or page/!fact. What has no interval, being counted or a further figure of a run that kept none of it, is
    its own end, of no repetitions."""
    page, rest = path.split("/", 1)
    report = reports.get(page)
    if report is None:
        raise missing(f"the page {page} was not measured in this run")
    if rest.startswith("!"):
        return (*(fact(report, page, rest[1:]),) * 3, 0)
    _, contender, key = contender_at(reports, path)
    count = len(contender.get("samples", []))
    if not key:
        return (contender["median"], *interval.of(contender), count)
    middle = contender["also"][key]
    kept = contender.get("also_interval", {}).get(key)
    return (middle, *kept, count) if kept else (middle, middle, middle, 0)


def figure(reports, path):
    """The number at a place, see measured."""
    return measured(reports, path)[0]


def value(reports, paths):
    """The number at a place, or the sum of several."""
    return figure(reports, paths) if isinstance(paths, str) else sum(figure(reports, path) for path in paths)


def ends(reports, paths):
    """(low, high) of the number at a place, or the sums of those of several."""
    several = [measured(reports, path) for path in ([paths] if isinstance(paths, str) else paths)]
    return sum(low for _, low, _, _ in several), sum(high for _, _, high, _ in several)


@functools.cache
def parsed(expression):
    return ast.parse(expression, mode="eval")


def evaluate(expression, values):
    def walk(node):
        if isinstance(node, ast.Expression):
            return walk(node.body)
        if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
            return node.value
        if isinstance(node, ast.Name):
            return values[node.id]
        if isinstance(node, ast.BinOp):
            return OPERATORS[type(node.op)](walk(node.left), walk(node.right))
        if isinstance(node, ast.BoolOp):
            parts = [walk(value) for value in node.values]
            return all(parts) if isinstance(node.op, ast.And) else any(parts)
        if isinstance(node, ast.Compare):
            left = walk(node.left)
            for sign, right in zip(node.ops, node.comparators):
                right = walk(right)
                if not OPERATORS[type(sign)](left, right):
                    return False
                left = right
            return True
        raise ValueError(f"a rule may not contain {type(node).__name__}: {expression}")
    return walk(parsed(expression))


def stand_in(claim, reports, name):
    """The smaller size that stands in for a figure where a quick run stops earlier, or None. A full run has none: the claim's
    words name the size, and what was refused there was not measured."""
    paths = claim["figures"][name]
    pages = {path.split("/", 1)[0] for path in ([paths] if isinstance(paths, str) else paths)}
    quick = any(reports.get(page, {}).get("quick") for page in pages)
    return claim.get("otherwise", {}).get(name) if quick else None


def first_to_be_had(reports, choices):
    """The first place whose number there is, and the number. Throws what the last one lacks."""
    for place in choices:
        try:
            return place, value(reports, place)
        except missing as absence:
            last = absence
    raise last


def places_of(claim, reports):
    """({name: the path or paths whose number there is}, {name: that number}) of the claim's figures. Throws missing, with
    what was found until then."""
    places, values = {}, {}
    for name, paths in claim["figures"].items():
        smaller = stand_in(claim, reports, name)
        try:
            places[name], values[name] = first_to_be_had(reports, [paths] if smaller is None else [paths, smaller])
        except missing as absence:
            raise missing(absence.reason, absence.verdict, values)
    return places, values


def lacking(claim):
    """What of the claim nobody can measure here, each part with its reason."""
    return "; ".join(f"{part}: {reason}" for part, reason in claim.get("cannot", {}).items())


def decided(claim, values):
    """(verdict, why there is none) that these values give."""
    condition = claim.get("sound")  # What the figures must show before they can tell anything.
    try:
        if condition and not evaluate(condition["if"], values):
            return NOT_HERE, condition["else"]
        if evaluate(claim["rule"]["holds"], values):
            return HOLDS, ""
        if claim["rule"].get("partly") and evaluate(claim["rule"]["partly"], values):
            return PARTLY, ""
        return FAILS, ""
    except ZeroDivisionError:
        return NOT_HERE, "a figure that the rule divides by is zero"


def others(claim, intervals, verdict):
    """The other verdicts that the figures' intervals allow, in the order of SIGN."""
    import interval_rule  # Which needs this file.
    found = interval_rule.verdicts_of(claim, intervals)
    return [one for one in SIGN if one in found and one != verdict]


def basis(reports, places):
    """{name: [repetitions of each of its figures]}."""
    return {name: [measured(reports, path)[3] for path in ([paths] if isinstance(paths, str) else paths)]
            for name, paths in places.items()}


def judge(claim, reports):
    """{verdict, figures: {name: value}, reason, lacking, close: the other verdicts that the intervals allow, basis: {name:
    repetitions}, rounds: what was worked out in rounds, instead: {name: the smaller size that stands in}} of one claim."""
    import rounds  # Which needs this file.

    def result(verdict, figures, reason="", **more):
        return {"verdict": verdict, "figures": figures, "reason": reason, "lacking": lacking(claim), "close": [], "basis": {},
                "rounds": [], "instead": {}, **more}

    if not claim["figures"] and claim.get("cannot"):  # There is nothing that a rule could judge.
        return result(NOT_HERE, {}, lacking(claim))
    if not claim.get("rule", {}).get("holds"):
        raise SystemExit(f"claim {claim.get('id')} has no rule; write one to its page's claims.json before it is measured")
    try:
        places, values = places_of(claim, reports)
    except missing as absence:
        return result(absence.verdict, absence.values, absence.reason)
    intervals = {name: ends(reports, place) for name, place in places.items()}
    made, found = rounds.rewritten(claim, places, reports)
    verdict, reason = decided(made, {**values, **{name: one["median"] for name, one in found.items()}})
    close = others(made, {**intervals, **{name: one["ends"] for name, one in found.items()}}, verdict)
    in_rounds = rounds.names_of(claim) - rounds.names_of(made)
    return result(verdict, values, reason, close=close, rounds=list(found.values()),
                  basis=basis(reports, {name: place for name, place in places.items() if name not in in_rounds}),
                  instead={name: place for name, place in places.items() if place != claim["figures"][name]})


def allowed(result):
    """The verdict and the others that the intervals allow, from the best one on."""
    return [one for one in SIGN if one == result["verdict"] or one in result["close"]]


def words(result):
    """The verdict or, where it is close, all that it may be."""
    return f"close: {' or '.join(allowed(result))}" if result["close"] else result["verdict"]


def scope(claim, result):
    """What stands behind the words of a verdict that was given: of what it is, where not of all that the claim names."""
    if result["verdict"] in (NOT_HERE, NOT_RUN):
        return ""
    if claim.get("in_place_of"):
        return f", with bifilar in {claim['in_place_of']}'s place"
    return ", of what can be had here" if result["lacking"] else ""


def sign(result):
    return CLOSE_SIGN if result["close"] else SIGN[result["verdict"]]


def tally(results):
    """[(sign, words, how many)]: every verdict that is decided, then the close ones by what they lie between."""
    results = list(results)
    decided_ones = [(SIGN[one], one, sum(1 for r in results if r["verdict"] == one and not r["close"])) for one in SIGN]
    between = {}
    for result in results:
        if result["close"]:
            key = tuple(list(SIGN).index(one) for one in allowed(result))
            between.setdefault(key, []).append(words(result))
    return decided_ones + [(CLOSE_SIGN, between[key][0], len(between[key])) for key in sorted(between)]
