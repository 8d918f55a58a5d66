# Claims and their rules: looks up the figures that a rule names, evaluates it, and gives the verdict.
# A rule is an arithmetic comparison; nothing but numbers, names and operators is accepted. Comparisons may be added
# up: each counts 1 when it is true.
import ast
import operator

HOLDS, PARTLY, FAILS = "holds", "holds partly", "does not hold"
NOT_HERE, NOT_RUN = "cannot be measured here", "not measured in this run"
SIGN = {HOLDS: "🟢", PARTLY: "🟡", FAILS: "🔴", NOT_HERE: "⚪", NOT_RUN: "⚫"}

OPERATORS = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge, ast.Eq: operator.eq,
}


class missing(Exception):
    """A figure that there is not, and why. `verdict`: whether this run left it out or this machine cannot give it."""

    def __init__(self, reason, verdict=NOT_RUN, values=None):
        super().__init__(reason)
        self.reason, self.verdict, self.values = reason, verdict, values or {}


def figure(reports, path):
    """A number by its place: page/workload@size/contender[#further figure], or page/!fact."""
    page, rest = path.split("/", 1)
    report = reports.get(page)
    if report is None:
        raise missing(f"the page {page} was not measured in this run")
    if rest.startswith("!"):
        if rest[1:] not in report["facts"]:
            reason = report.get("refused_facts", {}).get(rest[1:])  # What this machine lacks, in words.
            if reason is not None:
                raise missing(f"{rest[1:]}: {reason}", NOT_HERE)
            raise missing(f"{page} has no fact {rest[1:]}: it was not measured in this run")
        return float(report["facts"][rest[1:]])
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
                return contender["also"][key] if key else contender["median"]
        for one in work.get("refused", []):
            if one["name"] == name:
                raise missing(f"{name}, {work['size']:,.0f}: {one['reason']}", NOT_HERE)
    raise missing(f"{path} was not measured in this run")


def value(reports, paths):
    """The number at a place, or the sum of several."""
    return figure(reports, paths) if isinstance(paths, str) else sum(figure(reports, path) for path in paths)


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
    return walk(ast.parse(expression, mode="eval"))


def values_of(claim, reports):
    """{name: value} of the claim's figures. Throws missing, with what was found until then."""
    values = {}
    for name, paths in claim["figures"].items():
        try:
            values[name] = value(reports, paths)
        except missing as reason:
            instead = claim.get("otherwise", {}).get(name)  # A smaller size, where a quick run stops earlier.
            if instead is None:
                raise missing(reason.reason, reason.verdict, values)
            try:
                values[name] = value(reports, instead)
            except missing as second:
                raise missing(second.reason, second.verdict, values)
    return values


def lacking(claim):
    """What of the claim nobody can measure here, each part with its reason."""
    return "; ".join(f"{part}: {reason}" for part, reason in claim.get("cannot", {}).items())


def judge(claim, reports):
    """{verdict, figures: {name: value}, reason, lacking} of one claim."""
    def result(verdict, figures, reason=""):
        return {"verdict": verdict, "figures": figures, "reason": reason, "lacking": lacking(claim)}

    if not claim["figures"] and claim.get("cannot"):  # There is nothing that a rule could judge.
        return result(NOT_HERE, {}, lacking(claim))
    if not claim.get("rule", {}).get("holds"):
        raise SystemExit(f"claim {claim.get('id')} has no rule; write one to claims.json before it is measured")
    try:
        values = values_of(claim, reports)
    except missing as absence:
        return result(absence.verdict, absence.values, absence.reason)
    condition = claim.get("sound")  # What the figures must show before they can tell anything.
    try:
        if condition and not evaluate(condition["if"], values):
            return result(NOT_HERE, values, condition["else"])
        if evaluate(claim["rule"]["holds"], values):
            verdict = HOLDS
        elif claim["rule"].get("partly") and evaluate(claim["rule"]["partly"], values):
            verdict = PARTLY
        else:
            verdict = FAILS
    except ZeroDivisionError:
        return result(NOT_HERE, values, "a figure that the rule divides by is zero")
    return result(verdict, values)
