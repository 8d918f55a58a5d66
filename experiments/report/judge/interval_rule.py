# What a rule may say when each of its figures may lie anywhere in its interval: interval arithmetic, in which a comparison
# is certain, possible or neither. No value that the figures allow is missed; where a figure stands twice in a rule,
# one that they do not allow may be added.
import ast
import math

from judge import expressions, outcomes


def times(one, other):
    return 0.0 if one == 0 or other == 0 else one * other  # An end of 0 times one without bound is 0.


def product(left, right):
    ends = [times(a, b) for a in left for b in right]
    return min(ends), max(ends)


def inverse(of, seen):
    """1 / of. An interval that holds 0 has no bound on that side, and is told to `seen`."""
    low, high = of
    if low > 0 or high < 0:
        return 1 / high, 1 / low
    seen.append(of)
    return (1 / high if low == 0 and high > 0 else -math.inf), (1 / low if high == 0 and low < 0 else math.inf)


def compared(sign, left, right):
    """(1 if it is certain, 1 if it is possible)."""
    if isinstance(sign, (ast.Gt, ast.GtE)):
        sign, left, right = {ast.Gt: ast.Lt, ast.GtE: ast.LtE}[type(sign)](), right, left
    if isinstance(sign, ast.Lt):
        return int(left[1] < right[0]), int(left[0] < right[1])
    if isinstance(sign, ast.LtE):
        return int(left[1] <= right[0]), int(left[0] <= right[1])
    return int(left == right and left[0] == left[1]), int(left[0] <= right[1] and right[0] <= left[1])


def truth(of):
    """(whether it is certainly true, whether it may be true)."""
    return not of[0] <= 0 <= of[1], of != (0, 0)


def walk(node, ends, seen):
    if isinstance(node, ast.Constant):
        return node.value, node.value
    if isinstance(node, ast.Name):
        return ends[node.id]
    if isinstance(node, ast.BinOp):
        left, right = walk(node.left, ends, seen), walk(node.right, ends, seen)
        if isinstance(node.op, ast.Add):
            return left[0] + right[0], left[1] + right[1]
        if isinstance(node.op, ast.Sub):
            return left[0] - right[1], left[1] - right[0]
        return product(left, right if isinstance(node.op, ast.Mult) else inverse(right, seen))
    if isinstance(node, ast.BoolOp):
        join = all if isinstance(node.op, ast.And) else any
        parts = [truth(walk(part, ends, seen)) for part in node.values]
        return int(join(sure for sure, _ in parts)), int(join(may for _, may in parts))
    sides = [walk(side, ends, seen) for side in (node.left, *node.comparators)]
    parts = [compared(sign, left, right) for sign, left, right in zip(node.ops, sides, sides[1:])]
    return min(sure for sure, _ in parts), min(may for _, may in parts)


def evaluate(expression, ends, seen):
    """(whether the rule is certainly met, whether it may be met). `ends`: {name: (low, high)}; `seen` gets every interval
    with a zero in it that something is divided by. The rule has been evaluated before, so that it can be read."""
    return truth(walk(expressions.parsed(expression).body, ends, seen))


def verdicts_of(claim, ends):
    """All verdicts that figures within their intervals allow."""
    found, seen = set(), []
    condition = claim.get("sound")
    sure, may = evaluate(condition["if"], ends, seen) if condition else (True, True)
    if not sure:
        found.add(outcomes.NOT_HERE)
    if may:
        holds = evaluate(claim["rule"]["holds"], ends, seen)
        partly = evaluate(claim["rule"]["partly"], ends, seen) if claim["rule"].get("partly") else (False, False)
        found |= {outcomes.HOLDS} if holds[1] else set()
        found |= {outcomes.PARTLY} if partly[1] and not holds[0] else set()
        found |= {outcomes.FAILS} if not partly[0] and not holds[0] else set()
    return found | ({outcomes.NOT_HERE} if seen else set())
