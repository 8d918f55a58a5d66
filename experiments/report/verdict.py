# Claims and their rules: looks up the figures that a rule names, evaluates it, and gives the verdict.
# A rule is an arithmetic comparison; nothing but numbers, names and operators is accepted.
import ast
import operator

HOLDS, PARTLY, FAILS, NOT_HERE = "holds", "holds partly", "does not hold", "cannot be measured here"
SIGN = {HOLDS: "🟢", PARTLY: "🟡", FAILS: "🔴", NOT_HERE: "⚪"}

OPERATORS = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge, ast.Eq: operator.eq,
}


class missing(Exception):
    """A figure that this run did not measure."""


def figure(reports, path):
    """A number by its place: page/workload@size/contender[#further figure], or page/!fact."""
    page, rest = path.split("/", 1)
    report = reports.get(page)
    if report is None:
        raise missing(f"the page {page} was not measured in this run")
    if rest.startswith("!"):
        if rest[1:] not in report["facts"]:
            raise missing(f"{page} has no fact {rest[1:]} on this machine")
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
                raise missing(f"{name}, {work['size']:,.0f}: {one['reason']}")
    raise missing(f"{path} was not measured in this run")


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


def judge(claim, reports):
    """{verdict, figures: {name: value}, reason} of one claim."""
    values = {}
    if not claim.get("rule", {}).get("holds"):
        raise SystemExit(f"claim {claim.get('id')} has no rule; write one to claims.json before it is measured")
    try:
        for name, path in claim["figures"].items():
            try:
                values[name] = figure(reports, path)
            except missing:
                instead = claim.get("otherwise", {}).get(name)  # A smaller size, where a quick run stops earlier.
                if instead is None:
                    raise
                values[name] = figure(reports, instead)
    except missing as reason:
        return {"verdict": NOT_HERE, "figures": values, "reason": str(reason)}
    condition = claim.get("sound")  # What the figures must show before they can tell anything.
    try:
        if condition and not evaluate(condition["if"], values):
            return {"verdict": NOT_HERE, "figures": values, "reason": condition["else"]}
        if evaluate(claim["rule"]["holds"], values):
            verdict = HOLDS
        elif claim["rule"].get("partly") and evaluate(claim["rule"]["partly"], values):
            verdict = PARTLY
        else:
            verdict = FAILS
    except ZeroDivisionError:
        return {"verdict": NOT_HERE, "figures": values, "reason": "a figure that the rule divides by is zero"}
    return {"verdict": verdict, "figures": values, "reason": ""}
