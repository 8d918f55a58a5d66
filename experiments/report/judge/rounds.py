# Contenders of one workload take turns, A B A B, and so do workloads that say they do ("in_turns"): the i-th repetitions
# are one round, and share its minute. What a rule says of several of them is therefore worked out in every round, and its
# median and interval are those of the rounds. A rule that compares two of them is one about their ratio. Other workloads,
# or sizes, have no common rounds: there each median has its own interval.
import ast
import statistics

from judge import expressions, interval, readings

METHOD = ("Contenders of one workload and size take turns, and some workloads do so with each other, so that their repetitions make "
          "rounds. Where a rule compares figures that have their rounds in common, the ratio (or the difference) is taken in every "
          "round, and its median and the interval of that median decide: what slows a whole round is in both and drops out. "
          "Figures without common rounds, or with unequal numbers of repetitions, are each its own median, with its own interval.")
PREFIX = "round_"  # What is worked out in rounds gets a name of its own in the rule.


def names_in(node):
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}


def factored(node):
    """(factor, the rest) of `factor * rest`; 1 and all of it where there is none."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult) and isinstance(node.left, ast.Constant) and node.left.value > 0:
        return node.left.value, node.right
    return 1, node


class rewriter(ast.NodeTransformer):
    """Replaces what a rule says of contenders with common rounds by a name, and keeps what the rounds gave in `found`."""

    def __init__(self, places, reports):
        self.places, self.reports, self.found = places, reports, {}

    def samples_of(self, names):
        """{name: its repetitions} where all are whole contenders that took turns, equally often repeated; else None."""
        result, turns = {}, set()
        for name in names:
            if not isinstance(self.places.get(name), str) or "/!" in self.places[name]:
                return None
            work, contender, key = readings.contender_at(self.reports, self.places[name])
            if key:  # Of further figures no repetitions are kept.
                return None
            turns.add((self.places[name].split("/", 1)[0], work["in_turns"]) if work.get("in_turns") else id(work))
            result[name] = contender.get("samples", [])
        counts = {len(samples) for samples in result.values()}
        several = len({self.places[name] for name in names}) > 1
        return result if several and len(turns) == 1 and len(counts) == 1 and min(counts) > 1 else None

    def by_round(self, node):
        """A name for the value that `node` has in the rounds, or None where there are none or one divides by zero."""
        samples = self.samples_of(names_in(node))
        if samples is None:
            return None
        words, count = ast.unparse(node), len(next(iter(samples.values())))
        try:
            values = [expressions.evaluate(words, {name: several[i] for name, several in samples.items()}) for i in range(count)]
        except ZeroDivisionError:
            return None
        name = next((known for known, one in self.found.items() if one["words"] == words), f"{PREFIX}{len(self.found) + 1}")
        self.found[name] = {"words": words, "median": statistics.median(values), "ends": interval.of_samples(values), "count": count}
        return ast.Name(name, ast.Load())

    def ratio(self, node):
        """`a <= factor * b` as a rule about a / b, or None where it is none, or b may be zero."""
        (left_factor, left), (right_factor, right) = factored(node.left), factored(node.comparators[0])
        samples = self.samples_of(names_in(left) | names_in(right))
        if len(node.ops) != 1 or samples is None or not names_in(left) or not isinstance(right, ast.Name) or min(samples[right.id]) <= 0:
            return None
        named = self.by_round(ast.BinOp(left, ast.Div(), right))
        return named and ast.Compare(named, node.ops, [ast.Constant(right_factor / left_factor)])

    def visit_BinOp(self, node):  # The largest part first; comparisons that are added up are decided one by one.
        sum_of_comparisons = any(isinstance(one, ast.Compare) for one in ast.walk(node))
        return (None if sum_of_comparisons else self.by_round(node)) or self.generic_visit(node)

    def visit_Compare(self, node):
        return self.ratio(node) or self.generic_visit(node)


def rewritten(claim, places, reports):
    """(the claim with names for what was worked out in rounds, {name: {words, median, ends: (low, high), count}})."""
    made = rewriter(places, reports)

    def of(expression):
        return ast.unparse(made.visit(ast.parse(expression, mode="eval")))
    result = {**claim, "rule": {word: of(rule) for word, rule in claim["rule"].items()}}
    if "sound" in claim:
        result["sound"] = {**claim["sound"], "if": of(claim["sound"]["if"])}
    return result, made.found


def compared(words, places, reports):
    """What the expression `words` gives in the rounds that {name: path} of `places` have in common: {words, median, ends:
    (low, high), count}. Throws readings.missing where they have none."""
    made = rewriter(places, reports)
    name = made.by_round(ast.parse(words, mode="eval").body)
    if name is None:
        raise readings.missing(f"{' and '.join(places.values())} have no rounds in common")
    return made.found[name.id]


def names_of(claim):
    """The names that its rules have."""
    rules = [*claim["rule"].values(), *([claim["sound"]["if"]] if "sound" in claim else [])]
    return {name for rule in rules for name in names_in(ast.parse(rule, mode="eval"))}
