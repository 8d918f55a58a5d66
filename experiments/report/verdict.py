# Claims and their rules: looks up the figures that a rule names, evaluates it, and gives the verdict.
# A rule is an arithmetic comparison; nothing but numbers, names and operators is accepted. Comparisons may be added
# up: each counts 1 when it is true.
import ast
import functools
import itertools
import operator

HOLDS, PARTLY, FAILS = "holds", "holds partly", "does not hold"
NOT_HERE, NOT_RUN = "cannot be measured here", "not measured in this run"
SIGN = {HOLDS: "🟢", PARTLY: "🟡", FAILS: "🔴", NOT_HERE: "⚪", NOT_RUN: "⚫"}

CLOSE = "A verdict is close when the 95 % intervals of the medians in its rule allow another one too: so are"
MOST_CORNERED = 12  # Figures of a claim of which every corner is tried: 4,096 of them.

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


def measured(reports, path):
    """(a number, the low and the high end of its interval) by its place: page/workload@size/contender[#further figure], or
    page/!fact. What has no interval, being counted or measured once, is its own end."""
    page, rest = path.split("/", 1)
    report = reports.get(page)
    if report is None:
        raise missing(f"the page {page} was not measured in this run")
    if rest.startswith("!"):
        return (fact(report, page, rest[1:]),) * 3
    place, _, name = rest.partition("/")
    identity, _, size = place.partition("@")
    name, _, key = name.partition("#")
    for work in report["workloads"]:
        if work["id"] != identity or (size and float(size) != work["size"]):
            continue
        for contender in work["contenders"]:
            if contender["name"] == name and key and key not in contender.get("also", {}):
                raise missing(f"{path} was not measured in this run")
            if contender["name"] == name:
                middle = contender["also"][key] if key else contender["median"]
                return (middle, *((middle, middle) if key else contender.get("median_interval", (middle, middle))))
        for one in work.get("refused", []):
            if one["name"] == name:
                raise missing(f"{name}, {work['size']:,.0f}: {one['reason']}", NOT_HERE)
    raise missing(f"{path} was not measured in this run")


def figure(reports, path):
    """The number at a place, see measured."""
    return measured(reports, path)[0]


def value(reports, paths):
    """The number at a place, or the sum of several."""
    return figure(reports, paths) if isinstance(paths, str) else sum(figure(reports, path) for path in paths)


def ends(reports, paths):
    """(low, high) of the number at a place, or the sums of those of several."""
    several = [measured(reports, path) for path in ([paths] if isinstance(paths, str) else paths)]
    return sum(low for _, low, _ in several), sum(high for _, _, high in several)


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


def first_to_be_had(reports, choices):
    """The first place whose number there is, and the number. Throws what the last one lacks."""
    for place in choices:
        try:
            return place, value(reports, place)
        except missing as absence:
            last = absence
    raise last


def places_of(claim, reports):
    """{name: the path or paths whose number there is} of the claim's figures. Throws missing, with what was found until then."""
    places, values = {}, {}
    for name, paths in claim["figures"].items():
        smaller = claim.get("otherwise", {}).get(name)  # A smaller size, where a quick run stops earlier.
        try:
            places[name], values[name] = first_to_be_had(reports, [paths] if smaller is None else [paths, smaller])
        except missing as absence:
            raise missing(absence.reason, absence.verdict, values)
    return places


def values_of(claim, reports):
    """{name: value} of the claim's figures. Throws missing, with what was found until then."""
    return {name: value(reports, place) for name, place in places_of(claim, reports).items()}


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


def corners(values, intervals):
    """The values with their figures at the ends of their intervals: all corners, where there are many figures one at a time."""
    wide = {name: pair for name, pair in intervals.items() if pair[0] != pair[1]}
    if len(intervals) <= MOST_CORNERED:
        for corner in itertools.product(*wide.values()):
            yield {**values, **dict(zip(wide, corner))}
    else:
        for name, pair in wide.items():
            for end in pair:
                yield {**values, name: end}


def others(claim, reports, verdict, values):
    """The other verdicts that the figures' intervals allow, in the order of SIGN."""
    intervals = {name: ends(reports, place) for name, place in places_of(claim, reports).items()}
    found = {decided(claim, corner)[0] for corner in corners(values, intervals)}
    return [one for one in SIGN if one in found and one != verdict]


def judge(claim, reports):
    """{verdict, figures: {name: value}, reason, lacking, close: the other verdicts that the intervals allow} of one claim."""
    def result(verdict, figures, reason="", close=()):
        return {"verdict": verdict, "figures": figures, "reason": reason, "lacking": lacking(claim), "close": list(close)}

    if not claim["figures"] and claim.get("cannot"):  # There is nothing that a rule could judge.
        return result(NOT_HERE, {}, lacking(claim))
    if not claim.get("rule", {}).get("holds"):
        raise SystemExit(f"claim {claim.get('id')} has no rule; write one to claims.json before it is measured")
    try:
        values = values_of(claim, reports)
    except missing as absence:
        return result(absence.verdict, absence.values, absence.reason)
    verdict, reason = decided(claim, values)
    return result(verdict, values, reason, others(claim, reports, verdict, values) if verdict != NOT_HERE else ())


def words(result):
    """The verdict, and whether it is close."""
    return result["verdict"] + (", close" if result["close"] else "")
